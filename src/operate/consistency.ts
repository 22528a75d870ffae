// Asks a running server whether its tables agree: ABRT is the question, a file in the server's memory holds the answer.
import { closeSync, ftruncateSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { SystemError } from '../native/addon.ts';
import { holdProcess, openMemoryFile, signalHeld } from '../native/inquiry.ts';
import type { Kernel } from '../native/kernel.ts';

/** Its presence says that ABRT is a question here and not the end. */
const answerName = 'acceptd-consistency';

type Answer = { readonly number: number; readonly findings: readonly string[] };

/** The place of a server's answers; to be opened when ABRT is caught. Undefined where the kernel has no room for it. */
export const openAnswers = (kernel: Kernel): ((findings: readonly string[]) => void) | undefined => {
  let descriptor: number;
  try {
    descriptor = kernel.raise(openMemoryFile(answerName));
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
  let number = 0;
  return (findings) => {
    number += 1;
    const answer: Answer = { number, findings };
    ftruncateSync(descriptor, 0);
    // memory, not a disk: nothing waits here
    writeSync(descriptor, `${JSON.stringify(answer)}\n`, 0);
  };
};

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' &&
  value !== null &&
  'number' in value &&
  typeof value.number === 'number' &&
  'findings' in value &&
  Array.isArray(value.findings);

/** The latest answer; undefined before the first, and while one is being written. */
const readAnswer = (path: string): Answer | undefined => {
  const text = readFileSync(path, 'utf8');
  if (!text.endsWith('\n')) return undefined;
  const value: unknown = JSON.parse(text);
  return isAnswer(value) ? value : undefined;
};

const findAnswers = (pid: number): string | undefined => {
  const directory = `/proc/${pid}/fd`;
  for (const number of readdirSync(directory)) {
    try {
      const path = `${directory}/${number}`;
      if (readlinkSync(path) === `/memfd:${answerName} (deleted)`) return path;
    } catch {
      // closed meanwhile
    }
  }
  return undefined;
};

const reasonOf = (error: unknown, pid: number): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ESRCH' || code === 'ENOENT') return `there is no process ${pid}`;
  if (code === 'EACCES' || code === 'EPERM')
    return `process ${pid} is somebody else's; ask as its user or as root`;
  throw error;
};

const patience = 10_000;
const pause = 20;

/** What the server found; or, as a text, why it could not be asked. No other process than a server of ours is signalled. */
export const askServer = async (pid: number): Promise<readonly string[] | string> => {
  try {
    // held first and looked at then: what is found is this process's, and its number cannot become another's
    const held = holdProcess(pid);
    try {
      const path = findAnswers(pid);
      if (path === undefined) return `process ${pid} is no acceptd that can be asked`;
      const before = readAnswer(path)?.number ?? 0;
      signalHeld(held, 'SIGABRT');
      for (let waited = 0; waited < patience; waited += pause) {
        await wait(pause);
        const answer = readAnswer(path);
        if (answer !== undefined && answer.number > before) return answer.findings;
      }
      return `process ${pid} did not answer in ${patience / 1000} seconds`;
    } finally {
      closeSync(held);
    }
  } catch (error) {
    return reasonOf(error, pid);
  }
};
