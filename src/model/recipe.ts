// How to start a handler, in the words of the kernel; native/kernel.ts has it compiled for the addon.
import type { Descriptor } from './descriptor.ts';

/** What descriptor N of a handler is: what was handed over, /dev/null, or one of acceptd's own descriptors. */
export type LayoutEntry = 'handed' | 'null' | Descriptor;

/** Parts of a record that can be an environment variable; the order is that of native/record.hh. */
export const addressFields = [
  'remoteAddress',
  'remotePort',
  'localAddress',
  'localPort',
  'mappedRemoteAddress',
  'peerPid',
  'peerUid',
  'peerGid',
] as const;
export type AddressField = (typeof addressFields)[number];

export type RecipeRequest = {
  /** Absolute, or relative to acceptd's working directory; seen after the change of root. */
  readonly file: string;
  readonly arguments: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  /** Variables that are filled in for each connection. */
  readonly addressVariables: readonly { readonly name: string; readonly field: AddressField }[];
  readonly hasListenPid: boolean;
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
  /** Where the child sends the descriptor of its filter of bind(2) and listen(2); undefined: there is no filter. */
  readonly adoptChannel?: Descriptor | undefined;
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
