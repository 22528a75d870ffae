// One benchmark from its request to its result: the run, what the server used, and what the client itself costs.
import type { LoadPlan } from '../native/load.ts';
import { evenArrivals, poissonArrivals } from './arrivals.ts';
import { clientTimePerConnection, measureFloor } from './floor.ts';
import type { PhaseTracer } from './phase-tracer.ts';
import type { Request } from './request.ts';
import { type Result, resultSchema, type Settings } from './result.ts';
import { type Run, startRun } from './run.ts';
import { createUseReader } from './server-process.ts';
import { readSurroundings } from './surroundings.ts';
import type { Mistake } from './target.ts';

const second = 1e9;

/** A moment of the timeline: a hundredth of the run as far as it is known, at least a tenth of a second. */
const sliceOf = ({ duration }: Request): number => {
  const nice = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300];
  const wanted = duration === undefined ? 0.5 : duration / 100;
  return (nice.find((length) => length >= wanted) ?? 600) * second;
};

const arrivalsOf = (request: Request): Float64Array | undefined | Mistake => {
  const { rate, arrivals, seed, duration, count, warmUp } = request;
  if (rate === undefined) return undefined;
  const extent =
    duration === undefined ? { count: count ?? 0, after: warmUp } : { seconds: warmUp + duration };
  return arrivals === 'even' ? evenArrivals(rate, extent) : poissonArrivals(rate, seed, extent);
};

/** What the load loop is told; a mistake when the arrivals are more than can be planned. */
export const planOf = (request: Request, tellsPorts: boolean): LoadPlan | Mistake => {
  const arrivals = arrivalsOf(request);
  if (arrivals !== undefined && 'mistake' in arrivals) return arrivals;
  const { address, clients, sends, expects, endsAt, shutsDown, resets, sources } = request;
  return {
    address,
    clients,
    arrivals,
    warmUp: request.warmUp * second,
    duration: (request.duration ?? Number.POSITIVE_INFINITY) * second,
    count: request.count ?? Number.POSITIVE_INFINITY,
    timeout: request.timeout * second,
    sends,
    expects,
    endsAt,
    shutsDown,
    resets,
    tellsPorts,
    sources,
  };
};

const settingsOf = (request: Request): Settings => {
  const isOpen = request.rate !== undefined;
  const isPoisson = isOpen && request.arrivals === 'poisson';
  return {
    loop: isOpen ? 'open' : 'closed',
    clients: request.clients,
    rate: request.rate,
    arrivals: isOpen ? request.arrivals : undefined,
    seed: isPoisson ? request.seed : undefined,
    duration: request.duration,
    count: request.count,
    warmUp: request.warmUp,
    timeout: request.timeout,
    sends: request.sends.length,
    expects: request.expects.length === 0 ? undefined : request.expects.length,
    endsAt: request.endsAt,
    closes: request.resets ? 'reset' : 'orderly',
    sources: request.sources?.text,
  };
};

export type Measuring = {
  readonly result: Promise<Result>;
  /** Ends the run; the result is what there is. */
  readonly stop: () => void;
  readonly standing: Run['standing'];
};

export type MeasureOptions = {
  /** The client's own floor takes half a second more. */
  readonly hasFloor: boolean;
  /** Sees every connection, with the client's port; what it makes of them is asked for when the run has ended. */
  readonly tracer?: PhaseTracer;
};

/** Throws SystemError when the clients cannot be started; gives a mistake where the request cannot be met. */
export const measure = (request: Request, options: MeasureOptions): Measuring | Mistake => {
  const { tracer, hasFloor } = options;
  const plan = planOf(request, tracer !== undefined);
  if ('mistake' in plan) return plan;
  const startedAt = new Date().toISOString();
  const use = request.pid === undefined ? undefined : createUseReader(request.pid);
  let isInterrupted = false;
  let ended = 0;
  use?.start();
  const run = startRun(plan, sliceOf(request), (sample) => {
    ended += 1;
    tracer?.onSample(sample);
  });

  const finish = async (): Promise<Result> => {
    const { summary, ...found } = await run.result;
    const server = use?.stop(ended) ?? { unknown: 'which process serves the target is not known' };
    const phases = await tracer?.readPhases();
    return {
      schema: resultSchema,
      name: request.name,
      target: request.target,
      startedAt,
      settings: settingsOf(request),
      surroundings: readSurroundings(),
      ...found,
      unfinished: summary.unfinished,
      unrecorded: summary.unrecorded,
      late: summary.late,
      isInterrupted,
      clientTimePerConnection: clientTimePerConnection(summary),
      floor: hasFloor && !isInterrupted ? await measureFloor(plan) : undefined,
      server,
      phases,
    };
  };

  return {
    result: finish(),
    stop: () => {
      isInterrupted = true;
      run.stop();
    },
    standing: run.standing,
  };
};
