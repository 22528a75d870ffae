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

/** What the file exports; each call gives another copy, that lives as long as somebody holds a part of it. */
export const runPassing = ({ filename, text }: Passing): unknown => {
  const module: { exports: unknown } = { exports: {} };
  const names = ['module', 'exports', 'require', '__filename'];
  const run = compileFunction(text.toString(), names, { filename });
  run.call(undefined, module, module.exports, createRequire(filename), filename);
  return module.exports;
};
