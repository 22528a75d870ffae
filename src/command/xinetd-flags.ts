// xinetd's flags, with one dash, and ours beside them, with two: words to settings.
import { parseCount } from '../model/quantity.ts';
import { syslogFacilities } from '../model/service-log.ts';
import { type LogLevel, logLevels } from '../operate/log.ts';
import { type SyslogFormat, syslogFormats } from '../operate/syslog-message.ts';
import type { LogFormat } from './record-log.ts';
import type { DaemonLog } from './server-log.ts';

export type XinetdFlags = {
  readonly file: string;
  readonly isDebug: boolean;
  readonly staysInFront: boolean;
  readonly staysAlive: boolean;
  /** undefined: none was named; empty: none is wished. */
  readonly pidFile: string | undefined;
  readonly daemonLog: DaemonLog | undefined;
  readonly processLimit: number | undefined;
  /** Seconds between two consistency checks. */
  readonly checkInterval: number | undefined;
  readonly readsInetdConf: boolean;
  readonly wanted: 'server' | 'version' | 'help';
  readonly hasQuotes: boolean;
  readonly showsMapped: boolean;
  readonly isStrictReload: boolean;
  readonly skipsWrappers: boolean;
  readonly isGuarded: boolean;
  readonly logLevel: LogLevel | undefined;
  readonly logFormat: LogFormat;
  readonly syslogFormat: SyslogFormat;
  /** Seconds. */
  readonly drain: number;
  readonly drainDelay: number;
  readonly control: string | undefined;
  readonly controlGroup: string | undefined;
  readonly controlHttp: string | undefined;
  readonly dump: string;
  /** What was written and does not do what somebody may expect. */
  readonly warnings: readonly string[];
};

/** A flag: with `takes`, the word behind it is its value. `read` gives what changes, or says what is wrong with the value. */
type Flag = {
  readonly takes: boolean;
  readonly read: (value: string, before: XinetdFlags) => Partial<XinetdFlags> | string;
};

const set = (change: Partial<XinetdFlags>): Flag => ({ takes: false, read: () => change });

const take = (read: Flag['read']): Flag => ({ takes: true, read });

const takeNumber = (least: number, change: (value: number) => Partial<XinetdFlags>): Flag =>
  take((written) => {
    const number = parseCount(written);
    return number === undefined || number < least ? `takes a whole number from ${least} on` : change(number);
  });

const takeOne = <Choice extends string>(
  choices: readonly Choice[],
  change: (choice: Choice) => Partial<XinetdFlags>,
): Flag =>
  take((written) => {
    const choice = choices.find((each) => each === written);
    return choice === undefined ? `takes one of ${choices.join(', ')}` : change(choice);
  });

const warn = ({ warnings }: XinetdFlags, why: string): Partial<XinetdFlags> => ({
  warnings: [...warnings, why],
});

const useless = (takes: boolean, why: string): Flag => ({ takes, read: (_, before) => warn(before, why) });

const bothLogs = 'cannot stand beside the other one of -filelog and -syslog';

/** A message goes to `daemon` where nobody knows the facility: so it does with xinetd. */
const takeFacility: Flag['read'] = (written, before) => {
  if (before.daemonLog !== undefined) return bothLogs;
  const facility = syslogFacilities.find((name) => name === written.toLowerCase());
  const daemonLog = { kind: 'syslog', facility: facility ?? 'daemon' } as const;
  if (facility !== undefined) return { daemonLog };
  return { daemonLog, ...warn(before, `-syslog '${written}' is no facility; daemon is used`) };
};

const takeLogFile: Flag['read'] = (path, { daemonLog }) =>
  daemonLog === undefined ? { daemonLog: { kind: 'file', path } } : bothLogs;

