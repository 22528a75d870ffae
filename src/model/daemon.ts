// A server that is started once for all sockets of its service, or behind a relay: how it is told, awaited, restarted and stopped.
import { type Milliseconds, milliseconds, seconds } from './quantity.ts';

/** How a server learns which sockets are its own. */
export const activations = ['inetd', 'listen-fds', 'nginx', 'php-fpm', 'none', 'adopt'] as const;
/**
 * - `inetd`: the one socket is its stdin and stdout;
 * - `listen-fds`: descriptors from 3 on with LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES (sd_listen_fds(3));
 * - `nginx`: the same descriptors with `NGINX=3;4;`;
 * - `php-fpm`: the same with `FPM_SOCKETS=ADDRESS=3,ADDRESS=4`;
 * - `none`: the same descriptors and no word about them;
 * - `adopt`: none; where it binds an address of its service, it gets our socket (seccomp_unotify(2)).
 */
export type Activation = (typeof activations)[number];

/** When a start has succeeded, as Type= of systemd.service(5) has it. */
export const daemonTypes = ['simple', 'exec', 'forking', 'oneshot', 'notify', 'notify-reload'] as const;
export type DaemonType = (typeof daemonTypes)[number];

/** Whose messages to the notify socket count. */
export const notifyAccesses = ['none', 'main', 'exec', 'all'] as const;
export type NotifyAccess = (typeof notifyAccesses)[number];

/**
 * When a server takes connections: when its type says so; when a TCP port or unix socket of its own answers (a relay's
 * target); when a line of its output matches; when it has called listen(2) (adopt); or after a while.
 */
export type Readiness =
  | { readonly kind: 'type' }
  | { readonly kind: 'probe' }
  | { readonly kind: 'line'; readonly pattern: string }
  | { readonly kind: 'listen' }
  | { readonly kind: 'delay'; readonly duration: Milliseconds };

/** Statuses of an end, as SuccessExitStatus= and its kin name them; signals by number. */
export type EndStatuses = { readonly codes: readonly number[]; readonly signals: readonly number[] };

export const killModes = ['control-group', 'mixed', 'process', 'none'] as const;
export type KillMode = (typeof killModes)[number];

/** How processes of a service are ended: signals by number. */
export type Ending = {
  readonly mode: KillMode;
  readonly signal: number;
  /** In place of `signal` where it is started again right after. */
  readonly restartSignal?: number;
  readonly finalSignal: number;
  /** SIGHUP right after the first signal. */
  readonly hangsUp: boolean;
  /** `finalSignal` where the time is over. */
  readonly kills: boolean;
  /** undefined: as long as it takes. */
  readonly timeout: Milliseconds | undefined;
};

/** A command line of a unit, `%`-specifiers replaced, `$` not yet. */
export type CommandLine = {
  /** Absolute, or a name that is searched in PATH. */
  readonly file: string;
  /** argv with argv[0]. U+0000 with a letter after it is a specifier of the instance (see StartTexts). */
  readonly arguments: readonly string[];
  /** `$NAME` is a word for each part of the value, `${NAME}` one word, `$$` a dollar sign (systemd.service(5)). */
  readonly expandsVariables: boolean;
  /** After the prefix `-`. */
  readonly forgivesFailure: boolean;
  /** After `+` it keeps all rights of acceptd, after `!` the user alone. */
  readonly rights: 'service' | 'keeps-user' | 'full';
};

export const restartWhens = [
  'no',
  'on-success',
  'on-failure',
  'on-abnormal',
  'on-watchdog',
  'on-abort',
  'always',
] as const;
export type RestartWhen = (typeof restartWhens)[number];

export type Restart = {
  readonly when: RestartWhen;
  readonly pause: Milliseconds;
  /** From `pause` to `longestPause` in so many steps; 0: always `pause`. */
  readonly steps: number;
  readonly longestPause: Milliseconds;
  readonly prevent: EndStatuses;
  readonly force: EndStatuses;
};

