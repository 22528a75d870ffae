// Command lines with their prefixes, as `ExecStart=` and its kin take them.
import type { CommandLine } from '../../model/daemon.ts';
import type { Answer } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { faultOf, simplifyPath } from './commands.ts';
import { quoteArgument, quoteWord } from './quoting.ts';
import type { Line } from './written-line.ts';

type Program = Pick<Answer & { readonly kind: 'program' }, 'file' | 'arguments'>;

/** Words in which a dollar sign is one. */
export const programWords = (
  { file, arguments: words }: Program,
  forgivesFailure: boolean,
  report: LossReport,
): string => {
  const [name = file, ...others] = words;
  if (words.length === 0) report.lose('answer', 'a program gets its own path as argument 0');
  // in the path itself a dollar sign is one, in the argument that would be made of it a variable
  const isOwn = name === file && !file.includes('$');
  const head = quoteWord(`${forgivesFailure ? '-' : ''}${isOwn ? '' : '@'}${file}`);
  return [head, ...(isOwn ? others : [name, ...others]).map(quoteArgument)].join(' ');
};

const rightsPrefix = { service: '', 'keeps-user': '!', full: '+' } as const;

/** Words as they were read, variables and all. */
export const commandWords = (command: CommandLine, forgivesFailure = command.forgivesFailure): string => {
  const { file, arguments: words, expandsVariables, rights } = command;
  const [name = file, ...others] = words;
  const isOwn = name === file;
  const prefixes = [
    forgivesFailure ? '-' : '',
    isOwn ? '' : '@',
    expandsVariables ? '' : ':',
    rightsPrefix[rights],
  ];
  const head = quoteWord(`${prefixes.join('')}${file}`);
  return [head, ...(isOwn ? others : [name, ...others]).map(quoteWord)].join(' ');
};

/** A path that begins as a prefix, or is written in two ways, is another when it is read. */
const isWritable = ({ file, arguments: words }: CommandLine): boolean =>
  faultOf(file) === undefined && simplifyPath(file) === file && words.length > 0 && /^[^-@:+!|]/.test(file);

export const commandLines = (
  key: string,
  field: string,
  commands: readonly CommandLine[],
  report: LossReport,
): readonly Line[] => {
  const written = commands.filter(isWritable);
  if (written.length < commands.length) {
    report.lose(field, `a command has no such path or no argument 0 in ${key}=`, 'rename the program');
  }
  return written.map((command) => [key, commandWords(command)]);
};
