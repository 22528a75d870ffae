// What runs: the mutable records of services, listeners and instances, and what their functions share.
import type { Rules } from '../admission/judge.ts';
import type { Source, Usage } from '../admission/limits.ts';
import type { SensorList } from '../admission/sensor-list.ts';
import type { SourceRates } from '../admission/source-rates.ts';
import type { ListenAddress } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { ExitStatus, Failure, Observer } from '../model/event.ts';
import type { Limits } from '../model/limits.ts';
import type { Milliseconds } from '../model/quantity.ts';
import type { RecipeRequest } from '../model/recipe.ts';
import type { ConnectionRecord } from '../model/record.ts';
import type { SocketSettings } from '../model/socket-settings.ts';
import type { WrapperRules } from '../model/wrapper-rules.ts';
import type { Accepted, Kernel } from '../native/kernel.ts';
import type { Prepared, Surface, Talk } from '../serve/surface.ts';
import type { Banners } from './banners.ts';
import type { DirectoryHold, DirectoryKeeper } from './directory-holds.ts';
import type { HandlerLog } from './handler-log.ts';
import type { Keeper } from './inheritance.ts';
import type { Doubt, Waiting } from './queue.ts';
import type { KeptFile } from './socket-file.ts';
import type { SocketOption } from './socket-options.ts';

/** A wait that grows with each failure in a row; `cancel` is set while it runs. */
export type Patience = {
  failures: number;
  cancel: (() => void) | undefined;
  /** When it is over, where that is asked for. */
  until?: Milliseconds;
};

/** The daemon of a service, as everybody else sees it. */
export type DaemonHandle = {
  /** Somebody waits at one of its listeners and may be served. */
  readonly trigger: () => void;
  /** Whether clients at its listeners are to be told of. */
  readonly awaitsClients: () => boolean;
  readonly holds: (listener: RunningListener) => boolean;
  readonly mainPid: () => number | undefined;
  /** Processes that acceptd knows by name. */
  readonly processes: () => number;
  /** It waits before its next start. */
  readonly isPausing: () => boolean;
  /** Starts are allowed again: one that was put off comes now. */
  readonly resume: () => void;
  /** Sends a signal to all its processes; how many have got it. */
  readonly signal: (signal: number) => number;
};

export type RunningService = {
  prepared: Prepared;
  /** undefined: everybody may come, always. */
  rules: Rules | undefined;
  /** Those of its configuration, or what somebody has made of them until the next reload. */
  limits: Limits;
  /** What its handler is started from, for those who have to change something of it. */
  request: () => RecipeRequest;
  /** Kept across reloads as long as the service exists, under whatever name. */
  readonly usage: Usage;
  log: HandlerLog | undefined;
  /** The log that its processes write to, if they do. */
  openLog: () => HandlerLog | undefined;
  daemon: DaemonHandle | undefined;
  /** Those of its processes that serve one client each; a daemon has its own. */
  readonly directories: DirectoryHold;
  readonly listeners: Set<RunningListener>;
  /** At its limit of instances: clients wait in the kernel's queue. */
  isHeld: boolean;
  /** By somebody's wish, until it is resumed: nobody new is let in, and what runs goes on. */
  isPaused: boolean;
  /** Beyond its rate: set until it listens again. */
  suspension: (() => void) | undefined;
  suspendedUntil: Milliseconds | undefined;
  /** Its clients for whom something is awaited. */
  visitors: number;
  /** Those of them who were told of as answered or refused already: they wait for a backend, or hear why they are refused. */
  toldVisitors: number;
};

export type RunningListener = {
  readonly key: string;
  address: ListenAddress;
  service: RunningService;
  /** undefined while it cannot be opened. */
  descriptor: Descriptor | undefined;
  /** Of the socket file, so that nobody else's is removed. */
  inode: number | undefined;
  isWatched: boolean;
  /** Something is being found out about whoever waits at its head. */
  isAsking: boolean;
  /** A reload is under way that its socket, or another one of its daemon's, is not in line with yet: clients wait. */
  isChanging: boolean;
  /** What was set on its socket, as a text to compare, and the settings in it. */
  tuning: string;
  settings: SocketSettings;
  /** What has to be set on each of its connections too; none, most often. */
  acceptedOptions: readonly SocketOption[];
  /** Who else has its socket, and keeps it when we end; and the name under which it came, where it came from somebody. */
  keeper: Keeper;
  inheritedName: string;
  /** A second name of its socket file, from when a daemon got it first. */
  spare: KeptFile | Failure | undefined;
  /** The kernel keeps some out. */
  isFiltered: boolean;
  /** The server that has the whole socket now. */
  owner: number | undefined;
  /** The daemon that has it, with others perhaps. */
  holder: DaemonHandle | undefined;
  readonly opening: Patience;
  readonly respawning: Patience & Doubt;
};

