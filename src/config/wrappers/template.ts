// Texts with %-expansions: commands, values of variables, banners.
import { type ExpansionLetter, expansionLetters, type Template } from '../../model/wrapper-rules.ts';

const letterOf = (text: string): ExpansionLetter | undefined =>
  expansionLetters.find((letter) => letter === text);

/** `unknown` hears of each % that stands before something that has no meaning; libwrap leaves both out. */
export const parseTemplate = (text: string, unknown: (letter: string, index: number) => void): Template => {
  const parts: (string | { readonly letter: ExpansionLetter })[] = [];
  let plain = '';
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    const next = text[index + 1];
    // a % at the end of a line is just that
    if (character !== '%' || next === undefined || next === '\r' || next === '\n') {
      plain += character;
      continue;
    }
    index += 1;
    if (next === '%') {
      plain += '%';
      continue;
    }
    const letter = letterOf(next);
    if (letter === undefined) {
      unknown(next, index - 1);
      continue;
    }
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push({ letter });
  }
  if (plain !== '') parts.push(plain);
  return parts;
};

/** A file of a banner directory, bytes as Latin-1: lines end with CR LF on the wire. */
export const parseBanner = (text: string): Template =>
  parseTemplate(text.replaceAll('\n', '\r\n'), () => undefined);
