// A configuration text in lines, the tokens in it, and the diagnostics that point at them.
import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { Service } from '../model/service.ts';

/** A stretch of one line of a file. */
export type Mark = { readonly at: Origin; readonly source: string; readonly width: number };

/** The parts of a service that a later stage may find fault with. */
export type MarkedField =
  | 'host'
  | 'port'
  | 'rpc'
  | 'user'
  | 'group'
  | 'groups'
  | 'program'
  | 'chdir'
  | 'chroot'
  | 'socketUser'
  | 'socketGroup'
  | 'target'
  | 'targetPort';

/** Where the parts of a service were written; `service` is the entry's first word. */
export type Marks = { readonly service: Mark } & { readonly [Field in MarkedField]?: Mark };

/** What only the machine can tell about a service, beside the meaning of its names. */
export type Doubts = {
  /** services(5) must have this name, with the port that was written. */
  readonly listedName: string | undefined;
  /** Hosts of access lists: they may have no address. */
  readonly hosts: readonly { readonly name: string; readonly mark: Mark }[];
};

export type LocatedService = { readonly service: Service; readonly marks: Marks; readonly doubts?: Doubts };

export type SourceText = { readonly file: string; readonly lines: readonly string[] };

/** A word of the text without its quotes; `line` counts from 1, `column` too, `width` is what it takes in the line. */
export type Token = {
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly width: number;
  /** It begins with a quotation mark, so that no character of it has a meaning of its own. */
  readonly isQuoted: boolean;
  /** Where the text is in several files, the one that it stands in; otherwise that of the report. */
  readonly source?: SourceText;
};

/** Lines without their ends; a byte order mark and the CR of CRLF belong to no line. */
export const splitText = (text: string, file: string): SourceText => ({
  file,
  lines: text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)),
});

export const markToken = (source: SourceText, token: Token): Mark => {
  const { file, lines } = token.source ?? source;
  return {
    at: { file, line: token.line, column: token.column },
    source: lines[token.line - 1] ?? '',
    width: token.width,
  };
};

/**
 * A part of a token, for diagnostics: the whole token where quotes hide which columns the part has, one column
 * where the part is empty.
 */
export const partOfToken = (token: Token, start: number, end = token.text.length): Token => {
  const text = token.text.slice(start, end);
  if (token.width !== token.text.length || token.isQuoted) return { ...token, text };
  const from = Math.min(start, Math.max(0, token.text.length - 1));
  return { ...token, text, column: token.column + from, width: Math.max(1, text.length) };
};

/** Collects what is wrong with one text. `error` and `warn` give undefined, which readers return for what they could not read. */
export type Report = {
  readonly source: SourceText;
  error(at: Token, message: string, advice: string): undefined;
  warn(at: Token, message: string, advice: string): undefined;
  errorCount(): number;
  diagnostics(): readonly Diagnostic[];
};

/** A file that is no configuration has words of any length. */
const longestMessage = 500;

const shorten = (text: string): string =>
  text.length <= longestMessage ? text : `${text.slice(0, 200)}...${text.slice(-200)}`;

export const diagnose = (
  severity: Diagnostic['severity'],
  mark: Mark,
  message: string,
  advice: string,
): Diagnostic => ({ severity, ...mark, message: shorten(message), advice });

export const createReport = (source: SourceText): Report => {
  const diagnostics: Diagnostic[] = [];
  let errors = 0;
  return {
    source,
    error(at, message, advice) {
      errors += 1;
      diagnostics.push(diagnose('error', markToken(source, at), message, advice));
      return undefined;
    },
    warn(at, message, advice) {
      diagnostics.push(diagnose('warning', markToken(source, at), message, advice));
      return undefined;
    },
    errorCount: () => errors,
    diagnostics: () => diagnostics,
  };
};
