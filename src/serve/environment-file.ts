// Files of variables (EnvironmentFile= of systemd.exec(5)): their syntax, and how they are read at a start.
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StartTexts } from '../model/daemon.ts';
import type { Failure } from '../model/event.ts';
import { matchGlob } from '../model/glob.ts';
import type { Variable } from './variables.ts';

const isSpace = (character: string): boolean => character === ' ' || character === '\t' || character === '\r';
const isName = (text: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
/** What a backslash within double quotes takes the meaning of; before others it stays. */
const isEscapable = (character: string): boolean => '"\\`$'.includes(character);

/** A value from where it begins: quoted and plain parts, one after the other; where it ends. */
const readValue = (text: string, from: number): { readonly value: string; readonly end: number } => {
  let value = '';
  let at = from;
  /** Where the value ends when the plain spaces at its end are left out. */
  let solid = 0;
  const take = (part: string): void => {
    value += part;
    solid = value.length;
  };
  /** A quote means something only where a part begins. */
  let isPlain = false;
  while (at < text.length) {
    const character = text[at] ?? '';
    at += 1;
    if (character === '\n') break;
    if (character === '\\') {
      if (text[at] !== '\n') take(text[at] ?? '');
      isPlain = true;
      at += 1;
    } else if (!isPlain && (character === "'" || character === '"')) {
      const quoted = readQuoted(text, at, character);
      take(quoted.value);
      at = quoted.end;
    } else if (isSpace(character)) {
      if (isPlain) value += character;
    } else {
      take(character);
      isPlain = true;
    }
  }
  return { value: value.slice(0, solid), end: at };
};

/** Up to the same quote, or to the end of the file; lines may end within. */
const readQuoted = (
  text: string,
  from: number,
  quote: string,
): { readonly value: string; readonly end: number } => {
  let value = '';
  let at = from;
  while (at < text.length && text[at] !== quote) {
    const next = text[at + 1] ?? '';
    if (text[at] === '\\' && quote === '"') {
      if (isEscapable(next)) value += next;
      else if (next !== '\n') value += `\\${next}`;
      at += 2;
    } else {
      value += text[at];
      at += 1;
    }
  }
  return { value, end: at + 1 };
};

/** The variables of a file. What is no assignment, and what cannot be a name, is left out, as systemd does it. */
export const parseEnvironmentFile = (text: string): readonly Variable[] => {
  const variables: Variable[] = [];
  let at = 0;
  while (at < text.length) {
    const lineEnd = text.indexOf('\n', at);
    const end = lineEnd === -1 ? text.length : lineEnd;
    const line = text.slice(at, end);
    const equals = line.indexOf('=');
    if (/^\s*(?:[#;]|$)/.test(line) || equals === -1) {
      at = end + 1;
      continue;
    }
    const name = line.slice(0, equals).trim();
    const read = readValue(text, at + equals + 1);
    at = read.end;
    if (isName(name) && !read.value.includes('\0')) variables.push([name, read.value]);
  }
  return variables;
};

/** More than any environment can hold (execve(2)). */
const largestFile = 4 * 1024 * 1024;

/** Without waiting for anybody: a FIFO that nobody writes to is an empty file. */
const readText = async (path: string): Promise<string> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(largestFile), 0, largestFile, null);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
};

const hasPattern = (part: string): boolean => /[*?[]/.test(part);

/** `[a-z]` and `[!a-z]` are one part of a pattern, as `?` and any other character. */
const partsOf = (pattern: string): readonly string[] =>
  pattern.match(/\[[!^]?\]?[^\]]*\]|\\.|[\s\S]/gu) ?? [];

const fits = (part: string, character: string): boolean => {
  if (part === '?') return true;
  if (part.startsWith('\\') && part.length > 1) return part.slice(1) === character;
  const [, negation, inner] = /^\[([!^]?)(\]?[^\]]*)\]$/u.exec(part) ?? [];
  if (inner === undefined) return part === character;
  const ranges = [...inner.matchAll(/([\s\S])-([\s\S])|([\s\S])/gu)];
  const isIn = ranges.some(([, low, high, single]) =>
    single === undefined ? character >= (low ?? '') && character <= (high ?? '') : character === single,
  );
  return isIn !== (negation !== '');
};

/** glob(7), in the order of the names. */
const expandPattern = async (path: string): Promise<readonly string[]> => {
  let found: readonly string[] = ['/'];
  for (const part of path.split('/').filter((each) => each !== '')) {
    if (!hasPattern(part)) {
      found = found.map((folder) => join(folder, part));
      continue;
    }
    const parts = partsOf(part);
    const next: string[] = [];
    for (const folder of found) {
      const names = await readdir(folder).catch(() => []);
      const fitting = names.filter(
        (name) => (!name.startsWith('.') || part.startsWith('.')) && matchGlob(parts, [...name], fits),
      );
      next.push(...fitting.sort().map((name) => join(folder, name)));
    }
    found = next;
  }
  return found;
};

export type FileVariables =
  | { readonly kind: 'read'; readonly variables: readonly Variable[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

const failureOf = (path: string, error: unknown): FileVariables => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
  const reason = code === 'ENOENT' ? 'there is no such file' : code;
  return {
    kind: 'failed',
    failure: { code, what: `cannot read the variables of % from ${path}: ${reason}` },
  };
};

/** The variables of all files in their order; later ones are stronger. A file that is not there is a failure unless it may be missing. */
export const readEnvironmentFiles = async (files: StartTexts['environmentFiles']): Promise<FileVariables> => {
  const variables: Variable[] = [];
  for (const { path, isOptional } of files) {
    const paths = hasPattern(path) ? await expandPattern(path) : [path];
    if (paths.length === 0 && !isOptional)
      return failureOf(path, Object.assign(new Error(), { code: 'ENOENT' }));
    for (const each of paths) {
      try {
        variables.push(...parseEnvironmentFile(await readText(each)));
      } catch (error) {
        if (!isOptional) return failureOf(each, error);
      }
    }
  }
  return { kind: 'read', variables };
};
