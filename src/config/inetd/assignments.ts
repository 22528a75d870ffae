// The syntax of `name on key = value ..., ... ;`: assignments with their places, whatever the keys mean.
import type { Report, Token } from '../source.ts';
import type { Meaning } from './dialect.ts';
import { isKeyName, isVerbatimKey } from './key-names.ts';
import { readValue } from './quoted-value.ts';

export type Assignment = { readonly key: Token; readonly values: readonly Token[] };

/** A place between two characters of the text: both numbers are indexes and count from 0. */
export type Cursor = { readonly line: number; readonly index: number };

export type Definition = {
  readonly assignments: readonly Assignment[];
  readonly isBroken: boolean;
  readonly end: Cursor;
};

/** A line that begins like an entry of its own ends a definition whose `;` was forgotten. */
const entryStart =
  /^(?:\.(?:include|dialect)\b|[^\s#;,="']+[ \t]+(?:on|off|stream|dgram|raw|rdm|seqpacket)(?![^\s#;]|[ \t]*=))/;

/** Reads the assignments after `on` or `off`, up to and with the `;`. Natively a line break separates like a comma. */
export const readDefinition = (
  report: Report,
  service: Token,
  start: Cursor,
  meaning: Meaning,
): Definition => {
  const { lines } = report.source;
  const isNative = meaning.dialect === 'acceptd';
  const assignments: Assignment[] = [];
  let { line, index } = start;
  let isBroken = false;
  let atLineStart = false;

  const lineText = (): string => lines[line] ?? '';
  const here = (width = 1): Token => ({
    text: lineText().slice(index, index + width),
    line: line + 1,
    column: index + 1,
    width,
    isQuoted: false,
  });
  const isAtEnd = (): boolean => line >= lines.length;
  const isAtNextEntry = (): boolean => index === 0 && line > start.line && entryStart.test(lineText());

  /** Skips blanks, comments and line ends; notes whether a line end was among them. */
  const skipFiller = (): void => {
    atLineStart = false;
    while (!isAtEnd()) {
      const text = lineText();
      while (text[index] === ' ' || text[index] === '\t') index += 1;
      if (index < text.length && text[index] !== '#') return;
      line += 1;
      index = 0;
      atLineStart = true;
    }
  };

  const startsAssignment = (current: string): boolean => {
    const match = /^([A-Za-z_][A-Za-z_0-9]*)([ \t]*)=([ \t]*)/.exec(lineText().slice(index, index + 200));
    if (match === null) return false;
    const [, word = '', before = '', after = ''] = match;
    return isKeyName(word) || !isVerbatimKey(current) || before !== '' || after !== '';
  };

  const readValues = (key: string): readonly Token[] => {
    const values: Token[] = [];
    while (true) {
      skipFiller();
      if (isAtEnd() || lineText()[index] === ';' || isAtNextEntry()) return values;
      if (lineText()[index] === ',') {
        index += 1;
        if (!isNative) return values;
        skipFiller();
        if (isAtEnd() || startsAssignment(key)) return values;
        continue;
      }
      if (isNative && atLineStart && startsAssignment(key)) return values;
      const next =
        isNative && values.length > 0 ? /^([a-z_0-9]+)[ \t]+=/.exec(lineText().slice(index)) : null;
      if (next?.[1] !== undefined && isKeyName(next[1])) {
        report.error(
          here(next[1].length),
          `there is no comma before '${next[1]}'`,
          'write one, or quote the word',
        );
        isBroken = true;
        return values;
      }
      const value = readValue(lineText(), line + 1, index, report);
      if (value.isBroken) isBroken = true;
      values.push(value.token);
      index = value.end;
    }
  };

  /** After a syntax error: past the next `;`, or to the next line that begins an entry. */
  const recover = (): void => {
    isBroken = true;
    while (!isAtEnd()) {
      const semicolon = lineText().indexOf(';', index);
      if (semicolon !== -1) {
        index = semicolon + 1;
        return;
      }
      line += 1;
      index = 0;
      if (!isAtEnd() && isAtNextEntry()) return;
    }
  };

  while (true) {
    skipFiller();
    if (isAtEnd() || isAtNextEntry()) {
      report.error(
        service,
        `the definition of '${service.text}' is never ended`,
        "put a ';' after its last value",
      );
      return { assignments, isBroken: true, end: { line, index } };
    }
    if (lineText()[index] === ';') {
      return { assignments, isBroken, end: { line, index: index + 1 } };
    }
    if (lineText()[index] === ',') {
      index += 1;
      continue;
    }
    const word = /^[A-Za-z_][A-Za-z_0-9]*/.exec(lineText().slice(index))?.[0];
    if (word === undefined) {
      const width = /^[^\s#,;=]+/.exec(lineText().slice(index))?.[0].length ?? 1;
      report.error(
        here(width),
        `expected a key, not '${here(width).text}'`,
        "write key = value, and ';' at the end",
      );
      recover();
      return { assignments, isBroken: true, end: { line, index } };
    }
    const key = here(word.length);
    index += word.length;
    skipFiller();
    if (lineText()[index] !== '=') {
      report.error(
        key,
        `there is no '=' after '${word}'`,
        'write key = value, with a comma between two of them',
      );
      recover();
      return { assignments, isBroken: true, end: { line, index } };
    }
    index += 1;
    assignments.push({ key, values: readValues(word) });
  }
};
