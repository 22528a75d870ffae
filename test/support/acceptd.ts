// Starts the real acceptd for a test, with a configuration of its own, and watches it through the records of its log.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { searchPath } from './command.ts';
import { childEnvironment, withOnly } from './environment.ts';
import { killTree } from './process-tree.ts';

export const mainModule = fileURLToPath(new URL('../../acceptd/main.js', import.meta.url));
const deadline = 60_000;

/** One line of acceptd's log. `event` is a kind of src/model/event.ts, or empty; `fields` is the whole record. */
export type LogRecord = {
  readonly event: string;
  readonly service: string | undefined;
  readonly pid: number | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
};

export type AcceptdOptions = {
  /** The text of the configuration; or several files by name, the first of which is given to `run -f`. */
  readonly config: string | Readonly<Record<string, string>>;
  /** Gives `run -f` the directory of the files instead of the first one. */
  readonly isDirectory?: boolean;
  /** In place of `run -f FILE`: another command of acceptd, which needs no configuration. */
  readonly command?: readonly string[];
  /** In place of the main module that was built: a link to it, which can lead elsewhere later. */
  readonly program?: string;
  /** Added after `run -f FILE`, or the other command. */
  readonly arguments?: readonly string[];
  readonly dialect?: string;
  /** Added to PATH, which is all that acceptd gets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that acceptd is started by, and becomes: `['prlimit', '--nofile=64:64']`. */
  readonly under?: readonly string[];
  /** Starts acceptd as somebody else; only root can. */
  readonly user?: { readonly uid: number; readonly gid: number };
};

export type Acceptd = {
  readonly pid: number;
  readonly directory: string;
  readonly configPath: string;
  /** Every record so far, oldest first. */
  readonly records: readonly LogRecord[];
  /** Everything acceptd wrote to stderr, also what is no record. */
  readonly output: () => string;
  /** The first record that fits, from index `from` on, once it is there; `what` is for the error after a minute. */
  readonly waitFor: (fits: (record: LogRecord) => boolean, what: string, from?: number) => Promise<LogRecord>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Stops reading acceptd's stderr, and goes on; no records come meanwhile. */
  readonly pauseReading: () => void;
  readonly resumeReading: () => void;
  /** Sends TERM and gives the exit status; undefined when a signal ended acceptd. */
  readonly stop: () => Promise<number | undefined>;
  /** The exit status, of an end that something else has brought about. */
  readonly ended: () => Promise<number | undefined>;
  /** Rewrites the configuration, sends HUP and gives the record that says what came of it. */
  readonly reload: (text: string) => Promise<LogRecord>;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const parseRecord = (line: string): LogRecord | undefined => {
  if (!line.startsWith('{')) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(fields)) return undefined;
  const { event, service, pid } = fields;
  return {
    event: typeof event === 'string' ? event : '',
    service: typeof service === 'string' ? service : undefined,
    pid: typeof pid === 'number' ? pid : undefined,
    fields,
  };
};

/** Ends what a test left running: a handler that lived on would keep the test, too, which has a connection to it. */
const end = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  await killTree(child.pid);
  await exit;
};

/** The records up to this one: what has come since, while the test did something else, does not count. */
export const recordsUpTo = ({ records }: Acceptd, last: LogRecord): readonly LogRecord[] =>
  records.slice(0, records.indexOf(last) + 1);

/** Resolves when the configuration is applied; rejects with all of stderr when acceptd ends or dawdles instead. */
export const startAcceptd = async (t: Test, options: AcceptdOptions): Promise<Acceptd> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
  const files: Readonly<Record<string, string>> =
    typeof options.config === 'string' ? { 'acceptd.conf': options.config } : options.config;
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const configPath = options.isDirectory === true ? directory : join(directory, Object.keys(files)[0] ?? '');
  if (options.user !== undefined) chownSync(directory, options.user.uid, options.user.gid);

  const dialect = options.dialect === undefined ? [] : ['--dialect', options.dialect];
  const command = options.command ?? ['run', '-f', configPath, ...dialect];
  const words = [options.program ?? mainModule, ...command, ...(options.arguments ?? [])];
  // servers of tests that run at once must not fight for the default place of the control socket
  const environment = {
    PATH: searchPath,
    ACCEPTD_CONTROL: '',
    ...childEnvironment(),
    ...options.environment,
  };
  const started = withOnly(environment, [...(options.under ?? []), process.execPath, ...words]);
  const child = spawn('env', started, {
    env: { PATH: searchPath },
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    ...options.user,
  });
  const records: LogRecord[] = [];
  t.teardown(async () => {
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  });

  let output = '';
  let isClosed = false;
  let observers: (() => void)[] = [];
  const notify = () => {
    const waiting = observers;
    observers = [];
    for (const observer of waiting) observer();
  };
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    output += `${line}\n`;
    const record = parseRecord(line);
    if (record === undefined) return;
    records.push(record);
    notify();
  });
  const closed = new Promise<number | undefined>((resolve) => {
    const close = (code: number | null) => {
      isClosed = true;
      resolve(code ?? undefined);
      notify();
    };
    child.once('close', close);
    child.once('error', (error) => {
      output += `${error.message}\n`;
      close(null);
    });
  });

  const waitFor = (fits: (record: LogRecord) => boolean, what: string, from = 0): Promise<LogRecord> =>
    new Promise((resolve, reject) => {
      let next = from;
      const fail = (why: string) => {
        clearTimeout(timer);
        const last = records.slice(-10).map((record) => JSON.stringify(record.fields));
        reject(new Error(`waited for ${what}, but ${why}; the last records:\n${last.join('\n')}`));
      };
      const timer = setTimeout(() => fail(`not in ${deadline} ms`), deadline);
      const look = () => {
        for (; next < records.length; next++) {
          const record = records[next];
          if (record === undefined || !fits(record)) continue;
          clearTimeout(timer);
          resolve(record);
          return;
        }
        if (isClosed) fail('acceptd ended');
        else observers.push(look);
      };
      look();
    });

  const signal = (name: NodeJS.Signals): void => {
    child.kill(name);
  };

  const stop = (): Promise<number | undefined> => {
    if (!isClosed) signal('SIGTERM');
    return ended();
  };

  const ended = (): Promise<number | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`acceptd did not end in ${deadline} ms:\n${output}`)),
        deadline,
      );
    });
    return Promise.race([closed, late]).finally(() => clearTimeout(timer));
  };

  const reload = (text: string): Promise<LogRecord> => {
    const from = records.length;
    writeFileSync(configPath, text);
    signal('SIGHUP');
    return waitFor(
      ({ event }) => event === 'applied' || event === 'reload-refused',
      'the end of the reload',
      from,
    );
  };

  try {
    await waitFor(({ event }) => event === 'applied', 'the configuration to be applied');
  } catch (error) {
    throw new Error(`acceptd did not start; its stderr:\n${output}`, { cause: error });
  }
  const { pid } = child;
  if (pid === undefined) throw new Error('acceptd has no pid');
  return {
    pid,
    directory,
    configPath,
    records,
    output: () => output,
    waitFor,
    signal,
    pauseReading: () => void child.stderr.pause(),
    resumeReading: () => void child.stderr.resume(),
    stop,
    ended,
    reload,
  };
};
