// The syntax of xinetd.conf: a text becomes entries with their assignments, and places of files to be read.
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Pieces } from '../../model/pieces.ts';
import { nearestWord } from '../nearest.ts';
import type { SourceText } from '../source.ts';
import { readWords, skipBlanks } from '../words.ts';
import { type Assignment, type Reading, readAssignment } from './assignments.ts';
import { createNotes, type Notes, placeWord, type Word } from './notes.ts';

export type Entry = {
  readonly kind: 'service' | 'defaults';
  /** The service's name, or the word `defaults`. */
  readonly name: Word;
  readonly assignments: readonly Assignment[];
  /** What is wrong inside; of no interest where the entry is switched off. */
  readonly mistakes: readonly Diagnostic[];
  /** Attributes of which a line could not be read, in lower case, with the first word of the line. */
  readonly damaged: ReadonlyMap<string, Word>;
  /** Its braces are not as they must be, which is reported. */
  readonly isBroken: boolean;
};

export type Item =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'include' | 'includedir'; readonly path: Word };

export type ParsedText = { readonly items: readonly Item[]; readonly diagnostics: readonly Diagnostic[] };

type Head = 'service' | 'defaults' | 'include' | 'includedir';
const heads: readonly Head[] = ['service', 'defaults', 'include', 'includedir'];
const headOf = (word: Word | undefined): Head | undefined => {
  const text = word?.text.toLowerCase();
  return heads.find((head) => head === text);
};

/** Lines that say something: neither blank nor comments. */
type Line = { readonly text: string; readonly number: number; readonly start: number };

const createLines = (source: SourceText) => {
  let index = 0;
  return {
    peek: (): Line | undefined => {
      for (; index < source.lines.length; index += 1) {
        const text = source.lines[index] ?? '';
        const start = skipBlanks(text, 0);
        if (start < text.length && text[start] !== '#') return { text, number: index + 1, start };
      }
      return undefined;
    },
    skip: (): void => {
      index += 1;
    },
  };
};
type Lines = ReturnType<typeof createLines>;

const wordsOf = ({ source, rules }: Reading, line: Line): readonly Word[] =>
  readWords(line.text, line.number, line.start, rules).tokens.map((token) => placeWord(token, source));

const isOpening = (word: Word | undefined): boolean => word?.text === '{';

/** `service x{`: the brace belongs to the entry, not to the name. */
const splitBrace = (word: Word): readonly Word[] =>
  word.text.length > 1 && word.text.endsWith('{') && !word.isQuoted
    ? [
        { ...word, text: word.text.slice(0, -1), width: word.width - 1 },
        { ...word, text: '{', column: word.column + word.width - 1, width: 1 },
      ]
    : [word];

type Opening = { readonly isClosed: boolean; readonly isClean: boolean };

/** Finds the brace that begins an entry, in its first line or the next. */
const readOpening = (
  behind: readonly Word[],
  reading: Reading,
  lines: Lines,
  inside: Notes,
): Opening | undefined => {
  const at = behind.findIndex(isOpening);
  const next = at === -1 ? lines.peek() : undefined;
  const words = at === -1 ? (next === undefined ? [] : wordsOf(reading, next)) : behind.slice(at);
  const [brace, first] = words;
  if (!isOpening(brace)) return undefined;
  if (next !== undefined) lines.skip();
  const isClosed = words.at(-1)?.text === '}';
  const isClean = first === undefined || first.text === '}';
  if (!isClean) {
    inside.error(
      first,
      "this stands behind '{' and is not read",
      'write each attribute on a line of its own',
    );
  }
  return { isClosed, isClean };
};

const complainOfLine = (first: Word, second: Word | undefined, inside: Notes): void => {
  if (isOpening(first)) {
    inside.error(first, "a '{' has no place here", 'remove it');
    return;
  }
  const what = second === undefined ? 'nothing stands' : 'no operator stands';
  const attribute = /^[a-z_0-9]+$/i.test(first.text) ? first.text : 'ATTRIBUTE';
  inside.error(
    first,
    `${what} after '${first.text}'`,
    `write ${attribute} = VALUE, as no line continues the one above it`,
  );
};

/** The lines of an entry up to its end, or up to the next entry where it has none. */
const readBody = (reading: Reading, lines: Lines, notes: Notes, inside: Notes) => {
  const assignments: Assignment[] = [];
  const damaged = new Map<string, Word>();
  let hasEnd = false;
  for (let line = lines.peek(); line !== undefined; line = lines.peek()) {
    const isBrace = line.text[line.start] === '}';
    const assignment = isBrace ? undefined : readAssignment(line.text, line.number, reading, inside);
    if (assignment !== undefined && assignment !== 'broken') {
      assignments.push(assignment);
      lines.skip();
      continue;
    }
    const [first, second] = wordsOf(reading, line);
    if (first === undefined || (assignment === undefined && headOf(first) !== undefined)) break;
    lines.skip();
    if (first.text === '}') {
      if (second !== undefined) notes.warn(second, "what stands behind '}' is ignored", 'remove it');
      hasEnd = true;
      break;
    }
    // a line that continues the one before it, as some believe: what it would have said is lost
    for (const name of [first.text, assignments.at(-1)?.name.text]) {
      if (name !== undefined) damaged.set(name.replace(/[-+=].*$/, '').toLowerCase(), first);
    }
    if (assignment === undefined) complainOfLine(first, second, inside);
  }
  return { assignments, damaged, hasEnd };
};