/** Whether somebody else has the socket now. */
export const isLent = ({ owner, holder }: RunningListener): boolean =>
  owner !== undefined || holder !== undefined;

/** How a process ended; `failure` is set when it did not become the program. */
export type ProcessEnd = { readonly status: ExitStatus; readonly failure: Failure | undefined };

/** A process of a daemon: its main one, or a command beside it. */
export type DaemonProcess = { readonly file: string; readonly onEnded: (end: ProcessEnd) => void };

export type Instance = {
  readonly pid: number;
  readonly service: RunningService;
  readonly source: Source | undefined;
  /** The client's, where it has one. */
  readonly record: ConnectionRecord | undefined;
  readonly startedAt: Milliseconds;
  /** In whole-socket mode, what it holds and what waited there when it began. */
  readonly lent: { readonly listener: RunningListener; readonly waiting: Waiting } | undefined;
  /** Of a daemon's: it serves nobody by name, and counts in no limit. */
  readonly daemon: DaemonProcess | undefined;
};

/** What a client has heard already. */
export type Heard = {
  /** The first banner; what is left of it is unsaid. */
  readonly isGreeted: boolean;
  /** The banner of those who are let in. */
  readonly isWelcomed: boolean;
  /** To be said before anything else. */
  readonly unsaid: Uint8Array | undefined;
};

export const nothingHeard: Heard = { isGreeted: false, isWelcomed: false, unsaid: undefined };

/** A client that is given up by whoever lets it wait: to be decided on again. */
export type Surrendered = {
  readonly client: Accepted;
  readonly through: 'listener' | 'mux';
  readonly heard: Heard;
};

/**
 * `surrender` undefined: it is hearing its last words; `elsewhere`: a relay has it, which is handed over as such;
 * `not-now`: something has begun that must not be done twice.
 */
export type Visitor = {
  readonly service: RunningService;
  readonly dismiss: () => void;
  readonly surrender: (() => Surrendered | undefined) | 'elsewhere' | 'not-now' | undefined;
};

export type RunningTalk = {
  readonly service: RunningService;
  readonly source: Source | undefined;
  readonly talk: Talk;
};

/** A built-in or a relay in progress. */
export type BuiltinInstance = {
  readonly service: RunningService;
  readonly what: 'built-in' | 'relay';
  readonly record: ConnectionRecord;
  readonly startedAt: Milliseconds;
};

/** What the functions of the runtime share; one for a process. */
export type Runtime = {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly sourceRates: SourceRates;
  readonly surface: Surface;
  readonly services: Map<string, RunningService>;
  readonly listeners: Map<string, RunningListener>;
  readonly instances: Map<number, Instance>;
  /** Clients of all services for whom something is awaited; to be dismissed at the end. */
  readonly visitors: Set<Visitor>;
  readonly banners: Banners;
  readonly directories: DirectoryKeeper;
  /** Who has called a sensor; kept across reloads. */
  readonly sensors: SensorList;
  /** hosts.allow and hosts.deny; undefined: they are not consulted. */
  wrapperRules: WrapperRules | undefined;
  /** Of one minute. */
  readonly loadAverage: () => number;
  /** Processes of all services together; Infinity without a limit. */
  readonly processLimit: number;
  /** Built-ins and relays by what stops them. */
  readonly builtins: Map<() => void, BuiltinInstance>;
  /** The same, with what the next version of acceptd needs to go on with them. */
  readonly talks: Map<() => void, RunningTalk>;
  /** Logs of services that are gone, whose handlers may still write. */
  readonly endingLogs: Map<HandlerLog, string>;
  /** Out of descriptors or processes: nothing is accepted until the pause is over. */
  readonly shortage: Patience & { of: 'descriptors' | 'processes' };
  /** Given up when there is no other descriptor, to tell one client so. */
  reserve: Descriptor | undefined;
  isDraining: boolean;
  /** The next version of acceptd is about to take over: nobody is accepted and nothing starts. */
  isHandingOver: boolean;
  /** Called when the last answer ends while draining. */
  whenIdle: (() => void) | undefined;
};

/** Processes that serve somebody, and built-ins, together; daemons have ends of their own. */
export const countAnswers = ({ instances, builtins }: Runtime): number =>
  listAnswers(instances).length + builtins.size;

export const listAnswers = (instances: Runtime['instances']): readonly Instance[] =>
  [...instances.values()].filter(({ daemon }) => daemon === undefined);
