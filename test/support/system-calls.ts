// How many system calls a process makes meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from './command.ts';

const strace = '/usr/bin/strace';

/** For tap's `skip`. */
export const withoutStrace = hasProgram(strace) ? false : 'there is no strace';

/** The last column but one of `strace -c`'s last line. */
const readTotal = (file: string): number => {
  const total = /^100\.00\s+[\d.]+\s+(?:\d+\s+)?(\d+)\s.*total$/m.exec(readFileSync(file, 'utf8'));
  return Number(total?.[1] ?? Number.NaN);
};

/** Of the main thread alone: what handlers do is theirs. NaN where there was none. */
export const countSystemCalls = async (pid: number, work: () => Promise<unknown>): Promise<number> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-calls-'));
  try {
    const counts = join(directory, 'counts');
    const tracer = spawn(strace, ['-c', '-o', counts, '-p', String(pid)], { env: {} });
    let said = '';
    tracer.stderr.on('data', (text: Buffer) => {
      said += text;
    });
    while (!said.includes('attached') && tracer.exitCode === null) await once(tracer.stderr, 'data');
    await work();
    tracer.kill('SIGINT');
    await once(tracer, 'exit');
    return readTotal(counts);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};
