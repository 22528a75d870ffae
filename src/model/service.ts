// A service as its configuration wrote it (Service), and as the runtime takes it (ResolvedService).
import type { Access, Banners, Identity } from './access.ts';
import type { ConnectAddress, Endpoint, ListenAddress } from './address.ts';
import type { Daemon, Lifetime, StartTexts } from './daemon.ts';
import type { Origin } from './diagnostic.ts';
import type { Limits } from './limits.ts';
import type { Milliseconds } from './quantity.ts';
import type { ServiceLog } from './service-log.ts';
import type { SocketSettings } from './socket-settings.ts';

export type { SocketSettings } from './socket-settings.ts';

/** Dialects of inetd.conf; `acceptd` is the native language, the union of the others. */
export const dialects = ['acceptd', 'openbsd', 'debian', 'freebsd', 'netbsd', 'gnu', 'busybox'] as const;
export type Dialect = (typeof dialects)[number];

/** Everything that a service may be written in. */
export const languages = [...dialects, 'xinetd', 'systemd'] as const;
export type Language = (typeof languages)[number];

export const builtinNames = ['echo', 'discard', 'chargen', 'daytime', 'time', 'tcpmux', 'ident'] as const;
export type BuiltinName = (typeof builtinNames)[number];

/** Host is a name or a number, port a service's name or a number; or host is a unix socket's `/path` or `@name` and port empty. */
export type RelayTarget = { readonly host: string; readonly port: string };

/** Who answers. */
export type Answer =
  | {
      readonly kind: 'program';
      readonly file: string;
      /** argv, with argv[0]; empty where the configuration asks for argc 0. */
      readonly arguments: readonly string[];
    }
  | {
      readonly kind: 'builtin';
      readonly builtin: BuiltinName;
      /** Where the inetds differ in what they say: daytime, chargen. */
      readonly format: 'xinetd' | undefined;
    }
  /**
   * Bytes are copied to and from another address, a RelayTarget.
   */
  | {
      readonly kind: 'relay';
      readonly host: string;
      readonly port: string;
      /** Tried in this order where the first one refuses. */
      readonly fallbacks: readonly RelayTarget[];
      /** Of each address that is tried. */
      readonly connectTimeout: Milliseconds;
      /** Targets that all refuse are tried again for so long; undefined: not at all. A backend has `connectTimeout`. */
      readonly retryFor: Milliseconds | undefined;
      /** The header with the client's address that is sent first. */
      readonly proxyHeader: 'v1' | 'v2' | undefined;
      /** No byte in either direction for so long ends the connection. */
      readonly idleTimeout: Milliseconds | undefined;
      /** The server behind it, started at the first connection; `daemon` of the service says how. */
      readonly backend: { readonly file: string; readonly arguments: readonly string[] } | undefined;
    }
  /** Nobody: who comes is kept out of all services for a while; undefined: only told. */
  | { readonly kind: 'sensor'; readonly denyTime: Milliseconds | 'forever' | undefined };

/** `per-connection` is nowait, `whole-socket` is wait (design.md, section 2). */
export type Mode = 'per-connection' | 'whole-socket';

/** A member of tcpmux: reached through the tcpmux built-in, not through an endpoint of its own. */
export type MuxName = {
  readonly name: string;
  /** `tcpmux/+name`: acceptd says `+Go` before it starts the program. */
  readonly saysGo: boolean;
};

/** SunRPC: the program by name or number, and the versions it is registered for. */
export type RpcProgram = {
  readonly program: string;
  readonly lowVersion: number;
  readonly highVersion: number;
};

/** Names or decimal numbers as written; undefined user: run as acceptd itself runs. */
export type Credentials = {
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** undefined: those of the user in the group database. */
  readonly supplementaryGroups: readonly string[] | undefined;
};

export const resourceNames = [
  'cpu',
  'fsize',
  'data',
  'stack',
  'core',
  'rss',
  'nproc',
  'nofile',
  'memlock',
  'as',
  'locks',
  'sigpending',
  'msgqueue',
  'nice',
  'rtprio',
  'rttime',
] as const;
export type ResourceName = (typeof resourceNames)[number];

/** undefined is unlimited. */
export type ResourceLimit = {
  readonly resource: ResourceName;
  readonly soft: number | undefined;
  readonly hard: number | undefined;
};

/** Capabilities without `cap_`, in lower case (capabilities(7)); undefined leaves what there is. */
export type Privileges = {
  readonly bounding: readonly string[] | undefined;
  readonly ambient: readonly string[];
  /** Bits of PR_SET_SECUREBITS. */
  readonly secureBits: number | undefined;
  readonly noNewPrivileges: boolean;
};

/** undefined parts are inherited. */
export type Scheduling = {
  /** `other`, `batch`, `idle`, `fifo`, `rr` of sched(7). */
  readonly policy: 'other' | 'batch' | 'idle' | 'fifo' | 'rr' | undefined;
  readonly priority: number | undefined;
  readonly resetsOnFork: boolean;
  /** Processors by number. */
  readonly affinity: readonly number[] | undefined;
  readonly ioClass: 'none' | 'realtime' | 'best-effort' | 'idle' | undefined;
  readonly ioPriority: number | undefined;
  /** -1000 to 1000 (proc(5)). */
  readonly oomScoreAdjust: number | undefined;
};

/** A directory that is made for a service before it starts, and is its user's (systemd.exec(5), RuntimeDirectory=). */
export type ServiceDirectory = {
  /** That of a `configuration` stays root's. */
  readonly kind: 'runtime' | 'state' | 'cache' | 'logs' | 'configuration';
  readonly path: string;
  /** Further names: symbolic links to it. */
  readonly links: readonly string[];
  readonly mode: number;
  /** Whether it is there when the service has ended: only if it is started again right then, or always. */
  readonly keeps: 'no' | 'restart' | 'yes';
};

