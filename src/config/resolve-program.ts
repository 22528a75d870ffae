// Programs -> absolute paths of files, as execvp(3) finds them; one that is not there is told before anybody comes.
import { resolve } from 'node:path';
import type { CommandLine, Daemon } from '../model/daemon.ts';
import type { Answer, Service } from '../model/service.ts';
import { searchesPath } from './inetd/dialect.ts';
import type { Lookups } from './lookups.ts';
import type { Complain } from './resolve-addresses.ts';
import type { LocatedService, Mark } from './source.ts';

/** Where execvp(3) looks, for programs that are written without a slash. */
const searchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

type Found = {
  readonly file: string;
  readonly state: 'executable' | 'missing' | 'not-executable';
};

/** A program without a slash is searched in PATH only where the dialect's own daemon does so. */
const findProgram = async (
  file: string,
  isSearched: boolean,
  root: string,
  lookups: Lookups,
): Promise<Found> => {
  if (file.includes('/') || !isSearched) {
    // absolute from here on: a service may have another working directory
    const absolute = root === '' ? resolve(file) : file;
    return {
      file: absolute,
      state: await lookups.program(`${absolute.startsWith('/') ? root : ''}${absolute}`),
    };
  }
  for (const directory of searchPath) {
    const path = `${directory}/${file}`;
    if ((await lookups.program(`${root}${path}`)) === 'executable')
      return { file: path, state: 'executable' };
  }
  return { file, state: 'missing' };
};

/** What a service asks for its programs. */
type Search = {
  readonly service: Service;
  readonly mark: Mark;
  readonly lookups: Lookups;
  readonly complain: Complain;
  readonly warn: Complain;
};

/**
 * A program that is not there is only a warning: it may be installed later. One in no PATH has no place to appear, and
 * xinetd switches a service off whose server is not there.
 */
const resolveFile = async (
  written: string,
  isForgiving: boolean,
  { service, mark, lookups, complain, warn }: Search,
): Promise<string> => {
  // another one for each instance: nobody knows it yet
  if (written.includes('\0')) return written;
  const root = (service.process.rootDirectory ?? '').replace(/\/+$/, '');
  if (root.includes('\0')) return written;
  const { file, state } = await findProgram(written, searchesPath(service.dialect), root, lookups);
  if (state === 'executable' || (isForgiving && file.includes('/'))) return file;
  if (service.dialect === 'xinetd') {
    complain(
      mark,
      `the server ${file} ${state === 'missing' ? 'does not exist' : 'is not executable'}`,
      state === 'missing' ? 'install it; until then this service is off' : 'set its permissions',
    );
  } else if (!file.includes('/')) {
    const tell = isForgiving ? warn : complain;
    tell(mark, `the program '${file}' is in no directory of PATH`, 'write its absolute path');
  } else if (state === 'missing') {
    warn(mark, `the program ${root}${file} does not exist`, 'install it; until then clients get nothing');
  } else {
    warn(mark, `the program ${root}${file} cannot be executed`, 'set its permissions');
  }
  return file;
};

const resolveCommands = async (
  commands: readonly CommandLine[],
  search: Search,
): Promise<readonly CommandLine[]> => {
  const resolved: CommandLine[] = [];
  for (const command of commands) {
    resolved.push({ ...command, file: await resolveFile(command.file, command.forgivesFailure, search) });
  }
  return resolved;
};

const commandKeys = ['startBefore', 'startAfter', 'furtherStarts', 'reload', 'stop', 'stopAfter'] as const;

const resolveDaemon = async (daemon: Daemon, search: Search): Promise<Daemon> => {
  let resolved = daemon;
  for (const key of commandKeys) {
    if (daemon[key].length === 0) continue;
    resolved = { ...resolved, [key]: await resolveCommands(daemon[key], search) };
  }
  return resolved;
};

const resolveAnswer = async (answer: Answer, isForgiving: boolean, search: Search): Promise<Answer> => {
  if (answer.kind === 'program') {
    return { ...answer, file: await resolveFile(answer.file, isForgiving, search) };
  }
  if (answer.kind !== 'relay' || answer.backend === undefined) return answer;
  const file = await resolveFile(answer.backend.file, isForgiving, search);
  return { ...answer, backend: { ...answer.backend, file } };
};

/** The program that answers, and all commands around its start and end. */
export const resolvePrograms = async (
  { service, marks }: LocatedService,
  lookups: Lookups,
  complain: Complain,
  warn: Complain,
): Promise<Pick<Service, 'answer' | 'daemon' | 'startTexts'>> => {
  const search = { service, mark: marks.program ?? marks.service, lookups, complain, warn };
  const { daemon, startTexts } = service;
  const isForgiving = startTexts?.command.forgivesFailure ?? false;
  const answer = await resolveAnswer(service.answer, isForgiving, search);
  const program = answer.kind === 'relay' ? answer.backend : answer.kind === 'program' ? answer : undefined;
  return {
    answer,
    daemon: daemon && (await resolveDaemon(daemon, search)),
    startTexts: startTexts && {
      ...startTexts,
      command: { ...startTexts.command, file: program?.file ?? startTexts.command.file },
    },
  };
};