export type Daemon = {
  readonly activation: Activation;
  readonly type: DaemonType;
  /** false: it is started with its listeners and again when it ends, not at the first connection. */
  readonly onDemand: boolean;
  readonly readiness: Readiness;
  /** Sockets are handed over with O_NONBLOCK. */
  readonly isNonBlocking: boolean;
  /** LISTEN_PID is its pid; `omit` for servers behind a wrapper that forks. */
  readonly listenPid: 'own' | 'omit';
  readonly notifyAccess: NotifyAccess;
  /** FDSTORE=1: how many descriptors are kept for it. */
  readonly storeLimit: number;
  readonly pidFile: string | undefined;
  /** undefined: as long as it takes. */
  readonly startTimeout: Milliseconds | undefined;
  readonly abortTimeout: Milliseconds | undefined;
  /** WATCHDOG=1 must come in each such time. */
  readonly watchdog: Milliseconds | undefined;
  readonly watchdogSignal: number;
  readonly restart: Restart;
  /** So many starts in a window; beyond it clients wait for the rest of the window. */
  readonly startLimit: { readonly count: number; readonly window: Milliseconds } | undefined;
  /** A oneshot that has ended well counts as running. */
  readonly remainsAfterExit: boolean;
  /** What waits is turned away when it ends (FlushPending=). */
  readonly flushesPending: boolean;
  /** It is stopped when no connection has been open on its sockets for so long. */
  readonly idleStop: Milliseconds | undefined;
  readonly startBefore: readonly CommandLine[];
  readonly startAfter: readonly CommandLine[];
  /** ExecStart= of a oneshot has several: those after the first one. */
  readonly furtherStarts: readonly CommandLine[];
  readonly reload: readonly CommandLine[];
  readonly reloadSignal: number;
  readonly stop: readonly CommandLine[];
  readonly stopAfter: readonly CommandLine[];
};

/** How long processes of a service live and how they end: instances of a connection and daemons alike. */
export type Lifetime = {
  readonly ending: Ending;
  /** RuntimeMaxSec=: ended then. */
  readonly longest: Milliseconds | undefined;
  /** Ends that are no failure, besides exit status 0. */
  readonly success: EndStatuses;
};

/**
 * Parts of a start that are only known at the start. In all texts of the service, U+0000 with a letter after it stands for
 * a specifier of the instance: `i`, `I`, `n`, `N`, as systemd.unit(5) has them; files of variables are read at each start.
 */
export type StartTexts = {
  readonly command: CommandLine;
  readonly environmentFiles: readonly { readonly path: string; readonly isOptional: boolean }[];
  /** Variables that are taken out at last. */
  readonly unsetVariables: readonly string[];
  /** Something in it depends on the instance, so that no two starts are the same. */
  readonly isPerInstance: boolean;
};

const noStatuses: EndStatuses = { codes: [], signals: [] };

/** What holds where nothing is written, as in systemd.service(5); by number SIGHUP, SIGABRT. */
export const plainDaemon: Daemon = {
  activation: 'listen-fds',
  type: 'simple',
  onDemand: true,
  readiness: { kind: 'type' },
  isNonBlocking: false,
  listenPid: 'own',
  notifyAccess: 'main',
  storeLimit: 0,
  pidFile: undefined,
  startTimeout: seconds(90),
  abortTimeout: seconds(90),
  watchdog: undefined,
  watchdogSignal: 6,
  restart: {
    when: 'no',
    pause: milliseconds(100),
    steps: 0,
    longestPause: milliseconds(100),
    prevent: noStatuses,
    force: noStatuses,
  },
  startLimit: { count: 5, window: seconds(10) },
  remainsAfterExit: false,
  flushesPending: false,
  idleStop: undefined,
  startBefore: [],
  startAfter: [],
  furtherStarts: [],
  reload: [],
  reloadSignal: 1,
  stop: [],
  stopAfter: [],
};

/** SIGTERM and after 90 s SIGKILL to all processes; an end by SIGHUP, SIGINT, SIGPIPE or SIGTERM is no failure. */
export const plainLifetime: Lifetime = {
  ending: {
    mode: 'control-group',
    signal: 15,
    finalSignal: 9,
    hangsUp: false,
    kills: true,
    timeout: seconds(90),
  },
  longest: undefined,
  success: { codes: [], signals: [1, 2, 13, 15] },
};