/** Attributes of the handler's process. */
export type ProcessSettings = {
  /** Whether the handler leads a session of its own, or just a process group. */
  readonly hasSession: boolean;
  readonly nice: number | undefined;
  readonly umask: number | undefined;
  /** `~` is the user's home; `-` before it forgives that it is not there. Both are written by units alone. */
  readonly workingDirectory: string | undefined;
  readonly rootDirectory: string | undefined;
  readonly resourceLimits: readonly ResourceLimit[];
  readonly privileges: Privileges | undefined;
  readonly scheduling: Scheduling | undefined;
  /** SIGPIPE is ignored when the program begins, as systemd has it. */
  readonly ignoresPipe: boolean;
  /** Absent: none. */
  readonly directories?: readonly ServiceDirectory[];
};

/** What a standard descriptor is: what is handed over, /dev/null, the service's log, or a file. */
export type Stream =
  | 'client'
  | 'null'
  | 'log'
  | { readonly path: string; readonly how: 'read' | 'write' | 'append' | 'truncate' };

/** What the handler finds (design.md, section 7). */
export type Surroundings = {
  readonly stdin: Stream;
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** The connection at fd 3 too, with LISTEN_FDS=1, LISTEN_PID and LISTEN_FDNAMES. */
  readonly hasFd3: boolean;
  /** Its name there; undefined: `connection`. */
  readonly descriptorName: string | undefined;
  /** REMOTE_ADDR and its kin, and the UCSPI names. */
  readonly hasAddressVariables: boolean;
  /** Variables that are set, in order. */
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  /** Variables of acceptd's own environment that are passed on; `*` is all of them. */
  readonly passedVariables: readonly string[];
  /** Addresses of IPv4 clients are written as ::ffff:a.b.c.d, to handlers and in the service's log. */
  readonly showsMapped: boolean;
  /**
   * What systemd's services find: INVOCATION_ID, SYSTEMD_EXEC_PID, SO_COOKIE, LISTEN_PIDFDID, USER, and where a user is
   * named HOME, LOGNAME and SHELL.
   */
  readonly hasUnitVariables: boolean;
};

type ServiceParts = {
  /** Unique in a configuration and stable across reloads: `finger/tcp`, `127.0.0.1:7007/udp`, `/run/x.sock`. */
  readonly id: string;
  /** The service's name as written: `finger`, `7007`, `/run/x.sock`, `tcpmux/date`. */
  readonly name: string;
  readonly origin: Origin;
  readonly dialect: Language;
  readonly mux: MuxName | undefined;
  readonly mode: Mode;
  readonly answer: Answer;
  readonly limits: Limits;
  /** undefined: everybody, always. */
  readonly access: Access | undefined;
  readonly banners: Banners | undefined;
  readonly identity: Identity | undefined;
  readonly serviceLog: ServiceLog | undefined;
  readonly process: ProcessSettings;
  readonly surroundings: Surroundings;
  readonly socket: SocketSettings;
  /** A server for all sockets of the service together, or behind its relay; undefined: nobody, or a server for each socket. */
  readonly daemon: Daemon | undefined;
  /** undefined: as long as it takes; TERM, then KILL, at acceptd's own end. */
  readonly lifetime: Lifetime | undefined;
  /** undefined: all of a start is known before it. */
  readonly startTexts: StartTexts | undefined;
};

/** Plain readonly data: printed as JSON, compared for a reload, written in another language, made in a test in one expression. */
export type Service = ServiceParts & {
  /** Empty only for members of tcpmux. */
  readonly endpoints: readonly Endpoint[];
  readonly rpc: RpcProgram | undefined;
  readonly credentials: Credentials;
};

/** undefined parts are left as acceptd's own. */
export type ResolvedCredentials = {
  readonly userName: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** undefined: a number without an account. */
  readonly home: string | undefined;
  readonly shell: string | undefined;
};

export type ResolvedRpc = {
  readonly program: number;
  readonly lowVersion: number;
  readonly highVersion: number;
};

export type ResolvedService = ServiceParts & {
  readonly addresses: readonly ListenAddress[];
  /** Of a relay, in the order in which they are tried. */
  readonly targets: readonly ConnectAddress[];
  readonly rpc: ResolvedRpc | undefined;
  /** undefined: run as acceptd itself runs. */
  readonly credentials: ResolvedCredentials | undefined;
};

/** A handler's process and surroundings with nothing set: a clean environment, the connection as stdin and stdout. */
export const plainProcess: ProcessSettings = {
  hasSession: true,
  nice: undefined,
  umask: undefined,
  workingDirectory: undefined,
  rootDirectory: undefined,
  resourceLimits: [],
  privileges: undefined,
  scheduling: undefined,
  ignoresPipe: false,
};

export const plainSurroundings: Surroundings = {
  stdin: 'client',
  stdout: 'client',
  stderr: 'log',
  hasFd3: false,
  descriptorName: undefined,
  hasAddressVariables: false,
  environment: [],
  passedVariables: [],
  showsMapped: false,
  hasUnitVariables: false,
};

/** A relay that only copies. */
export const plainRelay = {
  fallbacks: [],
  retryFor: undefined,
  proxyHeader: undefined,
  idleTimeout: undefined,
  backend: undefined,
} as const satisfies Partial<Extract<Answer, { readonly kind: 'relay' }>>;

/** What only daemons and units have. */
export const noDaemon = {
  daemon: undefined,
  lifetime: undefined,
  startTexts: undefined,
} as const satisfies Partial<Service>;
