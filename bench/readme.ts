// Puts the tables into the README, so that its numbers have a source.
import { readFileSync, writeFileSync } from 'node:fs';

const begin = '<!-- bench:start -->';
const end = '<!-- bench:end -->';

type Readme = { readonly before: string; readonly after: string };

/** Throws when there is no place for the tables: better asked before they are measured than after. */
export const openReadme = (file: string): Readme => {
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`${file} has no lines "${begin}" and "${end}" for the tables to go between`);
  return { before: text.slice(0, from + begin.length), after: text.slice(to) };
};

export const updateReadme = (file: string, tables: string): void => {
  const { before, after } = openReadme(file);
  writeFileSync(file, `${before}\n\n${tables}\n\n${after}`);
};
