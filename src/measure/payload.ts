// What clients say and what they expect to hear, as it is written on a command line.
import { readFileSync } from 'node:fs';
import type { Mistake } from './target.ts';

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\' };

const readEscapes = (text: string): Uint8Array | Mistake => {
  const pieces: Uint8Array[] = [];
  const encoder = new TextEncoder();
  for (const [piece, hex, letter] of text.matchAll(/\\x([0-9a-fA-F]{2})|\\(.?)|[^\\]+/gsu)) {
    if (hex !== undefined) pieces.push(Uint8Array.of(Number.parseInt(hex, 16)));
    else if (letter === undefined) pieces.push(encoder.encode(piece));
    else {
      const meant = escapes[letter];
      if (meant === undefined) {
        return { mistake: `'${piece}' means nothing; there are \\n, \\r, \\t, \\0, \\\\ and \\xHH` };
      }
      pieces.push(encoder.encode(meant));
    }
  }
  return Buffer.concat(pieces);
};

/** `TEXT` with \n, \r, \t, \0, \\ and \xHH, or `@FILE` for the bytes of a file. */
export const parsePayload = (text: string): Uint8Array | Mistake => {
  if (!text.startsWith('@')) return readEscapes(text);
  const file = text.slice(1);
  try {
    return readFileSync(file);
  } catch (error) {
    return { mistake: `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
};
