// The one table of the meanings on which the dialects of inetd.conf contradict each other.
import type { Family } from '../../model/address.ts';
import { type Milliseconds, milliseconds, seconds } from '../../model/quantity.ts';
import type { Dialect, Language } from '../../model/service.ts';
import type { WordRules } from '../words.ts';

export type Meaning = WordRules & {
  readonly dialect: Dialect;
  /** What follows `tcp` or `udp` -> family. */
  readonly families: ReadonlyMap<string, Family>;
  /** A line that begins with a blank continues the entry above it. */
  readonly hasContinuation: boolean;
  /** The dialect's own daemon takes an indented comment below an entry for arguments. */
  readonly swallowsIndentedComments: boolean;
  /** Where the dialect's own daemon cuts a line or its arguments; acceptd does not, but says so. */
  readonly lineBytes: number | undefined;
  readonly argumentCount: number | undefined;
  /** argv of an entry that names none. */
  readonly missingArguments: 'base-name' | 'path' | 'none';
  /** What may separate a number from `wait` and `nowait`. */
  readonly waitSeparators: string;
  /** Numbers may be written as in C: `0x10`, `010`. */
  readonly hasCNumbers: boolean;
  /** Starts per `window` when the entry says nothing. */
  readonly defaultRate: number | undefined;
  readonly pause: Milliseconds;
  /** A number in the wait field can only lower the default rate. */
  readonly onlyLowersRate: boolean;
  readonly hasHosts: boolean;
  /** `:service` means `*:service`. */
  readonly hasEmptyHost: boolean;
  readonly hasUnix: boolean;
  /** A unix path that begins with `@` is an abstract name, not a file of that name. */
  readonly hasAbstractNames: boolean;
  /** `:user:group:mode:/path`. */
  readonly hasUnixOwner: boolean;
  readonly unixMode: number;
  readonly umask: number | undefined;
  readonly hasRpc: boolean;
  /** Version of an rpc entry that names none. */
  readonly rpcVersion: number | undefined;
  readonly hasMux: boolean;
  /** A tcpmux listener appears by itself when there are members. */
  readonly addsMuxListener: boolean;
  readonly hasBuffers: boolean;
  /** `stream,COUNT:FILTER`. */
  readonly hasAcceptSuffixes: boolean;
  readonly hasLoginClass: boolean;
  /** `user.group`. */
  readonly hasDotGroup: boolean;
  /** `name on key = value, ... ;` and `.include`. */
  readonly hasKeys: boolean;
  /** `#@ policy`; `recognisable` takes only what reads like one, because `#@` is a comment to most people. */
  readonly policies: 'none' | 'recognisable' | 'any';
  /** A program without a slash is searched in PATH. */
  readonly searchesPath: boolean;
  /** stderr in the log, fd 3 and address variables (design.md, section 7). */
  readonly hasModernSurroundings: boolean;
};

/** Every rate of inetd counts in this window. */
export const rateWindow = seconds(60);

const plain = (family: Family, others: Readonly<Record<string, Family>>): ReadonlyMap<string, Family> =>
  new Map([['', family], ...Object.entries(others)]);

const openbsd: Meaning = {
  dialect: 'openbsd',
  families: plain('v4', { 4: 'v4', 6: 'v6' }),
  quoting: 'none',
  comments: 'first-column',
  hasContinuation: true,
  swallowsIndentedComments: true,
  lineBytes: 1023,
  argumentCount: 20,
  missingArguments: 'base-name',
  waitSeparators: '.',
  hasCNumbers: true,
  defaultRate: 256,
  pause: seconds(600),
  onlyLowersRate: false,
  hasHosts: true,
  hasEmptyHost: true,
  hasUnix: true,
  hasAbstractNames: false,
  hasUnixOwner: false,
  unixMode: 0o666,
  umask: 0o022,
  hasRpc: true,
  rpcVersion: undefined,
  hasMux: false,
  addsMuxListener: false,
  hasBuffers: false,
  hasAcceptSuffixes: false,
  hasLoginClass: false,
  hasDotGroup: true,
  hasKeys: false,
  policies: 'none',
  searchesPath: false,
  hasModernSurroundings: false,
};

