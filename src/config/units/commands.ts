// Command lines: `ExecStart=` and its kin, with their prefixes, several in one value.
import type { CommandLine } from '../../model/daemon.ts';
import { partOf, type Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';
import { splitWords } from './unquoting.ts';
import { readText, type Word } from './values.ts';

/** A command with the place of its program, for whoever finds fault with it later. */
export type LocatedCommand = { readonly command: CommandLine; readonly at: Value };

/** `\;` is an argument, which is no escape elsewhere. */
const readCommandWords = (value: Value, { report }: Unit): readonly Word[] | undefined => {
  const { words, unclosed, unknownEscapes } = splitWords(value.text);
  const isSemicolon = (at: number): boolean =>
    words.some(({ start, end, text }) => start === at && end === at + 2 && text === '\\;');
  for (const at of unknownEscapes) {
    if (isSemicolon(at)) continue;
    const place = partOf(value, at, at + 2);
    report.warn(place, 'this is no escape, so the backslash is one', 'write \\\\ for a backslash');
  }
  if (unclosed !== undefined) {
    return report.error(partOf(value, unclosed), 'this quotation mark is never closed', 'close it');
  }
  return words.map(({ text, start, end, isQuoted }) => ({
    ...partOf(value, start, end),
    text: text === '\\;' && isSemicolon(start) ? ';' : text,
    isQuoted,
  }));
};

type Prefixes = {
  readonly path: string;
  readonly namesFirst: boolean;
  readonly forgivesFailure: boolean;
  readonly expandsVariables: boolean;
  readonly rights: CommandLine['rights'];
};

/** Each at most once, in any order; `+` and `!` exclude each other, `!!` says nothing any more. */
const readPrefixes = (word: Word, { report }: Unit): Prefixes | undefined => {
  const [, prefixes = '', path = ''] = /^([-@:+!|]*)(.*)$/s.exec(word.text) ?? [];
  const marks = prefixes.replace('!!', '');
  if (marks.includes('|')) {
    return report.error(word, "a user's shell is not started for '|'", 'write /bin/sh -c and the command');
  }
  if (/[+!].*[+!]/.test(marks)) {
    return report.error(
      word,
      `'${prefixes}' says twice which rights the program has`,
      'write one of + and !',
    );
  }
  const twice = [...marks].find((mark, index) => marks.indexOf(mark) !== index);
  if (twice !== undefined) {
    return report.error(word, `the prefix '${twice}' is there twice`, 'write it once');
  }
  return {
    path,
    namesFirst: marks.includes('@'),
    forgivesFailure: marks.includes('-'),
    expandsVariables: !marks.includes(':'),
    rights: marks.includes('+') ? 'full' : marks.includes('!') ? 'keeps-user' : 'service',
  };
};

/** What is wrong with a path of a program, and what to do about it. */
export const faultOf = (path: string): readonly [message: string, advice: string] | undefined => {
  if (path === '') return ['there is no program', 'write /PATH'];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: marks of instances begin with U+0000
  if (/["'\\\u0001-\u001f\u007f]/.test(path)) {
    return [`no program has such characters in its path, as ${JSON.stringify(path)}`, 'rename it'];
  }
  if (path.endsWith('/')) return [`'${path}' is a directory`, 'write the path of a program'];
  if (/(?:^|\/)\.\.(?:\/|$)/.test(path)) return [`'${path}' goes through ..`, 'write it without'];
  if (!path.startsWith('/') && path.includes('/')) {
    return [`'${path}' is neither an absolute path nor a name`, 'begin it with /'];
  }
  return undefined;
};

/** Slashes that are doubled, and `.`, are nothing. */
export const simplifyPath = (path: string): string => path.replace(/\/(?:\.?\/)+/g, '/');

const readOne = (words: readonly Word[], unit: Unit): LocatedCommand | undefined => {
  const [first] = words;
  if (first === undefined) return undefined;
  const prefixes = readPrefixes(first, unit);
  if (prefixes === undefined) return undefined;
  const { namesFirst, path, ...rest } = prefixes;
  const file = readText({ ...first, text: path }, unit) ?? '';
  const fault = faultOf(file);
  if (fault !== undefined) return unit.report.error(first, ...fault);
  const others = words.slice(1).map((word) => readText(word, unit) ?? '');
  if (namesFirst && others.length === 0) {
    return unit.report.error(first, "after '@' there is no argument 0", 'write the name behind the path');
  }
  const command = { file: simplifyPath(file), arguments: namesFirst ? others : [file, ...others], ...rest };
  return { command, at: first };
};

/** Unquoted semicolons stand between commands. */
const readLine = (value: Value, unit: Unit): readonly LocatedCommand[] => {
  const commands: LocatedCommand[] = [];
  let words: Word[] = [];
  const end = (): void => {
    const command = readOne(words, unit);
    if (command !== undefined) commands.push(command);
    words = [];
  };
  for (const word of readCommandWords(value, unit) ?? []) {
    if (word.text === ';' && !word.isQuoted) end();
    else words.push(word);
  }
  end();
  return commands;
};

export const readCommands = (key: string, values: Values, unit: Unit): readonly LocatedCommand[] =>
  values.all(key).flatMap((value) => readLine(value, unit));
