// Completes the id of a service on the command line, from the server that runs; silent when there is none.
import { placeOf } from './control-client.ts';
import { serviceIds } from './named-service.ts';
import { Refusal } from './refusal.ts';

/** Nobody waits longer for a tab. */
const patience = 1_000;

/** How many words come between the command and the id of a service. */
const wordsBefore: Readonly<Record<string, number>> = {
  status: 0,
  pause: 0,
  resume: 0,
  restart: 0,
  set: 0,
  kill: 0,
  explain: 0,
  why: 1,
};

type Words = { readonly _: readonly (string | number)[]; readonly [option: string]: unknown };

/** Whether the word that is being written is the id of a service. */
const isService = (current: string, words: Words): boolean => {
  if (current.startsWith('-')) return false;
  // the first is the program's own name, the last is being written, if it has begun
  const [, command, ...rest] = words._.map(String);
  const before = wordsBefore[command ?? ''];
  return before !== undefined && rest.length - (current === '' ? 0 : 1) === before;
};

/** undefined: it is something else, which the command line completes itself. */
export const completeService = async (
  current: string,
  words: Words,
): Promise<readonly string[] | undefined> => {
  if (!isService(current, words)) return undefined;
  const { control } = words;
  try {
    const ids = await serviceIds(placeOf(typeof control === 'string' ? control : undefined), patience);
    return ids.filter((id) => id.startsWith(current));
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
};
