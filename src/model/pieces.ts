// Long work in pieces: while a configuration is read and applied, clients are served between them.
import { setImmediate } from 'node:timers/promises';

/** Work that can be left alone for a while at each `yield`. */
export type Pieces<Result> = Generator<undefined, Result>;

/** As long as the loop may wait for a load or a reload, in milliseconds. */
const longestPiece = 5;

/** Lets the loop run where it has waited long enough; otherwise costs next to nothing. */
export const createBreather = (): (() => Promise<void>) => {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < longestPiece) return;
    await setImmediate();
    began = performance.now();
  };
};

export const runAtOnce = <Result>(pieces: Pieces<Result>): Result => {
  let step = pieces.next();
  while (step.done !== true) step = pieces.next();
  return step.value;
};

export const runInPieces = async <Result>(
  pieces: Pieces<Result>,
  breathe: () => Promise<void>,
): Promise<Result> => {
  let step = pieces.next();
  while (step.done !== true) {
    await breathe();
    step = pieces.next();
  }
  return step.value;
};

/** The same, unless it has lost its sense before a piece of it: what has been done by then stays, and undefined is given. */
export const runWhile = async <Result>(
  hasSense: () => boolean,
  pieces: Pieces<Result>,
  breathe: () => Promise<void>,
): Promise<Result | undefined> => {
  while (hasSense()) {
    const step = pieces.next();
    if (step.done === true) return step.value;
    await breathe();
  }
  return undefined;
};
