// One run of the load loop: its samples are taken while it lasts, and what they add up to is there at its end.
import { type LoadPlan, type LoadSample, type LoadSummary, startLoad } from '../native/load.ts';
import { createRecorder, type Recorder, type Standing } from './recorder.ts';

/** Milliseconds between two looks at the samples: seldom enough not to disturb, and well before the ring is full. */
const look = 50;

export type Found = ReturnType<Recorder['read']> & { readonly summary: LoadSummary };

export type Run = {
  readonly result: Promise<Found>;
  /** Nothing begins any more; the result is what there is. */
  readonly stop: () => void;
  /** `elapsed` are seconds since the measured part began, below 0 in the warm-up. Undefined until the run has begun. */
  readonly standing: () => (Standing & { readonly elapsed: number }) | undefined;
};

/** `slice` is the length of a moment of the timeline in nanoseconds. Throws SystemError when the clients cannot be started. */
export const startRun = (
  plan: LoadPlan,
  slice: number,
  onSample: (sample: LoadSample) => void = () => undefined,
): Run => {
  const load = startLoad(plan);
  let recorder: Recorder | undefined;
  let measuredFrom = 0; // of performance.now()

  const createWith = (begunAt: number): Recorder => {
    const from = begunAt + plan.warmUp;
    const loop = plan.arrivals === undefined ? 'closed' : 'open';
    return createRecorder({ loop, from, until: from + plan.duration, slice });
  };

  const takeAll = (known: Recorder): void =>
    load.takeSamples((sample) => {
      known.take(sample);
      onSample(sample);
    });

  const timer = setInterval(() => {
    const begunAt = load.begunAt();
    if (begunAt === undefined) return;
    if (recorder === undefined) {
      recorder = createWith(begunAt);
      measuredFrom = performance.now() + plan.warmUp / 1e6;
    }
    takeAll(recorder);
  }, look);

  const finish = async (): Promise<Found> => {
    const summary = await load.ended;
    clearInterval(timer);
    recorder ??= createWith(summary.begunAt);
    takeAll(recorder);
    return { ...recorder.read(summary.measuredUntil), summary };
  };

  return {
    result: finish(),
    stop: load.stop,
    standing: () =>
      recorder === undefined
        ? undefined
        : { ...recorder.standing(), elapsed: (performance.now() - measuredFrom) / 1000 },
  };
};
