// The syntax of unit files: sections, assignments, comments and continued lines, whatever the directives mean.
import type { Report, Token } from '../source.ts';

/** `key=value` of a section; the value's text is joined from its lines, its place is that of its first line. */
export type Directive = { readonly section: string; readonly key: Token; readonly value: Token };

const isComment = (line: string): boolean => /^[ \t]*[#;]/.test(line);

/** The value from `start` on, with the lines that continue it; comments between them belong to none. */
const readContinued = (
  lines: readonly string[],
  index: number,
  start: number,
): { readonly text: string; readonly next: number } => {
  const pieces: string[] = [];
  let next = index;
  let piece = (lines[next] ?? '').slice(start);
  next += 1;
  while (piece.endsWith('\\') && next < lines.length) {
    pieces.push(piece.slice(0, -1));
    while (next < lines.length && isComment(lines[next] ?? '')) next += 1;
    piece = lines[next] ?? '';
    next += 1;
  }
  pieces.push(piece);
  return { text: pieces.join(' ').trim(), next };
};

/** Directives in their order, repetitions included; never throws. */
export const readDirectives = (report: Report): readonly Directive[] => {
  const { lines } = report.source;
  const directives: Directive[] = [];
  let section = '';
  let index = 0;
  while (index < lines.length) {
    const line = lines[index] ?? '';
    const token = (text: string, column: number): Token => ({
      text,
      line: index + 1,
      column,
      width: Math.max(1, Math.min(text.length, line.length - column + 1)),
      isQuoted: false,
    });
    if (line.trim() === '' || isComment(line)) {
      index += 1;
      continue;
    }
    const header = /^[ \t]*\[([^\]]*)\][ \t]*$/.exec(line);
    if (header !== null) {
      section = header[1] ?? '';
      index += 1;
      continue;
    }
    const assignment = /^([ \t]*)([^=\s]+)[ \t]*=[ \t]*/.exec(line);
    if (assignment === null || section === '') {
      report.error(
        token(line.trim(), line.length - line.trimStart().length + 1),
        section === '' ? 'this stands in no section' : 'this assigns nothing',
        section === '' ? 'write [Unit], [Socket] or [Service] above it' : 'write KEY=VALUE',
      );
      index += 1;
      continue;
    }
    const [whole, blanks = '', key = ''] = assignment;
    const value = readContinued(lines, index, whole.length);
    directives.push({
      section,
      key: token(key, blanks.length + 1),
      value: token(value.text, Math.min(whole.length + 1, Math.max(1, line.length))),
    });
    index = value.next;
  }
  return directives;
};
