// What a server can be told, and what most are.
import { type Milliseconds, seconds } from '../model/quantity.ts';
import type { Loaded } from '../operate/reload.ts';
import { type ControlWishes, withoutControl } from './server-control.ts';
import type { LogOptions } from './server-log.ts';

export type ServerOptions = LogOptions & {
  readonly load: () => Promise<Loaded>;
  /** A start without any service is refused: always, where there are mistakes, or never. */
  readonly emptyStart: 'refused' | 'refused-with-mistakes' | 'served';
  readonly drain: Milliseconds;
  /** Before that: clients are served, and whoever asks is told that the server is not ready. */
  readonly drainDelay: Milliseconds;
  readonly control: ControlWishes;
  /** Counts what monitoring wants to know. */
  readonly hasMetrics: boolean;
  readonly isStrictReload: boolean;
  /** Processes of all services together. */
  readonly processLimit: number | undefined;
  /** What the command line says and acceptd does not do. */
  readonly warnings: readonly string[];
  readonly pidFile: string | undefined;
  /** Where USR1 writes the state; undefined: to the log. */
  readonly dump: string | undefined;
  /** Between two consistency checks. */
  readonly checkInterval: Milliseconds | undefined;
  readonly reloadSignals: readonly NodeJS.Signals[];
  /** Files and directories for whose changes the configuration is read again. */
  readonly watched: readonly string[];
  /** USR2 has the next version of acceptd take over. */
  readonly upgradesOnSignal: boolean;
  readonly upgradeDeadline: Milliseconds;
  /** It ends when nobody has been answered for so long. */
  readonly exitIdleTime: Milliseconds | undefined;
  /** Where each connection's moments are written. */
  readonly trace: string | undefined;
  /** Writes to stderr too what is wrong with the first configuration, for who has called the start. */
  readonly tellsCaller: boolean;
  /** Says on stdout what listens and how to try it. */
  readonly announces: boolean;
  /** Called once, when everything listens that can. */
  readonly onReady: () => void;
};

/** What most servers are told. */
export const usualServer = {
  emptyStart: 'refused-with-mistakes',
  drain: seconds(10),
  drainDelay: seconds(0),
  control: withoutControl,
  hasMetrics: false,
  isStrictReload: false,
  processLimit: undefined,
  logLevel: 'info',
  logFormat: 'auto',
  daemonLog: { kind: 'records' },
  syslogFormat: 'rfc3164',
  warnings: [],
  pidFile: undefined,
  dump: undefined,
  checkInterval: undefined,
  reloadSignals: ['SIGHUP'],
  watched: [],
  upgradesOnSignal: false,
  upgradeDeadline: seconds(30),
  exitIdleTime: undefined,
  trace: undefined,
  tellsCaller: false,
  announces: false,
  onReady: () => undefined,
} as const satisfies Omit<ServerOptions, 'load'>;
