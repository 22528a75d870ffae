// What the running server is, as plain data: for the version that takes its place in the same process. Moments are those
// of CLOCK_MONOTONIC, descriptors keep their numbers.
import type { Source, Usage } from '../../admission/limits.ts';
import type { SavedSensors } from '../../admission/sensor-list.ts';
import type { SavedRates } from '../../admission/source-rates.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Limits } from '../../model/limits.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { ConnectionRecord } from '../../model/record.ts';
import type { ResolvedService } from '../../model/service.ts';
import type { SavedTalk } from '../../serve/surface.ts';
import type { SavedRunner } from '../daemon/saved.ts';
import type { SavedDirectories } from '../directory-holds.ts';
import type { SavedLog } from '../handler-log.ts';
import type { Inherited } from '../inheritance.ts';
import type { SavedEnd } from '../lifetimes.ts';
import type { Doubt, Waiting } from '../queue.ts';
import type { BuiltinInstance, Heard, Instance, RunningListener } from '../running.ts';

/** To be raised with every change of what is saved, or of what a part of it means. */
export const stateVersion = 2;

/** The place of a service in the list of all. */
export type ServiceIndex = number;

export type SavedService = {
  readonly service: ResolvedService;
  /** Gone from the configuration, and something of it still runs. */
  readonly isRetired: boolean;
  readonly usage: Usage;
  /** As somebody may have changed them. */
  readonly limits: Limits;
  readonly isPaused: boolean;
  readonly isHeld: boolean;
  readonly suspendedUntil: Milliseconds | undefined;
  readonly log: SavedLog | undefined;
  readonly directories: SavedDirectories;
  readonly daemon: SavedRunner | undefined;
};

export type SavedListener = Pick<
  RunningListener,
  | 'key'
  | 'address'
  | 'descriptor'
  | 'inode'
  | 'isFiltered'
  | 'tuning'
  | 'settings'
  | 'acceptedOptions'
  | 'keeper'
  | 'inheritedName'
  | 'spare'
  | 'owner'
> & {
  readonly service: ServiceIndex;
  readonly respawning: Doubt & { readonly until: Milliseconds | undefined };
};

export type SavedInstance = Pick<Instance, 'pid' | 'source' | 'record' | 'startedAt'> & {
  readonly service: ServiceIndex;
  readonly lent: { readonly key: string; readonly waiting: Waiting } | undefined;
  readonly end: SavedEnd | undefined;
};

/** Accepted and not answered yet: to be decided on again. */
export type SavedClient = {
  readonly service: ServiceIndex;
  readonly descriptor: Descriptor;
  readonly record: ConnectionRecord;
  readonly through: 'listener' | 'mux';
  readonly heard: Heard;
};

/** A built-in or a relay in progress. */
export type SavedBuiltin = Pick<BuiltinInstance, 'what' | 'record' | 'startedAt'> & {
  readonly service: ServiceIndex;
  /** The service as it was when this began. */
  readonly answered: ResolvedService;
  readonly source: Source | undefined;
  readonly talk: SavedTalk;
};

export type SavedRuntime = {
  readonly services: readonly SavedService[];
  readonly listeners: readonly SavedListener[];
  readonly instances: readonly SavedInstance[];
  readonly clients: readonly SavedClient[];
  readonly builtins: readonly SavedBuiltin[];
  /** Of services that are gone, with what they were called. */
  readonly endingLogs: readonly { readonly service: string; readonly log: SavedLog }[];
  readonly sensors: SavedSensors;
  readonly sourceRates: SavedRates | undefined;
  /** What whoever started us keeps open, and no service wants now. */
  readonly inherited: readonly Inherited[];
  /** Children beside the instances. */
  readonly others: readonly number[];
};
