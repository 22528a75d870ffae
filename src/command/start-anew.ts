// Where the next version cannot take the place of the one before it, it starts anew in the same process: no port is given
// up, and what ran goes on by itself.
import { readdirSync, writeSync } from 'node:fs';
import type { ExitStatus } from '../exit-status.ts';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { escapeControls } from '../model/diagnostic.ts';
import { execProgram } from '../native/exec.ts';
import { adoptDescriptor } from '../native/inheritance.ts';
import { inspectSocket } from '../native/inspect.ts';
import { wholeRefusal } from '../operate/control/control.ts';
import { managerEnvironment } from '../operate/start-environment.ts';
import { anewName, anewReasonName } from '../operate/upgrade-names.ts';
import { ownWords } from '../operate/upgrade-trial.ts';
import type { SavedServer } from '../runtime/handover/format.ts';
import type { Inherited } from '../runtime/inheritance.ts';
import { askersOf, type Place, readPlace, serverPartOf } from './following.ts';

const longestReason = 1_000;

/** What somebody could wait at, where nobody says what our descriptors are for. */
const isListener = (descriptor: Descriptor): boolean => {
  const found = inspectSocket(descriptor);
  if (typeof found === 'string') return false;
  if (found.isListening) return true;
  return (
    found.socketType === 'dgram' && (found.family === 'unix' ? found.place.startsWith('/') : found.port > 0)
  );
};

const openListeners = (): readonly Descriptor[] =>
  readdirSync('/proc/self/fd')
    .map((name) => descriptorOf(Number(name)))
    .filter((descriptor) => descriptor > 2 && isListener(descriptor));

const listenersOf = (state: SavedServer | string): readonly Descriptor[] =>
  typeof state === 'string'
    ? openListeners()
    : state.runtime.listeners.flatMap(({ descriptor }) => descriptor ?? []);

/** What whoever started us wants to hear; nothing where that cannot be found out any more. */
const wishesOf = (state: SavedServer | string): Readonly<Record<string, string>> => {
  try {
    return typeof state === 'string' ? {} : managerEnvironment(serverPartOf(state).manager);
  } catch {
    return {};
  }
};

const tellAskers = (state: SavedServer | string, reason: string): void => {
  if (typeof state === 'string') return;
  for (const { descriptor } of askersOf(state)) {
    try {
      writeSync(descriptor, wholeRefusal(startedAnewText(reason)));
    } catch {
      // gone, or it does not listen
    }
  }
};

export const notTakenOverText = (what: string): string => `not taken over: ${what}`;
export const startedAnewText = (reason: string): string =>
  `the place of the version before this one could not be taken: ${reason}; acceptd has started anew on its sockets, and what ran there goes on without it`;

/** Comes back only where even that fails. */
const startAnew = (state: SavedServer | string, error: unknown): never => {
  const reason = escapeControls(error instanceof Error ? error.message : String(error)).slice(
    0,
    longestReason,
  );
  if (error instanceof Error) process.stderr.write(`acceptd: our bug, please report it: ${error.stack}\n`);
  tellAskers(state, reason);
  const sockets = listenersOf(state);
  throw execProgram(
    process.execPath,
    ownWords(),
    { ...process.env, ...wishesOf(state), [anewName]: sockets.join(' '), [anewReasonName]: reason },
    sockets,
    'acceptd',
  );
};

/** `serve` takes the place that is left, and says when it has it. Until then whatever fails is no end. */
export const orStartAnew = async (
  state: SavedServer | string,
  serve: (place: Place, onTakenOver: () => void) => Promise<ExitStatus>,
): Promise<ExitStatus> => {
  let isThere = false;
  try {
    return await serve(readPlace(state), () => {
      isThere = true;
    });
  } catch (error) {
    // nobody else is there who could serve
    if (isThere) throw error;
    return startAnew(state, error);
  }
};

export type FailedUpgrade = { readonly reason: string; readonly sockets: readonly Inherited[] };

/** Taken out at once: no handler may find it. */
export const takeFailedUpgrade = (
  environment: Record<string, string | undefined>,
): FailedUpgrade | undefined => {
  const { [anewName]: sockets, [anewReasonName]: reason } = environment;
  delete environment[anewName];
  delete environment[anewReasonName];
  if (sockets === undefined) return undefined;
  const listed = sockets
    .split(' ')
    .flatMap((word) => (/^[0-9]{1,9}$/.test(word) ? descriptorOf(Number(word)) : []));
  return {
    reason: reason ?? '',
    sockets: listed.filter(adoptDescriptor).map((descriptor) => ({ descriptor, name: '', isOurs: true })),
  };
};
