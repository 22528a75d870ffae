// What the tests of xinetd's cases have in common: its notation (defaults D, service S), its log, acceptd with a file.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Test } from 'tap';
import { type Acceptd, type AcceptdOptions, startAcceptd } from '../support/acceptd.ts';
import { compileHandlers } from '../support/compile.ts';
import { self } from './stage.ts';

/** Where the probes are: behave, report, attend, answer-one. */
export const handlers = compileHandlers('behave', 'report', 'attend', 'answer-one');
export const served = 'said: served';

/** Other clients than 127.0.0.1, on the loopback network: every machine has them. */
export const seven = '127.9.8.7';
export const eight = '127.9.8.8';
export const other = '127.9.9.1';

export type Desk = {
  readonly directory: string;
  /** Where D logs. */
  readonly log: string;
  /** `defaults` with the log, and these lines. */
  readonly defaults: (...lines: readonly string[]) => string;
  /** The entries of a log so far, without their times. */
  readonly entries: (path?: string) => readonly string[];
  /** Resolves with the entries when they are enough; rejects after a minute. */
  readonly untilEntries: (
    isEnough: (entries: readonly string[]) => boolean,
    path?: string,
  ) => Promise<readonly string[]>;
};

const time = /^\d\d\/\d{1,2}\/\d{1,2}@\d\d:\d\d:\d\d: /;
const patience = 60_000;

export const createDesk = (t: Test): Desk => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-xinetd-'));
  chmodSync(directory, 0o755);
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const log = join(directory, 'log');
  const entries = (path = log): readonly string[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => (time.test(line) ? line.replace(time, '') : `without a time: ${line}`))
      : [];
  return {
    directory,
    log,
    defaults: (...lines) =>
      [
        'defaults',
        '{',
        `log_type = FILE ${log}`,
        'log_on_success = PID HOST EXIT DURATION',
        'log_on_failure = HOST',
        ...lines,
        '}',
        '',
      ].join('\n'),
    entries,
    untilEntries: async (isEnough, path = log) => {
      const end = performance.now() + patience;
      // a file tells nobody that it has grown to a certain line
      while (!isEnough(entries(path))) {
        if (performance.now() > end)
          throw new Error(`the log is not enough after ${patience} ms:\n${entries(path).join('\n')}`);
        await pass(5);
      }
      return entries(path);
    },
  };
};

const nameOf = (line: string): string => (line.trim().split(/[\s=+-]/, 1)[0] ?? '').toLowerCase();

/** S: a service `b` that says `served`. Lines given replace those of the same attribute. */
export const service = (port: number, ...lines: readonly string[]): string =>
  serviceNamed('b', port, ...lines);

export const serviceNamed = (name: string, port: number, ...lines: readonly string[]): string => {
  const given = new Set(lines.map(nameOf));
  const hasServer = !given.has('redirect') && !lines.some((line) => line.includes('INTERNAL'));
  const usual = [
    'type = UNLISTED',
    'socket_type = stream',
    'protocol = tcp',
    'wait = no',
    `user = ${self}`,
    `port = ${port}`,
    ...(hasServer ? [`server = ${handlers}/behave`] : []),
    ...(hasServer && !given.has('server') ? ['server_args = write served'] : []),
  ].filter((line) => !given.has(nameOf(line)));
  // flags come before server_args, as xinetd wants them
  return ['', `service ${name}`, '{', ...lines, ...usual, '}', ''].join('\n');
};

/** acceptd with this xinetd.conf. */
export const startWith = (
  t: Test,
  text: string | Readonly<Record<string, string>>,
  options: Partial<Omit<AcceptdOptions, 'config'>> = {},
): Promise<Acceptd> =>
  startAcceptd(t, { config: typeof text === 'string' ? { 'xinetd.conf': text } : text, ...options });

/** A shell of the same root that changes what acceptd sees and becomes it: `under`, for root. */
export const inOwnMounts = (...commands: readonly string[]): readonly string[] => [
  ...['unshare', '--mount', 'sh', '-ec'],
  `${commands.join('; ')}; exec "$@"`,
  'sh',
];
