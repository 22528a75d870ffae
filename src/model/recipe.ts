// How to start a handler, in the words of the kernel; native/kernel.ts has it compiled for the addon.
import type { Descriptor } from './descriptor.ts';

/** A file that is opened at the start, with acceptd's rights; one that is not there is made unless it is read. */
export type LayoutFile = {
  readonly path: string;
  readonly how: 'read' | 'write' | 'append' | 'truncate';
};

/** What descriptor N of a handler is: what was handed over, /dev/null, one of acceptd's own descriptors, or a file. */
export type LayoutEntry = 'handed' | 'null' | Descriptor | LayoutFile;

/** Parts of a connection that can be an environment variable; the order is that of native/record.hh. */
export const addressFields = [
  'remoteAddress',
  'remotePort',
  'localAddress',
  'localPort',
  'mappedRemoteAddress',
  'peerPid',
  'peerUid',
  'peerGid',
  /** The path or `@name` of a unix peer that has one. */
  'peerName',
  /** SO_COOKIE of socket(7). */
  'cookie',
] as const;
export type AddressField = (typeof addressFields)[number];

/** Capabilities by number. */
export type RecipePrivileges = {
  /** What is kept of the bounding set; undefined: all. */
  readonly bounding: readonly number[] | undefined;
  readonly ambient: readonly number[];
  /** Bits of PR_SET_SECUREBITS. */
  readonly secureBits: number | undefined;
  readonly noNewPrivileges: boolean;
};

/** Policy, class and flags by number. */
export type RecipeScheduling = {
  readonly scheduler:
    | { readonly policy: number; readonly priority: number; readonly resetsOnFork: boolean }
    | undefined;
  /** Processors by number. */
  readonly affinity: readonly number[] | undefined;
  /** As ioprio_set(2) takes it. */
  readonly ioPriority: number | undefined;
  readonly oomScoreAdjust: number | undefined;
};

export type RecipeRequest = {
  /** Absolute, or relative to acceptd's working directory; seen after the change of root. */
  readonly file: string;
  readonly arguments: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  /** Variables that are filled in for each connection. */
  readonly addressVariables: readonly { readonly name: string; readonly field: AddressField }[];
  /** Variables whose value is the handler's own pid. */
  readonly pidVariables: readonly string[];
  /** LISTEN_PIDFDID: the inode of the handler's pidfd, where the kernel has one (Linux 6.9). */
  readonly hasPidfdVariable: boolean;
  /** INVOCATION_ID: 128 random bits of each start. */
  readonly hasInvocationId: boolean;
  readonly layout: readonly LayoutEntry[];
  /** A session of its own (setsid), or just a process group (setpgid). */
  readonly hasSession: boolean;
  /** Negative is unlimited. */
  readonly resourceLimits: readonly {
    readonly resource: number;
    readonly soft: number;
    readonly hard: number;
  }[];
  readonly nice: number | undefined;
  readonly umask: number | undefined;
  readonly rootDirectory: string | undefined;
  readonly workingDirectory: string | undefined;
  readonly credentials:
    | { readonly uid: number; readonly gid: number; readonly groups: readonly number[] }
    | undefined;
  readonly privileges: RecipePrivileges | undefined;
  readonly scheduling: RecipeScheduling | undefined;
  /** SIGPIPE is ignored when the program begins. */
  readonly ignoresPipe: boolean;
  /** Where the child sends the descriptor of its filter of bind(2) and listen(2); undefined: there is no filter. */
  readonly adoptChannel: Descriptor | undefined;
};

/** A start with nothing set that costs anything. */
export const plainRecipe: Omit<RecipeRequest, 'file' | 'arguments' | 'layout'> = {
  environment: [],
  addressVariables: [],
  pidVariables: [],
  hasPidfdVariable: false,
  hasInvocationId: false,
  hasSession: true,
  resourceLimits: [],
  nice: undefined,
  umask: undefined,
  rootDirectory: undefined,
  workingDirectory: undefined,
  credentials: undefined,
  privileges: undefined,
  scheduling: undefined,
  ignoresPipe: false,
  adoptChannel: undefined,
};

/** Linux's numbers of the limits, in the order that both x86-64 and arm64 have (asm-generic/resource.h). */
const resourceNumbers = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;
export const resourceNumber = (name: keyof typeof resourceNumbers): number => resourceNumbers[name];
