// What the command line says about reading configurations.
import type { Dialect } from '../model/service.ts';

/** undefined leaves what the dialect itself says; 0 switches a limit off. */
export type LoadOptions = {
  /** The language of the named files; `.dialect` in a file changes it from there on. */
  readonly dialect: Dialect;
  /** `auto`: each file is read in the language that it looks like; inetd.conf is one language in many dialects. */
  readonly language: 'auto' | 'inetd' | 'xinetd' | 'systemd';
  /** Words of xinetd.conf may be quoted, which xinetd itself does not know. */
  readonly hasQuotes: boolean;
  /** Addresses of IPv4 clients are written as ::ffff:a.b.c.d where xinetd does so. */
  readonly showsMapped: boolean;
  /** xinetd's handlers find the daemon's umask with 022 added to it; this is the daemon's. */
  readonly umask: number;
  /** The variables that acceptd has itself and can pass on; undefined: nobody knows them, so none is missing. */
  readonly variables: ReadonlySet<string> | undefined;
  /** Units whose directives promise a protection that is not given are served, with a warning. */
  readonly allowsUnprotected: boolean;
  /** Serve entries that stand below an IPsec policy, without IPsec. */
  readonly servesWithoutIpsec: boolean;
  /** `-R`: starts per 60 s of an entry that names no number itself. */
  readonly defaultRate: number | undefined;
  /** `-q`: the listen queue of every service. */
  readonly backlog: number | undefined;
  /** FreeBSD's `-a`: where entries without an address listen. */
  readonly listenHost: string | undefined;
  /** FreeBSD's `-c`: instances at once. */
  readonly defaultInstances: number | undefined;
  /** FreeBSD's `-C`: connections per minute and source. */
  readonly defaultPerSourceRate: number | undefined;
  /** FreeBSD's `-s`: instances at once for one source. */
  readonly defaultPerSource: number | undefined;
  /** GNU's `--environment`: a classic dialect's handlers find the addresses too. */
  readonly hasAddressVariables: boolean;
  /** Debian's `-E`: handlers inherit acceptd's environment. */
  readonly keepsEnvironment: boolean;
  /**
   * For which entries hosts.allow and hosts.deny are consulted. Programs: Debian's and OpenBSD's `-l` means accepted
   * streams, by argv[0]; FreeBSD's `-w` accepted streams and datagrams, by the last part of the path. `-W`: built-ins.
   */
  readonly wraps: { readonly programs: 'none' | 'streams' | 'all'; readonly builtins: boolean };
};

export const defaultLoadOptions: LoadOptions = {
  dialect: 'acceptd',
  language: 'auto',
  hasQuotes: false,
  showsMapped: false,
  umask: 0o022,
  variables: undefined,
  allowsUnprotected: false,
  servesWithoutIpsec: false,
  defaultRate: undefined,
  backlog: undefined,
  listenHost: undefined,
  defaultInstances: undefined,
  defaultPerSourceRate: undefined,
  defaultPerSource: undefined,
  hasAddressVariables: false,
  keepsEnvironment: false,
  wraps: { programs: 'none', builtins: false },
};
