// The description of the control socket for programs, as it is packed with acceptd.
import { readFile } from 'node:fs/promises';
import { type Answer, jsonType, refuse } from './answer.ts';

const place = new URL('../../../../docs/control.openapi.json', import.meta.url);

export const readDocument = async (): Promise<Answer> => {
  try {
    return { kind: 'text', type: jsonType, text: await readFile(place, 'utf8') };
  } catch (error) {
    return refuse('failed', error instanceof Error ? error.message : String(error));
  }
};
