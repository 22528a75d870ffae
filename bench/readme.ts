// Puts the tables into the README, so that its numbers have a source.
import { readFileSync, writeFileSync } from 'node:fs';

const begin = '<!-- bench: begin -->';
const end = '<!-- bench: end -->';

export const updateReadme = (file: string, text: string): void => {
  const readme = readFileSync(file, 'utf8');
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`${file} has no lines "${begin}" and "${end}" for the tables to go between`);
  writeFileSync(file, `${readme.slice(0, from + begin.length)}\n\n${text}\n\n${readme.slice(to)}`);
};
