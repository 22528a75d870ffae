// Values of options that are numbers, and the error for words that the command line does not know.

/** Words that the command line does not know. */
export class UsageError extends Error {}

/** yargs makes NaN of a word that is no number. */
export const wholeNumber =
  (option: string) =>
  (word: number): number => {
    if (Number.isSafeInteger(word) && word >= 0) return word;
    throw new UsageError(`--${option} takes a whole number from 0 on`);
  };

export const optionalWholeNumber =
  (option: string) =>
  (word: number | undefined): number | undefined =>
    word === undefined ? undefined : wholeNumber(option)(word);

export const optionalPid = optionalWholeNumber('pid');

export const positiveNumber =
  (option: string) =>
  (word: number): number => {
    if (Number.isFinite(word) && word > 0) return word;
    throw new UsageError(`--${option} takes a number above 0`);
  };

export const positiveWholeNumber =
  (option: string) =>
  (word: number): number => {
    if (Number.isSafeInteger(word) && word > 0) return word;
    throw new UsageError(`--${option} takes a whole number above 0`);
  };