const flags: ReadonlyMap<string, Flag> = new Map([
  ['-d', set({ isDebug: true })],
  ['-f', take((file) => ({ file }))],
  ['-filelog', take(takeLogFile)],
  ['-syslog', take(takeFacility)],
  ['-pidfile', take((pidFile) => ({ pidFile }))],
  ['-dontfork', set({ staysInFront: true, staysAlive: true })],
  ['-stayalive', set({ staysAlive: true })],
  ['-limit', takeNumber(1, (processLimit) => ({ processLimit }))],
  ['-cc', takeNumber(1, (checkInterval) => ({ checkInterval }))],
  ['-inetd_compat', set({ readsInetdConf: true })],
  ['-version', set({ wanted: 'version' })],
  ['-logprocs', useless(true, '-logprocs changes nothing: clients are identified without processes')],
  ['-reuse', useless(false, '-reuse changes nothing: addresses are always reused')],
  ['-shutdownprocs', useless(true, '-shutdownprocs changes nothing, as in xinetd')],
  ['-inetd_ipv6', useless(false, '-inetd_ipv6 changes nothing: tcp6 and udp6 of inetd.conf are understood')],
  ['--quotes', set({ hasQuotes: true })],
  ['--mapped', set({ showsMapped: true })],
  ['--strict-reload', set({ isStrictReload: true })],
  ['--without-wrappers', set({ skipsWrappers: true })],
  ['--guard', set({ isGuarded: true })],
  ['--log-level', takeOne(logLevels, (logLevel) => ({ logLevel }))],
  ['--log-format', takeOne(['auto', 'json', 'pretty'], (logFormat) => ({ logFormat }))],
  ['--syslog-format', takeOne(syslogFormats, (syslogFormat) => ({ syslogFormat }))],
  ['--drain', takeNumber(0, (drain) => ({ drain }))],
  ['--drain-delay', takeNumber(0, (drainDelay) => ({ drainDelay }))],
  ['--control', take((control) => ({ control }))],
  ['--control-group', take((controlGroup) => ({ controlGroup }))],
  ['--control-http', take((controlHttp) => ({ controlHttp }))],
  ['--dump', take((dump) => ({ dump }))],
  ['--help', set({ wanted: 'help' })],
]);

const defaultFlags: XinetdFlags = {
  file: '/etc/xinetd.conf',
  isDebug: false,
  staysInFront: false,
  staysAlive: false,
  pidFile: undefined,
  daemonLog: undefined,
  processLimit: undefined,
  checkInterval: undefined,
  readsInetdConf: false,
  wanted: 'server',
  hasQuotes: false,
  showsMapped: false,
  isStrictReload: false,
  skipsWrappers: false,
  isGuarded: false,
  logLevel: undefined,
  logFormat: 'auto',
  syslogFormat: 'rfc3164',
  drain: 10,
  drainDelay: 0,
  control: undefined,
  controlGroup: undefined,
  controlHttp: undefined,
  dump: '/run/xinetd.dump',
  warnings: [],
};

/**
 * The settings, or what is wrong in a sentence. Words with one dash that nobody knows are told and passed over, because
 * start scripts write them; of ours each is known or a mistake.
 */
export const parseXinetdFlags = (words: readonly string[]): XinetdFlags | string => {
  let settings = defaultFlags;
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    // --drain=5 is --drain 5; no flag of xinetd's is written so
    const [, name = word, joined] = /^(--[a-z-]+)=(.*)$/s.exec(word) ?? [];
    const flag = flags.get(name);
    if (flag === undefined) {
      if (!word.startsWith('-')) return `'${word}' is no option; write -f before the name of a configuration`;
      if (word.startsWith('--')) return `unknown option ${name}`;
      settings = { ...settings, ...warn(settings, `${word} is not known and changes nothing`) };
      continue;
    }
    if (joined !== undefined && !flag.takes) return `${name} takes no value`;
    const value = flag.takes ? (joined ?? rest.shift()) : '';
    if (value === undefined) return `${name} needs a value`;
    const change = flag.read(value, settings);
    if (typeof change === 'string') return `${name} ${change}`;
    settings = { ...settings, ...change };
  }
  return settings;
};
