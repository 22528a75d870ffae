// hosts.allow or hosts.deny as a whole: text to rules, with everything that is wrong with it.
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { HostPattern, PatternList, WrapperRule, WrapperTable } from '../../model/wrapper-rules.ts';
import { diagnose, type SourceText } from '../source.ts';
import { markStretch, type RuleLine, type RuleLines, splitRules, splitWrapperText } from './lines.ts';
import { readOptions } from './option.ts';
import { type Complaint, readClient, readHost, readServer } from './pattern.ts';
import { isWord, type Stretch, splitAt, splitList } from './words.ts';

/** Which of the two: what a broken end means depends on it. */
export type TableName = 'allow' | 'deny';

export type ParsedTable = { readonly table: WrapperTable; readonly diagnostics: readonly Diagnostic[] };

const complaintOf = (source: SourceText, line: RuleLine, diagnostics: Diagnostic[]): Complaint => {
  const add =
    (severity: Diagnostic['severity']) =>
    ({ text, start }: Stretch, message: string, advice: string): void => {
      const mark = markStretch(source, line, start, start + text.length);
      diagnostics.push(diagnose(severity, mark, message, advice));
    };
  return { error: add('error'), warn: add('warning') };
};

const readList = <Pattern>(
  words: readonly Stretch[],
  readWord: (word: Stretch) => Pattern,
): PatternList<Pattern> => {
  const except = words.findIndex(({ text }) => isWord(text, 'EXCEPT'));
  if (except === -1) return { items: words.map(readWord), except: undefined };
  return {
    items: words.slice(0, except).map(readWord),
    except: readList(words.slice(except + 1), readWord),
  };
};

const readRule = (source: SourceText, line: RuleLine, complain: Complaint): WrapperRule | undefined => {
  const whole: Stretch = { text: line.text, start: 0 };
  const [servers, rest] = splitAt(whole, ':');
  if (rest === undefined) {
    complain.error(whole, 'there is no colon, so this is no rule and is ignored', 'write DAEMONS : CLIENTS');
    return undefined;
  }
  const [clients, options] = splitAt(rest, ':');
  const serverWords = splitList(servers);
  const clientWords = splitList(clients);
  const [firstServer] = serverWords;
  if (firstServer === undefined) {
    complain.warn(
      servers,
      'there is no daemon before the colon, so this rule matches nobody',
      'write one, or ALL',
    );
  } else if (firstServer.text.startsWith('#')) {
    complain.warn(firstServer, 'this is no comment: blanks stand before the #', 'remove them');
  }
  if (clientWords.length === 0) {
    const isAddress = options?.text.includes(':') === true || options?.text.startsWith('/') === true;
    complain.warn(
      clients,
      'there is no client behind the colon, so this rule matches nobody',
      isAddress ? 'write an address of IPv6 in brackets: [::1]' : 'write one, or ALL',
    );
  }
  return {
    origin: markStretch(source, line, firstServer?.start ?? 0, 1).at,
    servers: readList(serverWords, (word) => readServer(word, complain)),
    clients: readList(clientWords, (word) => readClient(word, complain)),
    // of a rule that matches nobody they are most often the rest of an address
    options: options === undefined || clientWords.length === 0 ? [] : readOptions(options, complain),
  };
};

const whyBroken: Readonly<Record<NonNullable<RuleLines['broken']>['why'], readonly [string, string]>> = {
  unterminated: ['the last line has no end', 'add a line feed'],
  'too-long': ['the line has more than 2047 bytes', 'make several rules of it, or move hosts to a file'],
  nul: ['the line has a NUL character', 'remove it'],
};

const tellBroken = (name: TableName, why: keyof typeof whyBroken): readonly [string, string] => {
  const [message, advice] = whyBroken[why];
  const meaning =
    name === 'allow'
      ? 'it and all behind it admit nobody'
      : 'whoever no rule has matched up to here is refused';
  return [`${message}: ${meaning}`, advice];
};

/** A table that is read a few rules at a time. */
export type TableReading = {
  /** False when there are no more. */
  readonly readSome: (count: number) => boolean;
  readonly end: () => ParsedTable;
};

/** Never throws; `file` is what the diagnostics name. */
export const beginTable = (text: string, file: string, name: TableName): TableReading => {
  const source = splitWrapperText(text, file);
  const { lines, broken } = splitRules(source);
  const diagnostics: Diagnostic[] = [];
  const rules: WrapperRule[] = [];
  let next = 0;
  return {
    readSome: (count) => {
      for (const line of lines.slice(next, next + count)) {
        const rule = readRule(source, line, complaintOf(source, line, diagnostics));
        if (rule !== undefined) rules.push(rule);
      }
      next += count;
      return next < lines.length;
    },
    end: () => {
      if (broken === undefined) {
        const endsAt = { file, line: source.lines.length, column: 1 };
        return { table: { rules, ending: 'complete', endsAt }, diagnostics };
      }
      const complain = complaintOf(source, broken.line, diagnostics);
      complain.error({ text: broken.line.text, start: 0 }, ...tellBroken(name, broken.why));
      const endsAt = markStretch(source, broken.line, 0, 1).at;
      return { table: { rules, ending: 'broken', endsAt }, diagnostics };
    },
  };
};

/** All at once. */
export const parseWrapperTable = (text: string, file: string, name: TableName): ParsedTable => {
  const reading = beginTable(text, file, name);
  while (reading.readSome(1_000));
  return reading.end();
};

/** A file of host patterns: words between blanks. It has no comments and no EXCEPT. */
export const parsePatternFile = (
  text: string,
  file: string,
): { readonly patterns: readonly HostPattern[]; readonly diagnostics: readonly Diagnostic[] } => {
  const source = splitWrapperText(text, file);
  const diagnostics: Diagnostic[] = [];
  const patterns: HostPattern[] = [];
  for (const [index, content] of source.lines.entries()) {
    const line: RuleLine = { text: content, pieces: [{ start: 0, line: index + 1 }] };
    const complain = complaintOf(source, line, diagnostics);
    if (/^\s*#/.test(content)) {
      complain.warn(
        { text: content, start: 0 },
        'each word of this line is a pattern: there are no comments here',
        'remove the line',
      );
    }
    for (const match of content.matchAll(/\S+/g)) {
      patterns.push(readHost({ text: match[0], start: match.index }, complain));
    }
  }
  return { patterns, diagnostics };
};
