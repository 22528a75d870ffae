// What hosts.allow and hosts.deny say (hosts_access(5), hosts_options(5)): rules, not decisions.
import type { Origin } from './diagnostic.ts';
import type { Milliseconds } from './quantity.ts';
import type { SyslogFacility, SyslogLevel } from './service-log.ts';

/** A word held against a text; texts are in lower case and compared without regard to case. */
export type TextPattern =
  /** ALL. */
  | { readonly kind: 'any' }
  /** KNOWN: any text but `unknown`. */
  | { readonly kind: 'known' }
  /** UNKNOWN and PARANOID are texts too: what is not known has the text `unknown`, a name that lies `paranoid`. */
  | { readonly kind: 'exact'; readonly text: string }
  /** `.example.com`. */
  | { readonly kind: 'ending'; readonly text: string }
  /** `192.0.2.`. */
  | { readonly kind: 'beginning'; readonly text: string }
  /** `*` is any text, `?` any character. */
  | { readonly kind: 'glob'; readonly text: string };

/** A word that is held against a host, which has an address and perhaps a name. */
export type HostPattern =
  /** Held against the address, and against the name too where the word is not made of digits, dots and slashes only. */
  | { readonly kind: 'text'; readonly pattern: TextPattern; readonly isForNames: boolean }
  /** KNOWN: address and name are known. */
  | { readonly kind: 'known-host' }
  /** LOCAL: the name is known and has no dot. */
  | { readonly kind: 'local' }
  /** `192.0.2.0/24`; bits of the network outside the mask make it match nobody. */
  | { readonly kind: 'network4'; readonly network: number; readonly mask: number }
  /** `[2001:db8::]/32`, `[2001:db8::1]`; the scope of a link-local address is the number of an interface. */
  | {
      readonly kind: 'network6';
      readonly bytes: Uint8Array;
      readonly prefix: number;
      readonly scope: number | undefined;
    }
  /** `@group`. */
  | { readonly kind: 'netgroup'; readonly group: string }
  /** `/path`: the patterns in a file; WrapperRules has them. */
  | { readonly kind: 'file'; readonly path: string }
  /** A word that can mean nobody. */
  | { readonly kind: 'nobody' }
  /** A word that could mean anybody: whoever it would have to be held against is refused. */
  | { readonly kind: 'senseless' };

/** `user@host`; undefined: any user, and nobody asks. */
export type WrapperClient = { readonly user: TextPattern | undefined; readonly host: HostPattern };

/** `daemon`, `port`, `daemon@host`: `host` is of our end of the connection. */
export type WrapperServer = {
  readonly daemon: TextPattern | { readonly kind: 'port'; readonly port: number };
  readonly host: HostPattern | undefined;
};

/** `a, b EXCEPT c`: who matches one of the items, and does not match the list of exceptions. */
export type PatternList<Pattern> = {
  readonly items: readonly Pattern[];
  readonly except: PatternList<Pattern> | undefined;
};

export const expansionLetters = ['a', 'A', 'c', 'd', 'h', 'H', 'n', 'N', 'p', 'r', 'R', 's', 'u'] as const;
export type ExpansionLetter = (typeof expansionLetters)[number];

/** A text with %-expansions: pieces as they are, and what is put in for each client. */
export type Template = readonly (string | { readonly letter: ExpansionLetter })[];

export type WrapperOption =
  | { readonly kind: 'allow' }
  | { readonly kind: 'deny' }
  | { readonly kind: 'severity'; readonly facility: SyslogFacility | undefined; readonly level: SyslogLevel }
  /** A command of /bin/sh that decides by its exit status whether the rule matches. */
  | { readonly kind: 'aclexec'; readonly command: Template }
  /** A command of /bin/sh that is run beside the answer. */
  | { readonly kind: 'spawn'; readonly command: Template }
  /** A command of /bin/sh that answers instead of the service. */
  | { readonly kind: 'twist'; readonly command: Template }
  /** The directory's texts are in WrapperRules. */
  | { readonly kind: 'banners'; readonly directory: string }
  | { readonly kind: 'keepalive' }
  | { readonly kind: 'linger'; readonly seconds: number }
  /** Added to the nice value that the handler would have. */
  | { readonly kind: 'nice'; readonly increment: number }
  /** The client's user is asked for, whether a rule needs it or not. */
  | { readonly kind: 'rfc931'; readonly timeout: Milliseconds | undefined }
  /** `NAME VALUE`, still in one. */
  | { readonly kind: 'setenv'; readonly assignment: Template }
  | { readonly kind: 'umask'; readonly mask: number }
  /** Names as written; WrapperRules has their numbers. */
  | { readonly kind: 'user'; readonly user: string | undefined; readonly group: string | undefined }
  /** What cannot be understood; whoever the rule matches is refused. */
  | { readonly kind: 'broken' };

export type WrapperRule = {
  readonly origin: Origin;
  readonly servers: PatternList<WrapperServer>;
  readonly clients: PatternList<WrapperClient>;
  readonly options: readonly WrapperOption[];
};

/** One of the two files. */
export type WrapperTable = {
  readonly rules: readonly WrapperRule[];
  /**
   * `complete`: whoever no rule matches goes on. `broken`: the rules end at a line that cannot be read, and so does what
   * they can admit. `unreadable`: nobody knows what it says.
   */
  readonly ending: 'complete' | 'broken' | 'unreadable';
  /** Of a table that is not complete, where it ends. */
  readonly endsAt: Origin;
};

/** What options name: uid, gid and groups, or undefined where there is no such user. */
export type WrapperUser = {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
};

/** Both files, and all that they name, as it was when they were read. */
export type WrapperRules = {
  readonly allow: WrapperTable;
  readonly deny: WrapperTable;
  /** The patterns of pattern files by path; a file that does not exist is not in it. */
  readonly files: ReadonlyMap<string, readonly HostPattern[] | 'unreadable'>;
  readonly users: ReadonlyMap<string, WrapperUser>;
  readonly groups: ReadonlyMap<string, number>;
  /** The texts of banner directories, by directory and daemon. */
  readonly banners: ReadonlyMap<string, ReadonlyMap<string, Template>>;
  /** Whether a rule speaks of our end of the connection: then the record must have it. */
  readonly needsServerEnd: boolean;
};

const nowhere: Origin = { file: '', line: 1, column: 1 };
const emptyTable: WrapperTable = { rules: [], ending: 'complete', endsAt: nowhere };

/** Without any files everybody is admitted. */
export const noWrapperRules: WrapperRules = {
  allow: emptyTable,
  deny: emptyTable,
  files: new Map(),
  users: new Map(),
  groups: new Map(),
  banners: new Map(),
  needsServerEnd: false,
};
