// A daemon as the version of acceptd gets it that takes our place: only what is stable, its states of rest.
import type { NotifyAccess } from '../../model/daemon.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { DaemonStop, ExitStatus, Failure } from '../../model/event.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import type { ResolvedService } from '../../model/service.ts';
import type { KnownProcess } from '../../native/process-tree.ts';
import type { SavedDirectories } from '../directory-holds.ts';
import type { Doubt } from '../queue.ts';
import type { Cause } from './ends.ts';
import type { DaemonState } from './state.ts';
import type { SavedStore } from './store.ts';

/** The run that goes on. */
export type SavedRun = {
  readonly invocation: string;
  readonly startedAt: Milliseconds;
  readonly upSince: Milliseconds | undefined;
  readonly access: NotifyAccess;
  readonly main: number | undefined;
  readonly status: ExitStatus | undefined;
  readonly isReady: boolean;
  readonly failure: Failure | undefined;
  readonly cause: Cause | undefined;
  readonly why: DaemonStop | undefined;
  readonly isMainWell: boolean;
  readonly watchdogTime: Milliseconds | undefined;
  readonly notify: { readonly descriptor: Descriptor; readonly address: string } | undefined;
  readonly members: readonly KnownProcess[];
  /** Keys of the listeners that it has. */
  readonly listeners: readonly string[];
  readonly processes: SavedProcesses;
};

/** How its main process was found, and who answers its calls. */
export type SavedProcesses = {
  readonly hasForked: boolean;
  readonly hasGuessed: boolean;
  readonly isForgiven: boolean;
  readonly calls: Descriptor | undefined;
  readonly given: readonly Descriptor[];
};

export type SavedHistory = {
  readonly restarts: number;
  readonly doubt: Doubt;
  readonly starts: { readonly began: Milliseconds | undefined; readonly count: number };
};

export type SavedRunner = {
  readonly state: DaemonState;
  /** Of a pause. */
  readonly until: Milliseconds | undefined;
  readonly hasStarted: boolean;
  /** A start that nobody waits for came while the service was paused. */
  readonly isPutOff: boolean;
  /** What the run, or the last one, was planned from. */
  readonly planned: ResolvedService | undefined;
  readonly history: SavedHistory;
  readonly store: SavedStore;
  readonly directories: SavedDirectories;
  readonly run: SavedRun | undefined;
  /** Of all of it, and those that it has started. */
  readonly descriptors: readonly Descriptor[];
  readonly pids: readonly number[];
};
