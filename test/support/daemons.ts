// A running supervisor for tests of daemons, what it tells, and services whose daemon is test/handlers/serve.c.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ListenAddress } from '../../src/model/address.ts';
import { type Daemon, type Lifetime, plainDaemon, plainLifetime } from '../../src/model/daemon.ts';
import type { Event } from '../../src/model/event.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import { plainSurroundings, type ResolvedService } from '../../src/model/service.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from '../../src/runtime/supervisor.ts';
import { exchange } from './client.ts';
import { compileHandlers } from './compile.ts';
import { resolved } from './services.ts';

type Of<Kind extends Event['kind']> = Extract<Event, { readonly kind: Kind }>;

export type Watching = {
  readonly supervisor: Supervisor;
  readonly events: readonly Event[];
  /** The next event of this kind, or one that has come since `since` (a count of events). */
  readonly until: <Kind extends Event['kind']>(
    kind: Kind,
    isMeant?: (event: Of<Kind>) => boolean,
    since?: number,
  ) => Promise<Of<Kind>>;
  readonly directory: string;
};

/** One for a test process: the engine is one too. */
export const openSupervisor = (
  tests: { readonly teardown: (end: () => unknown) => unknown },
  options: Pick<SupervisorOptions, 'strictReload' | 'processLimit'> = {},
): Watching => {
  const directory = compileHandlers('serve');
  const events: Event[] = [];
  const waiting = new Set<(event: Event) => void>();
  const supervisor = createSupervisor({
    clock: systemClock,
    observer: {
      observe: (event) => {
        events.push(event);
        for (const each of [...waiting]) each(event);
      },
      isWanted: (kind) => kind !== 'traced',
    },
    environment: {},
    ...options,
  });
  // a stop that nobody waits for would keep the process for ever; the supervisor's own timers do not
  const alive = setInterval(() => undefined, 1000);
  tests.teardown(async () => {
    await supervisor.stop(milliseconds(0));
    supervisor.kernel.shutDown();
    clearInterval(alive);
  });
  const until: Watching['until'] = <Kind extends Event['kind']>(
    kind: Kind,
    isMeant: (event: Of<Kind>) => boolean = () => true,
    since = events.length,
  ) =>
    new Promise<Of<Kind>>((resolve, reject) => {
      const isIt = (event: Event): event is Of<Kind> => event.kind === kind && isMeant(event as Of<Kind>);
      const known = events.slice(since).find(isIt);
      if (known !== undefined) {
        resolve(known);
        return;
      }
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`no ${kind} came: ${JSON.stringify(events.slice(since), undefined, 1)}`));
      }, 60_000);
      const look = (event: Event): void => {
        if (!isIt(event)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(event);
      };
      waiting.add(look);
    });
  return { supervisor, events, until, directory };
};

export type DaemonOptions = {
  readonly id?: string;
  readonly words?: readonly string[];
  readonly daemon?: Partial<Daemon>;
  readonly lifetime?: Partial<Lifetime>;
  readonly ending?: Partial<Lifetime['ending']>;
  readonly rest?: Partial<ResolvedService>;
};

/** A service whose daemon is `serve` with these words. */
export const daemonService = (
  directory: string,
  addresses: readonly ListenAddress[],
  { id = randomUUID(), words = [], daemon = {}, lifetime = {}, ending = {}, rest = {} }: DaemonOptions = {},
): ResolvedService => {
  const file = join(directory, 'serve');
  return resolved(id, addresses, {
    mode: 'whole-socket',
    answer: { kind: 'program', file, arguments: ['serve', ...words] },
    surroundings: { ...plainSurroundings, stdin: 'null', stdout: 'log', stderr: 'log' },
    daemon: { ...plainDaemon, ...daemon },
    lifetime: { ...plainLifetime, ...lifetime, ending: { ...plainLifetime.ending, ...ending } },
    ...rest,
  });
};

/** What the daemon at this port answers. */
export const ask = async (port: number, line = 'pid', host = '127.0.0.1'): Promise<string> =>
  (await exchange(port, `${line}\n`, { host, halfClose: false })).trim();

/** Its pid. */
export const pidAt = async (port: number, line = 'pid'): Promise<number> =>
  Number(/^pid (\d+)$/.exec(await ask(port, line))?.[1]);
