// The next version of acceptd in the place of the one before it: whether it could, and what it gets besides what runs.
import { writeSync } from 'node:fs';
import { compileRules } from '../admission/judge.ts';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import type { ServerStatus } from '../model/control.ts';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { showDiagnostic } from '../model/diagnostic.ts';
import { takeOver } from '../native/exec.ts';
import type { Loaded } from '../operate/reload.ts';
import type { StartEnvironment } from '../operate/start-environment.ts';
import { nameInList } from '../operate/upgrade.ts';
import { readyWord } from '../operate/upgrade-trial.ts';
import type { SavedServer } from '../runtime/handover/format.ts';
import type { SavedConfiguration } from './server-configuration.ts';

/** What the server itself keeps, beside its running parts. */
export type ServerPart = {
  readonly configuration: SavedConfiguration;
  readonly manager: StartEnvironment['manager'];
  /** Names under which the service manager keeps something for us. */
  readonly stored: readonly string[];
  readonly history: Pick<ServerStatus, 'startedAt' | 'upgrades' | 'restarts'>;
  /** By the logs, and of TCP connections that had ended. */
  readonly lostRecords: number;
  readonly lostEnds: number;
};

export const serverPart = 'server';
export const tallyPart = 'tally';
/** Who has asked for the upgrade at the control socket: the names, and the connections. */
export const askersPart = 'askers';

const isServerPart = (value: unknown): value is ServerPart =>
  typeof value === 'object' && value !== null && 'configuration' in value && 'history' in value;

export const serverPartOf = ({ parts }: SavedServer): ServerPart => {
  const part = parts[serverPart];
  if (!isServerPart(part)) throw new Error('the state has no server');
  return part;
};

const keptAt = ({ kept }: SavedServer, name: string): Descriptor | undefined => {
  const number = kept[name];
  return number === undefined ? undefined : descriptorOf(number);
};

/** Who waits for what the upgrade comes to, and where. */
export const askersOf = (
  state: SavedServer,
): readonly { readonly descriptor: Descriptor; readonly by: string }[] => {
  const names = state.parts[askersPart];
  return (Array.isArray(names) ? names : []).flatMap((by: unknown, index) => {
    const descriptor = keptAt(state, nameInList(askersPart, index));
    return descriptor === undefined ? [] : [{ descriptor, by: String(by) }];
  });
};

/** What the version before us leaves to the server. */
export const readPlace = (state: SavedServer | string) => {
  if (typeof state === 'string') throw new Error(`cannot take over: ${state}`);
  const { runtime, parts, kept } = state;
  return {
    runtime,
    part: serverPartOf(state),
    tally: parts[tallyPart],
    askers: askersOf(state),
    /** No child inherits by accident what the server keeps; to be called as soon as there is an engine. */
    adoptKept: (): void => takeOver(Object.values(kept).map(descriptorOf), []),
    kept: (name: string): Descriptor | undefined => keptAt(state, name),
  };
};

export type Place = ReturnType<typeof readPlace>;

const problemOf = (state: SavedServer, { isReadable, diagnostics }: Loaded): string | undefined => {
  try {
    serverPartOf(state);
    for (const { service } of state.runtime.services) compileRules(service.access);
  } catch (error) {
    return `the state cannot be taken over: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (isReadable) return undefined;
  const [first] = diagnostics;
  return `the configuration cannot be read any more${first === undefined ? '' : `: ${showDiagnostic(first).split('\n')[0]}`}`;
};

/** In a child of the version that serves: nothing is opened and nothing started. */
export const sayWhetherReady = async (
  state: SavedServer | string,
  load: () => Promise<Loaded>,
): Promise<ExitStatus> => {
  const problem =
    typeof state === 'string' ? `the state cannot be taken over: ${state}` : problemOf(state, await load());
  if (problem !== undefined) return complain(problem, exitStatus.system);
  writeSync(1, `${readyWord}\n`);
  return exitStatus.done;
};
