// The description of the control socket for programs, as it is packed with acceptd.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Answer, jsonType, refuse } from './answer.ts';

/** By name, wherever this code stands in the package. */
const placeOf = (): string => createRequire(import.meta.url).resolve('#control-document');

export const readDocument = async (): Promise<Answer> => {
  try {
    return { kind: 'text', type: jsonType, text: await readFile(placeOf(), 'utf8') };
  } catch (error) {
    return refuse('failed', error instanceof Error ? error.message : String(error));
  }
};
