// Command lines that run before or after a daemon, as words of a definition.
import type { CommandLine } from '../../model/daemon.ts';
import type { Report, Token } from '../source.ts';

const rightsOf = (prefixes: string): CommandLine['rights'] => {
  if (prefixes.includes('+')) return 'full';
  return prefixes.includes('!') ? 'keeps-user' : 'service';
};

/** What a word means that may be the one between two commands: of its backslashes one is taken. */
const plainWord = (text: string): string => (/^\\+;$/.test(text) ? text.slice(1) : text);

/**
 * The program with prefixes before it, as in a unit: `-` forgives its failure, `+` keeps all rights, `!` the user, `:` leaves
 * dollar signs alone, `@` takes the next word as argument 0. Words of several commands have `;` between them.
 */
const readCommand = (words: readonly Token[], report: Report): CommandLine | undefined => {
  const [first, ...others] = words;
  const [, prefixes = '', file = ''] = /^([-@:+!]*)(.*)$/s.exec(first?.text ?? '') ?? [];
  if (first === undefined) return undefined;
  if (file === '') return report.error(first, 'there is no program', 'write its path');
  const rest = others.map(({ text }) => plainWord(text));
  return {
    file,
    arguments: prefixes.includes('@') ? rest : [file, ...rest],
    expandsVariables: !prefixes.includes(':'),
    forgivesFailure: prefixes.includes('-'),
    rights: rightsOf(prefixes),
  };
};

export const readCommands = (
  values: readonly Token[] | undefined,
  report: Report,
): readonly CommandLine[] => {
  const commands: Token[][] = [[]];
  for (const value of values ?? []) {
    if (value.text === ';') commands.push([]);
    else commands.at(-1)?.push(value);
  }
  return commands.flatMap((words) => readCommand(words, report) ?? []);
};
