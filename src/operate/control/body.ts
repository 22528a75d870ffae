// What a request brings: a small JSON object whose fields are all known, or the reason why not.
import type { IncomingMessage } from 'node:http';
import { type Refusal, refusal } from './answer.ts';

export const largestBody = 64 * 1024;

const tooLarge = refusal('too-large', `the body is larger than ${largestBody / 1024} KiB; send less`);

/** The whole text; undefined where the client has gone before its end. */
export const readText = (request: IncomingMessage): Promise<string | Refusal | undefined> =>
  new Promise((resolve) => {
    if (Number(request.headers['content-length'] ?? 0) > largestBody) {
      resolve(tooLarge);
      return;
    }
    const parts: Buffer[] = [];
    let length = 0;
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= largestBody) parts.push(part);
      else resolve(tooLarge);
    });
    request.on('end', () => resolve(Buffer.concat(parts).toString()));
    request.on('close', () => resolve(undefined));
    request.on('error', () => resolve(undefined));
  });

export type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Why a field cannot be taken, as a sentence part behind its name; undefined: it can. */
export type Check = (value: unknown) => string | undefined;

/** No body at all is an empty object. */
export const parseFields = (
  text: string,
  known: Readonly<Record<string, Check>>,
): { readonly fields: Fields } | { readonly refusal: Refusal } => {
  const wrong = (message: string) => ({ refusal: refusal('bad-request', message) });
  if (text.trim() === '') return { fields: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return wrong(`the body is no JSON: ${reason}`);
  }
  if (!isFields(value)) return wrong('the body is no JSON object; write {"field": value}');
  for (const [name, field] of Object.entries(value)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    if (check === undefined) {
      const names = Object.keys(known);
      const may = names.length === 0 ? 'this takes none' : `there is ${names.join(', ')}`;
      return wrong(`the field ${JSON.stringify(name)} is not known; ${may}`);
    }
    const why = check(field);
    if (why !== undefined) return wrong(`${name} ${why}`);
  }
  return { fields: value };
};
