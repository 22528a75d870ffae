// A control socket before a desk that answers at once and remembers what it was told; and a client that says anything.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Clock } from '../../../src/model/clock.ts';
import type { LogRecord } from '../../../src/model/control.ts';
import { milliseconds } from '../../../src/model/quantity.ts';
import type { Kernel } from '../../../src/native/kernel.ts';
import { type Control, type ControlOptions, openControl } from '../../../src/operate/control/control.ts';
import type { Desk } from '../../../src/operate/control/desk.ts';
import type { Order } from '../../../src/operate/control/http.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

export type Told = readonly [order: string, ...details: unknown[]];

const done = { what: 'done' };

/** A desk of one service, `a/b`. */
export const createTestDesk = (rest: Partial<Desk> = {}) => {
  const told: Told[] = [];
  const followers = new Set<(record: LogRecord) => void>();
  const tell = async (...order: Told) => {
    told.push(order);
    return order[1] === 'a/b' || order[1] === undefined
      ? done
      : { code: 'ENOENT', what: `there is no service ${String(order[1])}` };
  };
  const desk: Desk = {
    status: async () => ({
      version: 1,
      acceptd: '0',
      pid: 1,
      startedAt: new Date(0).toISOString(),
      state: 'running',
      configuration: {
        files: [],
        loadedAt: new Date(0).toISOString(),
        errors: 0,
        warnings: 0,
        refusedBecause: null,
      },
      upgrades: 0,
      restarts: 0,
      memory: { resident: 1, private: null },
      descriptors: { open: 1, limit: 2 },
      lostRecords: 0,
      services: [],
    }),
    service: async () => undefined,
    reload: async (isDry) => {
      told.push(['reload', isDry]);
      return { outcome: isDry ? 'planned' : 'applied', why: null, changes: null, diagnostics: [] };
    },
    pause: (id) => tell('pause', id),
    resume: (id) => tell('resume', id),
    restart: (id) => tell('restart', id),
    reloadService: (id) => tell('reload-service', id),
    set: (id, tuning) => tell('set', id, tuning),
    kill: async (target, signal) => {
      told.push(['kill', target, signal]);
      return { what: 'told', told: 1 };
    },
    stop: async (how) => {
      told.push(['stop', how]);
      return done;
    },
    upgrade: async () => ({ code: 'ENOTSUP', what: 'not here' }),
    why: async (id, address) => ({
      service: id,
      address,
      verdict: 'admit',
      reason: null,
      steps: [],
    }),
    explain: () => undefined,
    follow: (service, onRecord) => {
      told.push(['follow', service]);
      followers.add(onRecord);
      return () => followers.delete(onRecord);
    },
    isAlive: () => true,
    notReady: () => undefined,
    metrics: async () => undefined,
    ...rest,
  };
  return {
    desk,
    told,
    followers,
    say: (record: LogRecord): void => {
      for (const follower of followers) follower(record);
    },
  };
};

export type Stage = {
  readonly path: string;
  readonly control: Control;
  readonly orders: readonly Order[];
  readonly troubles: readonly string[];
};

/** Opens a control socket in a directory of its own; `path` may be another one. */
export const openStage = (
  t: Test,
  kernel: Kernel,
  desk: Desk,
  {
    clock = systemClock,
    path,
    group,
    ...rest
  }: Pick<ControlOptions, 'before' | 'askers' | 'upgraded'> & {
    clock?: Clock;
    path?: string;
    group?: number;
  } = {},
): Stage => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-control-'));
  const place = path ?? join(directory, 'made', 'control');
  const orders: Order[] = [];
  const troubles: string[] = [];
  const control = openControl(
    { path: place, group, probes: undefined },
    {
      ...rest,
      kernel,
      clock,
      desk,
      onOrder: (order) => orders.push(order),
      onTrouble: (what) => troubles.push(what),
    },
  );
  t.teardown(async () => {
    await control.end(milliseconds(0));
    rmSync(directory, { recursive: true, force: true });
  });
  return { path: place, control, orders, troubles };
};

export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly value: unknown;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** One request on a connection of its own. */
export const ask = (socketPath: string, method: string, path: string, body?: string): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, value: parse(text) }),
      );
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });

/** A client that is connected and has said nothing yet. */
export const connectRaw = async (path: string): Promise<Socket> => {
  const socket = connect({ path });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
};

/** All that it is told until the other side ends. */
export const hear = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (part: string) => {
    text += part;
  });
  await once(socket, 'close');
  return text;
};
