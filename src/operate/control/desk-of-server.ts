// The desk of a running server: questions to what runs, what was counted and what was loaded; orders to whoever carries them out.
import { constants } from 'node:os';
import type { Done, ReloadReport, ServerStatus } from '../../model/control.ts';
import type { Failure } from '../../model/event.ts';
import { seconds } from '../../model/quantity.ts';
import type { Supervisor } from '../../runtime/supervisor.ts';
import type { Ending, StopWish } from '../ending.ts';
import type { Follow } from '../log-follow.ts';
import { type Described, describeServer, describeService } from './describe.ts';
import type { Desk, Outcome } from './desk.ts';

/** What the desk asks and tells. */
export type DeskParts = Described & {
  readonly supervisor: Pick<Supervisor, 'reloadDaemon' | 'restart' | 'snapshot'>;
  readonly configuration: {
    readonly reload: () => Promise<ReloadReport>;
    /** What a reload would do. */
    readonly plan: () => Promise<ReloadReport>;
  };
  readonly ending: Ending;
  /** How it ends where nobody says how. */
  readonly usualStop: StopWish;
  readonly log: { readonly follow: Follow['follow'] };
  readonly upgrade: () => Promise<Outcome>;
  readonly metrics: Desk['metrics'];
};

const noSuchService = (id: string): Failure => ({ code: 'ENOENT', what: `there is no service ${id}` });

const plural = (count: number, word: string, more = `${word}s`): string =>
  `${count} ${count === 1 ? word : more}`;

const outcomeOf = (failure: Failure | undefined, done: () => Done): Outcome => failure ?? done();

export const createDesk = (parts: DeskParts): Desk => {
  const { supervisor, configuration, ending, usualStop, log, upgrade, metrics } = parts;
  const { steering } = supervisor;

  let describing: Promise<ServerStatus> | undefined;
  /** Whoever asks while it is being found out gets the same answer. */
  const status = (): Promise<ServerStatus> => {
    describing ??= describeServer(parts).finally(() => {
      describing = undefined;
    });
    return describing;
  };

  const signal = (
    target: { readonly service: string } | { readonly pid: number },
    number: number,
  ): Outcome => {
    const told = steering.signal(target, number);
    if (typeof told !== 'number') return told;
    const what = `signal ${number} was sent to ${plural(told, 'process', 'processes')}`;
    return { what, told };
  };

  return {
    status,
    service: (id) => describeService(parts, id),
    reload: (isDry) => (isDry ? configuration.plan() : configuration.reload()),

    pause: async (id) =>
      outcomeOf(steering.pause(id), () => {
        const remark = steering.pauseRemark(id);
        return {
          what: `${id} lets nobody in until it is resumed${remark === undefined ? '' : `; ${remark}`}`,
        };
      }),
    resume: async (id) => outcomeOf(steering.resume(id), () => ({ what: `${id} lets clients in again` })),

    restart: async (id) => {
      const found = steering.describe(id);
      if (found === undefined) return noSuchService(id);
      const failure = await supervisor.restart(id);
      if (failure === undefined) return { what: `${id} is ready again` };
      if (failure.code !== 'ENOENT') return failure;
      // without a daemon each client starts it anew
      return signal({ service: id }, constants.signals.SIGTERM);
    },

    reloadService: async (id) => {
      if (steering.describe(id) === undefined) return noSuchService(id);
      const failure = await supervisor.reloadDaemon(id);
      if (failure?.code === 'ENOENT')
        return { code: 'ENOTSUP', what: `${id} has no daemon; acceptd reload without a service is for all` };
      return outcomeOf(failure, () => ({ what: `${id} has read its configuration again` }));
    },

    set: async (id, tuning) =>
      outcomeOf(steering.tune(id, tuning), () => {
        const changes = steering.tunings(id);
        return { what: changes.length === 0 ? `${id} is as configured` : `${id}: ${changes.join(', ')}` };
      }),

    kill: async (target, number) => signal(target, number),

    stop: async ({ drain, delay }) => {
      const wish = {
        drain: drain === undefined ? usualStop.drain : seconds(drain),
        delay: delay === undefined ? usualStop.delay : seconds(delay),
      };
      if (ending.stop(wish)) return { what: 'acceptd is stopping' };
      // whoever has no patience left says so, as with a second TERM
      if (drain !== 0) return { what: 'acceptd is stopping already' };
      ending.hurry();
      return { what: 'acceptd stops now' };
    },

    upgrade,
    why: steering.why,
    explain: steering.explain,
    follow: log.follow,
    // whoever gets this answer has seen the loop turn
    isAlive: () => true,
    notReady: () => {
      if (ending.isStopping()) return 'acceptd is stopping';
      const closed = supervisor.snapshot().flatMap(({ service, failed }) => failed.map(() => service));
      const [first] = closed;
      if (first === undefined) return undefined;
      const others = closed.length === 1 ? '' : ` and ${closed.length - 1} more`;
      return `a socket of ${first} cannot be opened${others}`;
    },
    metrics,
  };
};