const debian: Meaning = {
  ...openbsd,
  dialect: 'debian',
  families: plain('both', { 4: 'v4', 6: 'v6', 46: 'dual' }),
  hasBuffers: true,
};

const freebsd: Meaning = {
  ...openbsd,
  dialect: 'freebsd',
  families: plain('v4', { 4: 'v4', 6: 'v6', 46: 'dual', 64: 'dual' }),
  quoting: 'leading',
  lineBytes: 2048,
  missingArguments: 'none',
  waitSeparators: '/',
  hasCNumbers: false,
  hasHosts: false,
  hasEmptyHost: false,
  hasUnixOwner: true,
  unixMode: 0o200,
  umask: undefined,
  rpcVersion: 1,
  hasMux: true,
  hasLoginClass: true,
  hasDotGroup: false,
  policies: 'any',
};

const netbsd: Meaning = {
  ...openbsd,
  dialect: 'netbsd',
  quoting: 'anywhere',
  lineBytes: 2048,
  argumentCount: 64,
  missingArguments: 'none',
  waitSeparators: '.:',
  hasCNumbers: false,
  defaultRate: 40,
  hasEmptyHost: false,
  unixMode: 0o755,
  umask: undefined,
  hasMux: true,
  hasBuffers: true,
  hasAcceptSuffixes: true,
  hasKeys: true,
  policies: 'any',
};

const gnu: Meaning = {
  ...openbsd,
  dialect: 'gnu',
  families: plain('v4', { 4: 'v4', 6: 'v6', '6only': 'v6' }),
  quoting: 'anywhere',
  hasContinuation: false,
  swallowsIndentedComments: false,
  lineBytes: undefined,
  argumentCount: undefined,
  hasCNumbers: false,
  defaultRate: 1000,
  onlyLowersRate: true,
  hasEmptyHost: false,
  hasUnix: false,
  umask: undefined,
  hasRpc: false,
  hasMux: true,
  addsMuxListener: true,
  hasBuffers: true,
};

const busybox: Meaning = {
  ...openbsd,
  dialect: 'busybox',
  families: plain('v4', { 6: 'dual' }),
  comments: 'anywhere',
  hasContinuation: false,
  swallowsIndentedComments: false,
  lineBytes: undefined,
  missingArguments: 'path',
  hasCNumbers: false,
  defaultRate: undefined,
  pause: seconds(60),
  hasEmptyHost: false,
  unixMode: 0o755,
  umask: undefined,
  searchesPath: true,
};

const acceptd: Meaning = {
  dialect: 'acceptd',
  families: plain('both', { 4: 'v4', 6: 'v6', 46: 'dual', 64: 'dual', '6only': 'v6' }),
  quoting: 'anywhere',
  comments: 'before-word',
  hasContinuation: true,
  swallowsIndentedComments: false,
  lineBytes: undefined,
  argumentCount: undefined,
  missingArguments: 'base-name',
  waitSeparators: '.:/',
  hasCNumbers: false,
  defaultRate: undefined,
  pause: milliseconds(60_000),
  onlyLowersRate: false,
  hasHosts: true,
  hasEmptyHost: true,
  hasUnix: true,
  hasAbstractNames: true,
  hasUnixOwner: true,
  unixMode: 0o666,
  umask: undefined,
  hasRpc: true,
  rpcVersion: 1,
  hasMux: true,
  addsMuxListener: false,
  hasBuffers: true,
  hasAcceptSuffixes: true,
  hasLoginClass: true,
  hasDotGroup: true,
  hasKeys: true,
  policies: 'recognisable',
  searchesPath: true,
  hasModernSurroundings: true,
};

export const meanings: Readonly<Record<Dialect, Meaning>> = {
  acceptd,
  openbsd,
  debian,
  freebsd,
  netbsd,
  gnu,
  busybox,
};

/** Whether a program without a slash is searched in PATH. */
export const searchesPath = (language: Language): boolean =>
  language === 'systemd' || (language !== 'xinetd' && meanings[language].searchesPath);
