// Puts what was generated into documents, between markers, so that their numbers and lists have a source.
import { readFileSync, writeFileSync } from 'node:fs';

type Place = { readonly before: string; readonly inside: string; readonly after: string };

/** Throws when there is no place of this name: better asked before anything is measured than after. */
export const readPlace = (file: string, name: string): Place => {
  const [begin, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no lines "${begin}" and "${end}"`);
  return {
    before: text.slice(0, from + begin.length),
    inside: text.slice(from + begin.length, to).trim(),
    after: text.slice(to),
  };
};

export const fillPlace = (file: string, name: string, text: string): void => {
  const { before, after } = readPlace(file, name);
  writeFileSync(file, `${before}\n\n${text}\n\n${after}`);
};
