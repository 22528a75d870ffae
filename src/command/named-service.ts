// Orders to one service: an id that the server does not know is answered with the one that was probably meant.
import { nearestWord } from '../config/nearest.ts';
import { exitStatus } from '../exit-status.ts';
import { isServerStatus } from './control-answers.ts';
import { type Answer, askServer, type Order, servicePath } from './control-client.ts';
import type { Guard } from './guards.ts';
import { Refusal } from './refusal.ts';
import { plain } from './terminal-text.ts';

const hintPatience = 2_000;

export const serviceIds = async (path: string, patience: number): Promise<readonly string[]> => {
  const { value } = await askServer(path, { method: 'GET', path: '/v1/status', patience }, isServerStatus);
  return value.services.map(({ service }) => service);
};

/** `finger` is meant to be `finger/tcp`, `fniger/tcp` too. */
const suggestion = (word: string, ids: readonly string[]): string | undefined =>
  ids.find((id) => id.startsWith(`${word}/`) || id.endsWith(`:${word}`) || id.includes(`:${word}/`)) ??
  nearestWord(word, ids);

/** `rest` follows the service in the path: `/pause`. */
export const askAboutService = async <Value>(
  path: string,
  service: string,
  { rest = '', ...order }: Omit<Order, 'path'> & { readonly rest?: string },
  isValue: Guard<Value>,
): Promise<Answer<Value>> => {
  try {
    return await askServer(path, { ...order, path: servicePath(service, rest) }, isValue);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'not-found') throw error;
    const ids = await serviceIds(path, hintPatience).catch((): readonly string[] => []);
    const meant = suggestion(service, ids);
    if (meant === undefined || meant === service) throw error;
    const what = error.message.replace(/; [^;]* lists them$/, '');
    throw new Refusal(`${what}; is '${plain(meant)}' meant?`, exitStatus.refused);
  }
};
