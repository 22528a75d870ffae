// Words that know their file, and what is wrong with them: settings of one entry may come from many files.
import type { Diagnostic } from '../../model/diagnostic.ts';
import { diagnose, type Mark, markToken, type SourceText, type Token } from '../source.ts';

export type Word = Token & { readonly source: SourceText };

/** One object of one shape for each word: there are many. */
export const placeWord = ({ text, line, column, width, isQuoted }: Token, source: SourceText): Word => ({
  text,
  line,
  column,
  width,
  isQuoted,
  source,
});

export const markWord = (word: Word): Mark => markToken(word.source, word);

/** Where it stands, for messages at another place. */
export const placeOf = (word: Word): string => `${word.source.file}:${word.line}`;

/** `error` and `warn` give undefined, which readers return for what they could not read. */
export type Notes = {
  error(at: Word, message: string, advice: string): undefined;
  warn(at: Word, message: string, advice: string): undefined;
  /** What was found earlier, and is said only now. */
  add(found: readonly Diagnostic[]): void;
  errorCount(): number;
  diagnostics(): readonly Diagnostic[];
};

export const createNotes = (): Notes => {
  const diagnostics: Diagnostic[] = [];
  let errors = 0;
  const add = (diagnostic: Diagnostic): undefined => {
    if (diagnostic.severity === 'error') errors += 1;
    diagnostics.push(diagnostic);
  };
  return {
    error: (at, message, advice) => add(diagnose('error', markWord(at), message, advice)),
    warn: (at, message, advice) => add(diagnose('warning', markWord(at), message, advice)),
    add: (found) => found.forEach(add),
    errorCount: () => errors,
    diagnostics: () => diagnostics,
  };
};
