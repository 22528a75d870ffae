// Code that is needed for a moment: a CommonJS file that is run, used and forgotten, so that V8 can take back its functions and
// its text. An ES module stays for ever. Only the bundle has such files (bundle.mjs).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';

export type Passing = { readonly filename: string; readonly text: Buffer };

/**
 * Reads a file beside the bundle. Who runs it again later keeps this: by then the file may be another version's, or no
 * descriptor may be left to open it.
 */
export const readPassing = (name: string): Passing => {
  const filename = fileURLToPath(new URL(name, import.meta.url));
  return { filename, text: readFileSync(filename) };
};

const names = ['module', 'exports', 'require', '__filename'];

/** What the file exports; each call gives another copy, that lives as long as somebody holds a part of it. */
export const runPassing = ({ filename, text }: Passing): unknown =>
  run(filename, compileFunction(text.toString(), names, { filename }));

const run = (filename: string, compiled: ReturnType<typeof compileFunction>): unknown => {
  const module: { exports: unknown } = { exports: {} };
  compiled.call(undefined, module, module.exports, createRequire(filename), filename);
  return module.exports;
};

/**
 * The same for what is run again and again while clients are served. V8 goes through the whole text once, at the first
 * call; what it has learnt is kept, half as large as the text, and spares all the others ten times their time.
 */
export const repeatPassing = (
  { filename, text }: Passing,
  compile: typeof compileFunction = compileFunction,
): (() => unknown) => {
  let known: Buffer | undefined;
  return () => {
    const options = known === undefined ? { produceCachedData: true } : { cachedData: known };
    const compiled = compile(text.toString(), names, { filename, ...options });
    // another setting of V8 since then: what was learnt does not hold any more
    if (compiled.cachedDataRejected === true) known = undefined;
    else known ??= compiled.cachedData;
    return run(filename, compiled);
  };
};
