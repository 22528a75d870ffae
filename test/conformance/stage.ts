// What the conformance tests have in common: the handlers, a loopback network of their own, and looks into /proc.
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { userInfo } from 'node:os';
import { setTimeout as pass } from 'node:timers/promises';
import type { Acceptd, LogRecord } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { isRoot } from '../support/command.ts';

/** Whom handlers run as where it does not matter. */
export const self = userInfo().username;

export const needsRoot: { readonly skip?: string } = isRoot
  ? {}
  : { skip: 'only root can change users and bind ports below 1024' };

/** An address of this machine that no other test process uses: any port of it is free, below 1024 too. */
export const ownHost = `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${Math.max(1, process.pid & 255)}`;

/** The "name value" lines of a handler's report. */
export type Report = {
  /** The value of the only line of this name. */
  readonly one: (name: string) => string | undefined;
  readonly all: (name: string) => readonly string[];
};

export const parseReport = (text: string): Report => {
  const lines = text.split('\n').filter((line) => line !== '');
  const all = (name: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    all,
    one: (name) => {
      const [value, another] = all(name);
      return another === undefined ? value : undefined;
    },
  };
};

/** Connects and reads the report of a handler that writes one and leaves. */
export const askForReport = async (port: number, host?: string): Promise<Report> =>
  parseReport(await exchange(port, '', host === undefined ? {} : { host }));

/** A client that stays: what came so far, the next line, the end. */
export type Guest = {
  readonly socket: Socket;
  readonly text: () => string;
  /** Resolves with the first line, and with what there is when the connection ends without one. */
  readonly firstLine: () => Promise<string>;
  /** Resolves when the service has closed. */
  readonly end: () => Promise<string>;
  /** Says goodbye and waits for the other side to do so. */
  readonly leave: () => Promise<string>;
};

const patience = 60_000;

/** Rejects when a promise dawdles. */
export const within = async <Value>(promise: Promise<Value>, what: string): Promise<Value> => {
  const stop = new AbortController();
  const late = pass(patience, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`waited ${patience} ms for ${what}`);
  });
  return Promise.race([promise, late]).finally(() => {
    late.catch(() => undefined);
    stop.abort();
  });
};

export const follow = (socket: Socket): Guest => {
  let text = '';
  let isOver = false;
  let observers: (() => void)[] = [];
  const notify = (): void => {
    const waiting = observers;
    observers = [];
    for (const observer of waiting) observer();
  };
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    text += part;
    notify();
  });
  const close = (): void => {
    isOver = true;
    notify();
  };
  // a reset is an end too: what was said before it is what counts
  socket.on('error', close);
  socket.on('end', close);
  socket.on('close', close);
  const until = (isEnough: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (isOver || isEnough()) resolve();
        else observers.push(look);
      };
      look();
    });
  const end = async (): Promise<string> => {
    await within(
      until(() => false),
      `the end of a connection that said ${JSON.stringify(text)}`,
    );
    socket.destroy();
    return text;
  };
  return {
    socket,
    text: () => text,
    firstLine: async () => {
      await within(
        until(() => text.includes('\n')),
        `a line after ${JSON.stringify(text)}`,
      );
      return text.split('\n', 1)[0] ?? '';
    },
    end,
    leave: () => {
      socket.end();
      return end();
    },
  };
};

/** Connects and stays. */
export const visit = async (port: number, host?: string): Promise<Guest> => follow(await connect(port, host));

/** Whether a connection is refused by the kernel: nobody listens. */
export const isRefused = async (port: number, host?: string): Promise<boolean> => {
  try {
    (await connect(port, host)).destroy();
    return false;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return true;
    throw error;
  }
};

/** Records of one kind, of one service if told. */
export const recordsOf = (acceptd: Acceptd, event: string, service?: string): readonly LogRecord[] =>
  acceptd.records.filter(
    (record) => record.event === event && (service === undefined || record.service === service),
  );

/** `line N: message` of every diagnostic of this severity. */
export const complaints = (acceptd: Acceptd, severity: 'error' | 'warning'): readonly string[] =>
  recordsOf(acceptd, 'diagnostic')
    .filter(({ fields }) => fields['severity'] === severity)
    .map(({ fields }) => {
      const { at, message } = fields;
      const line = typeof at === 'object' && at !== null && 'line' in at ? at.line : '?';
      return `line ${line}: ${message}`;
    });

/** A number of a record; NaN where it has none. */
export const numberIn = (record: LogRecord, name: string): number =>
  Number(record.fields[name] ?? Number.NaN);

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'latin1');

/** The fields of /proc/PID/stat after the name, which may itself have blanks and parentheses. */
const fieldsOf = (status: string): readonly string[] => status.slice(status.lastIndexOf(')') + 2).split(' ');

/** CPU time that a process has used, in ticks of 10 ms. */
export const cpuTicks = (pid: number): number => {
  const fields = fieldsOf(statusOf(pid));
  return Number(fields[11]) + Number(fields[12]);
};

/** What a daemon that has nothing to do uses up in half a second of the test's time. */
export const ticksWhileIdle = async (pid: number): Promise<number> => {
  const before = cpuTicks(pid);
  await pass(500);
  return cpuTicks(pid) - before;
};

/** A quarter of the window above: a loop takes 40 or more, idling none. */
export const fewTicks = 15;

/** Children of a process by state: `Z` is a zombie. */
export const childrenOf = (pid: number): readonly { readonly pid: number; readonly state: string }[] =>
  readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => {
      try {
        const [state = '', parent] = fieldsOf(statusOf(Number(name)));
        return Number(parent) === pid ? [{ pid: Number(name), state }] : [];
      } catch {
        // it has ended while we looked
        return [];
      }
    });

/** The inodes of the sockets that listen on a TCP port, of both families. */
export const listenerInodes = (port: number): readonly string[] => {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
    readFileSync(path, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((words) => words[1]?.endsWith(suffix) === true && words[3] === '0A')
      .flatMap((words) => words[9] ?? []),
  );
};
