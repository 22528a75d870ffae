// Cuts a text into statements: entries, definitions, directives, default addresses and policies.
import { partOfToken, type Report, type Token } from '../source.ts';
import { readWords, skipBlanks } from '../words.ts';
import { type Assignment, type Cursor, readDefinition } from './assignments.ts';
import type { Meaning } from './dialect.ts';

export type Statement =
  | { readonly kind: 'entry'; readonly tokens: readonly [Token, ...Token[]] }
  | {
      readonly kind: 'definition';
      readonly service: Token;
      readonly isOn: boolean;
      readonly assignments: readonly Assignment[];
    }
  | { readonly kind: 'directive'; readonly name: Token; readonly operands: readonly Token[] }
  | { readonly kind: 'default-host'; readonly host: Token }
  | { readonly kind: 'policy'; readonly text: Token }
  /** Its mistakes are reported; it says nothing. */
  | { readonly kind: 'broken' };

export type Step = { readonly statement: Statement; readonly next: Cursor };

const switchWord = /[ \t]+(on|off)(?=[ \t#;]|$)/y;
const policyWords = /\b(?:ipsec|bypass|entrust)\b/;

const looksLikeEntry = (tokens: readonly Token[]): boolean =>
  tokens[1]?.isQuoted === false &&
  /^(?:stream|dgram|raw|rdm|seqpacket)\b/.test(tokens[1]?.text ?? '') &&
  /^(?:no)?wait\b/.test(tokens[3]?.text ?? '');

const warnOfLongLine = (report: Report, first: Token, meaning: Meaning): void => {
  const line = report.source.lines[first.line - 1] ?? '';
  if (meaning.lineBytes === undefined || Buffer.byteLength(line) <= meaning.lineBytes) return;
  report.warn(
    first,
    `the inetd of ${meaning.dialect} cuts this line after ${meaning.lineBytes} bytes; acceptd reads all of it`,
    'split it into indented lines if that inetd shall read it too',
  );
};

/** Adds the words of indented lines below an entry; lines of blanks and indented comments do not end it. */
const readContinuation = (
  report: Report,
  tokens: Token[],
  startLine: number,
  meaning: Meaning,
): { readonly line: number; readonly unclosed: Token | undefined } => {
  const { lines } = report.source;
  let unclosed: Token | undefined;
  let line = startLine;
  for (; line < lines.length; line += 1) {
    const text = lines[line] ?? '';
    const start = skipBlanks(text, 0);
    if (start === 0) break;
    if (start === text.length) continue;
    const words = readWords(text, line + 1, start, meaning);
    const first = words.tokens[0];
    if (text[start] === '#') {
      if (meaning.swallowsIndentedComments) {
        report.warn(
          { text: '#', line: line + 1, column: start + 1, width: text.length - start, isQuoted: false },
          `the inetd of ${meaning.dialect} takes this comment for arguments; acceptd ignores it`,
          'begin the comment in the first column',
        );
      }
      continue;
    }
    if (first === undefined) continue;
    warnOfLongLine(report, first, meaning);
    if (looksLikeEntry(words.tokens)) {
      const isOwn = meaning.dialect === 'acceptd';
      report.warn(
        first,
        isOwn
          ? 'this indented line is read as an entry, because it looks like one'
          : 'this indented line continues the entry above it, though it looks like an entry',
        isOwn ? 'begin it in the first column, or quote its second word' : 'begin it in the first column',
      );
      if (isOwn) break;
    }
    unclosed ??= words.unclosed;
    for (const token of words.tokens) tokens.push(token);
  }
  return { line, unclosed };
};

const reportUnclosed = (report: Report, token: Token): Statement => {
  report.error(
    token,
    'a quotation mark is never closed',
    'close it on the same line, or quote it with the other kind',
  );
  return { kind: 'broken' };
};

const readEntry = (report: Report, cursor: Cursor, meaning: Meaning): Step | undefined => {
  const text = report.source.lines[cursor.line] ?? '';
  const words = readWords(text, cursor.line + 1, cursor.index, meaning);
  const nextLine = { line: cursor.line + 1, index: 0 };
  const [first, ...others] = words.tokens;
  if (first === undefined) return undefined;
  if (first.text.startsWith('.') && !first.isQuoted && /^\.[a-z]*$/.test(first.text)) {
    return { statement: { kind: 'directive', name: first, operands: others }, next: nextLine };
  }
  if (others.length === 0 && !first.isQuoted && first.text.endsWith(':') && meaning.hasHosts) {
    return {
      statement: { kind: 'default-host', host: partOfToken(first, 0, first.text.length - 1) },
      next: nextLine,
    };
  }
  warnOfLongLine(report, first, meaning);
  const tokens: [Token, ...Token[]] = [first, ...others];
  if (!meaning.hasContinuation) {
    const statement: Statement =
      words.unclosed === undefined ? { kind: 'entry', tokens } : reportUnclosed(report, words.unclosed);
    return { statement, next: nextLine };
  }
  const continuation = readContinuation(report, tokens, nextLine.line, meaning);
  const unclosed = words.unclosed ?? continuation.unclosed;
  return {
    statement: unclosed === undefined ? { kind: 'entry', tokens } : reportUnclosed(report, unclosed),
    next: { line: continuation.line, index: 0 },
  };
};

const readDefinitionStatement = (report: Report, cursor: Cursor, meaning: Meaning): Step | undefined => {
  const text = report.source.lines[cursor.line] ?? '';
  const [service] = readWords(text, cursor.line + 1, cursor.index, meaning, 1).tokens;
  if (service === undefined) return undefined;
  switchWord.lastIndex = service.column - 1 + service.width;
  const match = switchWord.exec(text);
  if (match === null) return undefined;
  const start = { line: cursor.line, index: switchWord.lastIndex };
  const { assignments, isBroken, end } = readDefinition(report, service, start, meaning);
  return {
    statement: isBroken
      ? { kind: 'broken' }
      : { kind: 'definition', service, isOn: match[1] === 'on', assignments },
    next: end,
  };
};

const isPolicy = (line: string, meaning: Meaning): boolean => {
  if (meaning.policies === 'none' || !line.startsWith('#@')) return false;
  return meaning.policies === 'any' || line.slice(2).trim() === '' || policyWords.test(line);
};

/** The next statement at or after `start`; undefined at the end of the text. */
export const readStatement = (report: Report, start: Cursor, meaning: Meaning): Step | undefined => {
  const { lines } = report.source;
  let { line, index } = start;
  for (; line < lines.length; line += 1, index = 0) {
    const text = lines[line] ?? '';
    if (index === 0 && isPolicy(text, meaning)) {
      const policy = {
        text: text.slice(2).trim(),
        line: line + 1,
        column: 1,
        width: text.length,
        isQuoted: false,
      };
      return { statement: { kind: 'policy', text: policy }, next: { line: line + 1, index: 0 } };
    }
    const first = skipBlanks(text, index);
    if (first === text.length || text[first] === '#') continue;
    const cursor = { line, index: first };
    const definition = meaning.hasKeys ? readDefinitionStatement(report, cursor, meaning) : undefined;
    const step = definition ?? readEntry(report, cursor, meaning);
    if (step !== undefined) return step;
  }
  return undefined;
};
