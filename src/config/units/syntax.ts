// The syntax of unit files: sections, assignments, comments and continued lines, whatever the directives mean.
import type { Report, SourceText, Token } from '../source.ts';

/** A stretch of the text that stands in one line of the file. */
type Piece = { readonly offset: number; readonly line: number; readonly column: number };

/** A stretch of a unit's text; it may be joined from several lines, and knows where each part of it stands. */
export type Value = Token & {
  readonly source: SourceText;
  /** Where it begins in the joined text. */
  readonly start: number;
  readonly pieces: readonly Piece[];
};

/** `key=value` of a section. */
export type Directive = { readonly section: string; readonly key: Value; readonly value: Value };

/** A part of a value with its own place in the file, for diagnostics. */
export const partOf = (value: Value, from: number, to = value.text.length): Value => {
  const text = value.text.slice(from, to);
  const start = value.start + from;
  const piece = value.pieces.findLast(({ offset }) => offset <= start) ?? { offset: 0, line: 1, column: 1 };
  const length = value.source.lines[piece.line - 1]?.length ?? 0;
  const column = Math.max(1, Math.min(piece.column + start - piece.offset, length));
  const width = Math.max(1, Math.min(text.length, length - column + 1));
  return { ...value, text, start, line: piece.line, column, width };
};

/** Without blanks at its ends. */
const trim = (value: Value): Value => {
  const start = value.text.length - value.text.trimStart().length;
  return partOf(value, start, start + value.text.trim().length);
};

const isComment = (line: string): boolean => /^[ \t\r]*[#;]/.test(line);

/** A backslash at the end goes on in the next line, where it is not itself behind one. */
const isContinued = (line: string): boolean => (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;

/** What begins at `index`, joined with the lines that continue it; comments between them belong to none. */
const readJoined = (
  source: SourceText,
  index: number,
  last: number,
): { readonly joined: Value; readonly next: number } => {
  const pieces: Piece[] = [];
  let text = '';
  let next = index;
  for (; next < last; next += 1) {
    const line = source.lines[next] ?? '';
    if (next > index && isComment(line)) continue;
    pieces.push({ offset: text.length, line: next + 1, column: 1 });
    if (!isContinued(line)) {
      text += line;
      next += 1;
      break;
    }
    text += `${line.slice(0, -1)} `;
  }
  const whole = { text, line: index + 1, column: 1, width: 1, isQuoted: false, source, start: 0, pieces };
  return { joined: trim(whole), next };
};

/** A part of a file; a file may hold several units. Lines count from 0, and `last` is not in it. */
export type Fragment = {
  readonly source: SourceText;
  readonly first: number;
  readonly last: number;
  /** A section that belongs to another unit of the same text. */
  readonly without?: string;
};

export const wholeText = (source: SourceText): Fragment => ({ source, first: 0, last: source.lines.length });

const readHeader = (line: Value, report: Report): string => {
  const [, name] = /^\[([^\][]*)\]$/.exec(line.text) ?? [];
  return (
    name ??
    report.error(line, 'this is no section', 'write [Unit], [Socket], [Service] or [Install]') ??
    'nonsense'
  );
};

/** undefined where the line assigns nothing, which is told. */
const readAssignment = (section: string | undefined, line: Value, report: Report): Directive | undefined => {
  if (section === undefined) {
    return report.error(
      line,
      'this stands in no section',
      'write [Unit], [Socket], [Service] or [Install] above it',
    );
  }
  const equals = line.text.indexOf('=');
  if (equals <= 0) return report.error(line, 'this assigns nothing', 'write KEY=VALUE');
  return { section, key: trim(partOf(line, 0, equals)), value: trim(partOf(line, equals + 1)) };
};

/** Directives in their order, repetitions included; never throws. */
export const readDirectives = (
  { source, first, last, without }: Fragment,
  report: Report,
): readonly Directive[] => {
  const directives: Directive[] = [];
  let section: string | undefined;
  let index = first;
  while (index < last) {
    const line = source.lines[index] ?? '';
    if (line.trim() === '' || isComment(line)) {
      index += 1;
      continue;
    }
    const { joined, next } = readJoined(source, index, last);
    index = next;
    if (joined.text === '') continue;
    if (joined.text.includes('\0')) {
      report.error(joined, 'there is a NUL character in this', 'remove it');
    } else if (joined.text.startsWith('[')) {
      section = readHeader(joined, report);
    } else {
      const directive = readAssignment(section, joined, report);
      if (directive !== undefined && directive.section !== without) directives.push(directive);
    }
  }
  return directives;
};
