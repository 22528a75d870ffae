// One run of acceptd bench, from its first connection to its result, watched on a terminal.
import { exitStatus } from '../exit-status.ts';
import { type MeasureOptions, type Measuring, measure, planOf } from '../measure/measure.ts';
import { createProgress } from '../measure/progress.ts';
import type { Request } from '../measure/request.ts';
import { errorKinds, type Result } from '../measure/result.ts';
import { startRun } from '../measure/run.ts';
import { type BenchChoice, type Place, requestOf } from './bench-request.ts';
import { Refusal, usageError } from './refusal.ts';

/** Whether the user's terminal, by its locale, has more than ASCII. */
export const isUnicode = (): boolean => {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
};

/** One connection before the many: what is wrong for all of them is said once, in words. */
const probe = async (request: Request): Promise<void> => {
  const plan = planOf({ ...request, rate: undefined, clients: 1, count: 1, warmUp: 0 }, false);
  if ('mistake' in plan) throw usageError(plan.mistake);
  const { errors } = await startRun({ ...plan, duration: Number.POSITIVE_INFINITY }, 1e9).result;
  const kind = errorKinds.find((each) => errors[each] > 0);
  if (kind === undefined) return;
  const reasons: Readonly<Record<typeof kind, string>> = {
    refused: 'the connection is refused; is the server running, and is this its address?',
    reset: 'the server resets the connection',
    timeout: `the connection has no end after ${request.timeout} s; if the server waits for a question say it with --send, if it stays connected use --until answer`,
    short:
      request.expects.length > 0
        ? 'the answer ends before all that --expect says'
        : 'the connection ends without an answer; if the server waits for a question, say it with --send',
    'wrong answer': 'the answer does not begin with what --expect says',
    unreachable: 'there is no way to that address',
    'no port': 'the client has no address or port to connect from; see --source',
    'no descriptor': 'there are not enough descriptors; raise ulimit -n',
    other: 'the connection fails',
  };
  throw new Refusal(`cannot measure ${request.target}: ${reasons[kind]}`, exitStatus.system);
};

/** Draws the progress line until the run has ended; INT and TERM end it early, a second one at once. */
const watch = async (request: Request, measuring: Measuring): Promise<Result> => {
  const progress = createProgress(process.stderr, { isUnicode: isUnicode() });
  const timer = setInterval(() => {
    const standing = measuring.standing();
    if (standing === undefined) return;
    const { elapsed, completed, failed, rate, p50, p99 } = standing;
    const isWarm = elapsed >= 0;
    const { duration, count, warmUp } = request;
    progress.show({
      part: isWarm ? 'measuring' : 'warming up',
      elapsed: isWarm ? elapsed : elapsed + warmUp,
      whole: !isWarm
        ? { seconds: warmUp }
        : duration === undefined
          ? { connections: count ?? 0 }
          : { seconds: duration },
      connections: completed,
      rate,
      p50,
      p99,
      errors: failed,
    });
  }, 250);
  const interrupt = (): void => {
    process.once('SIGINT', () => process.exit(130));
    process.once('SIGTERM', () => process.exit(143));
    measuring.stop();
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await measuring.result;
  } finally {
    clearInterval(timer);
    progress.clear();
    process.removeAllListeners('SIGINT');
    process.removeAllListeners('SIGTERM');
  }
};

/** A request that can be met, tried with one connection. */
export const prepare = async (choice: BenchChoice, place: Place): Promise<Request> => {
  const request = requestOf(choice, place);
  if ('mistake' in request) throw usageError(request.mistake);
  await probe(request);
  return request;
};

export const runWatched = (request: Request, options: MeasureOptions): Promise<Result> => {
  const measuring = measure(request, options);
  if ('mistake' in measuring) throw usageError(measuring.mistake);
  return watch(request, measuring);
};