const readEntry = (
  kind: Entry['kind'],
  name: Word,
  behind: readonly Word[],
  reading: Reading,
  lines: Lines,
  notes: Notes,
): Entry => {
  const inside = createNotes();
  const opening = readOpening(behind, reading, lines, inside);
  const shown = kind === 'defaults' ? "'defaults'" : `service '${name.text}'`;
  if (opening === undefined) {
    notes.error(name, `the '{' of ${shown} is missing`, 'write it alone on the next line; the entry is off');
  }
  const body =
    opening?.isClosed === true
      ? { assignments: [], damaged: new Map<string, Word>(), hasEnd: true }
      : readBody(reading, lines, notes, inside);
  if (!body.hasEnd && opening !== undefined) {
    const cost = kind === 'defaults' ? 'what follows is read as if it were there' : 'this service is off';
    notes.error(name, `the '}' of ${shown} is missing before the next entry`, `write it; ${cost}`);
  }
  const { assignments, damaged } = body;
  return {
    kind,
    name,
    assignments,
    damaged,
    mistakes: inside.diagnostics(),
    isBroken: opening?.isClean !== true || !body.hasEnd,
  };
};

/** A line outside of entries that begins nothing; what stands in its braces goes with it. */
const skipUnknown = (words: readonly Word[], reading: Reading, lines: Lines, notes: Notes): void => {
  const [first, ...others] = words;
  if (first === undefined) return;
  if (first.text === '}') {
    notes.error(first, "no entry is open that this '}' could end", 'remove it');
    return;
  }
  if (/[\0\uFFFD]/.test(first.text)) {
    notes.error(first, 'this is not text in UTF-8', 'move the file away, or write it in UTF-8');
    return;
  }
  const nearest = nearestWord(first.text, heads);
  notes.error(
    first,
    isOpening(first) ? "nothing is named before this '{'" : `'${first.text}' begins no entry`,
    nearest === undefined
      ? 'xinetd.conf has service NAME, defaults, include FILE and includedir DIRECTORY here'
      : `did you mean ${nearest}?`,
  );
  const unread = createNotes();
  const behind = isOpening(first) ? words : others;
  const opening = readOpening(behind, reading, lines, unread);
  if (opening !== undefined && !opening.isClosed) readBody(reading, lines, unread, unread);
};

const readPath = (
  kind: 'include' | 'includedir',
  head: Word,
  others: readonly Word[],
  notes: Notes,
): Item | undefined => {
  const [path, extra] = others;
  if (path === undefined) {
    const what = kind === 'include' ? 'FILE' : 'DIRECTORY';
    return notes.error(head, `'${head.text}' names nothing to read`, `write ${kind} ${what}`);
  }
  if (extra !== undefined)
    notes.warn(extra, 'only one path is read; this is ignored', 'write a line for each');
  return { kind, path };
};

const readService = (
  head: Word,
  others: readonly Word[],
  reading: Reading,
  lines: Lines,
  notes: Notes,
): Item | undefined => {
  const [name, ...behind] = others.flatMap(splitBrace);
  if (name === undefined || isOpening(name)) {
    notes.error(head, 'the name of the service is missing', 'write service NAME; the entry is off');
    readEntry('service', head, others, reading, lines, createNotes());
    return undefined;
  }
  const extra = behind.find((word) => !isOpening(word) && word.text !== '}');
  const brace = behind.findIndex(isOpening);
  if (extra !== undefined && (brace === -1 || behind.indexOf(extra) < brace)) {
    notes.warn(extra, 'a service has one name; this is ignored', 'remove it');
  }
  return { kind: 'entry', entry: readEntry('service', name, behind, reading, lines, notes) };
};

/** Text to entries and includes, with everything that is wrong with its syntax; never throws. */
export const readEntries = function* (source: SourceText, hasQuotes: boolean): Pieces<ParsedText> {
  const reading: Reading = {
    source,
    rules: { quoting: hasQuotes ? 'anywhere' : 'none', comments: 'first-column' },
  };
  const lines = createLines(source);
  const notes = createNotes();
  const items: Item[] = [];
  for (let line = lines.peek(); line !== undefined; line = lines.peek()) {
    lines.skip();
    const words = wordsOf(reading, line);
    const [first, ...others] = words;
    const head = headOf(first);
    let item: Item | undefined;
    if (first === undefined || head === undefined) skipUnknown(words, reading, lines, notes);
    else if (head === 'service') item = readService(first, others, reading, lines, notes);
    else if (head === 'defaults') {
      item = { kind: 'entry', entry: readEntry('defaults', first, others, reading, lines, notes) };
    } else item = readPath(head, first, others, notes);
    if (item !== undefined) items.push(item);
    yield;
  }
  return { items, diagnostics: notes.diagnostics() };
};
