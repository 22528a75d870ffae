// One value of the key = value form: unquoted text and quoted parts glued together, with escapes in the quotes.
import { partOfToken, type Report, type Token } from '../source.ts';

export type Value = { readonly token: Token; readonly end: number; readonly isBroken: boolean };

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ["'", "'"],
  ['"', '"'],
]);

const plainRun = /[^ \t#,;'"]*/y;
const quotedRun = { "'": /[^'\\]*/y, '"': /[^"\\]*/y } as const;
const byteRun = /(?:\\x[0-9A-Fa-f]{2})+/y;

const matchAt = (pattern: RegExp, text: string, index: number): string => {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0] ?? '';
};

/** Reads the value that begins at `start`; strings end on their line. */
export const readValue = (line: string, lineNumber: number, start: number, report: Report): Value => {
  let text = '';
  let index = start;
  let isBroken = false;
  const place = (from: number, to: number): Token => ({
    text: line.slice(from, to),
    line: lineNumber,
    column: from + 1,
    width: Math.max(1, Math.min(to, line.length) - from),
    isQuoted: false,
  });
  const whole = (): Token => ({
    ...place(start, index),
    text,
    isQuoted: line[start] === '"' || line[start] === "'",
  });

  while (index < line.length) {
    const plain = matchAt(plainRun, line, index);
    text += plain;
    index += plain.length;
    const quote = line[index];
    if (quote !== '"' && quote !== "'") break;
    const open = index;
    index += 1;
    while (line[index] !== quote) {
      if (index >= line.length) {
        report.error(
          place(open, line.length),
          `the quotation mark ${quote} is never closed`,
          'close it on the same line',
        );
        return { token: whole(), end: line.length, isBroken: true };
      }
      const run = matchAt(quotedRun[quote], line, index);
      text += run;
      index += run.length;
      if (line[index] !== '\\') continue;
      const escapedBytes = matchAt(byteRun, line, index);
      const simple = simpleEscapes.get(line[index + 1] ?? '');
      if (escapedBytes !== '') {
        text += Buffer.from(escapedBytes.replaceAll('\\x', ''), 'hex').toString('utf8');
        index += escapedBytes.length;
      } else if (simple !== undefined) {
        text += simple;
        index += 2;
      } else {
        const unknown = place(index, index + 2);
        report.error(unknown, `'${unknown.text}' is no escape`, 'write \\\\ \\n \\t \\r \\\' \\" or \\xHH');
        isBroken = true;
        index += 1;
      }
    }
    index += 1;
  }
  return { token: whole(), end: index, isBroken };
};

/** Splits a token at the first `separator`; the second part is undefined where there is none. */
export const splitToken = (token: Token, separator: string): readonly [Token, Token | undefined] => {
  const at = token.text.indexOf(separator);
  return at === -1
    ? [token, undefined]
    : [partOfToken(token, 0, at), partOfToken(token, at + separator.length)];
};
