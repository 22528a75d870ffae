// Completes the command line in a shell: ids of services from the server that runs, everything else from the commands.
import yargs, { type Argv } from 'yargs';
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import { placeOf } from './control-client.ts';
import { serviceIds } from './named-service.ts';
import { Refusal } from './refusal.ts';

/** Nobody waits longer for a tab. */
const patience = 1_000;

/** How many words come between the command and the id of a service. */
const wordsBefore: Readonly<Record<string, number>> = {
  status: 0,
  pause: 0,
  resume: 0,
  restart: 0,
  reload: 0,
  set: 0,
  kill: 0,
  explain: 0,
  why: 1,
};

/** Options of these commands that the next word belongs to. */
const withValue = ['--control', '--signal', '-s'];

type Typed = { readonly words: readonly string[]; readonly control: string | undefined };

/** The words that are no options; the last one is being written. */
const read = (line: readonly string[]): Typed => {
  const words: string[] = [];
  let control: string | undefined;
  for (let index = 0; index < line.length; index += 1) {
    const word = line[index] ?? '';
    if (word.startsWith('--control=')) control = word.slice('--control='.length);
    if (withValue.includes(word)) {
      index += 1;
      if (word === '--control') control = line[index];
    } else if (!word.startsWith('-')) words.push(word);
  }
  return { words, control };
};

/**
 * What has been typed of an id, if it is one that is being written. bash takes words apart at colons and wants what
 * comes after the last of them; zsh does not.
 */
const typedId = ([command = '', ...rest]: readonly string[]): string | undefined => {
  const before = wordsBefore[command];
  if (before === undefined || rest.length <= before) return undefined;
  const pieces = rest.slice(before);
  return pieces.every((piece, index) => index % 2 === 0 || /^:+$/.test(piece)) ? pieces.join('') : undefined;
};

/** undefined: it is something else that is being written; none where there is no server. */
const completeService = async (line: readonly string[]): Promise<readonly string[] | undefined> => {
  const current = line.at(-1) ?? '';
  const { words, control } = read(line);
  const typed = current.startsWith('-') || withValue.includes(line.at(-2) ?? '') ? undefined : typedId(words);
  if (typed === undefined) return undefined;
  try {
    const ids = await serviceIds(placeOf(control), patience);
    return ids.filter((id) => id.startsWith(typed)).map((id) => id.slice(typed.length - current.length));
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
};

/** What follows a colon is a description in zsh. */
const isZsh = (): boolean =>
  process.env['SHELL']?.includes('zsh') === true || process.env['ZSH_NAME']?.includes('zsh') === true;

const print = (found: readonly string[]): void =>
  void process.stdout.write(found.map((each) => `${each}\n`).join(''));

/** `line`: the program's name and the words behind it. */
export const complete = async (parser: Argv, line: readonly string[]): Promise<ExitStatus> => {
  const ids = await completeService(line.slice(1));
  if (ids !== undefined) print(isZsh() ? ids.map((id) => id.replaceAll(':', '\\:')) : ids);
  // behind the name of a command yargs prints by itself, and calls nobody
  else parser.getCompletion([...line], (_error, found) => print(found));
  return exitStatus.done;
};

export const printScript = (shell: string | undefined): ExitStatus => {
  // yargs looks there when it is made
  if (shell !== undefined) process.env['SHELL'] = shell;
  yargs([]).scriptName('acceptd').showCompletionScript();
  return exitStatus.done;
};
