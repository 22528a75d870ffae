// The lines of a trace, and what becomes of them when their reader is slow.
import t from 'tap';
import type { TracedConnection } from '../../src/model/event.ts';
import { createLogSink } from '../../src/operate/log-sink.ts';
import { createTraceLog } from '../../src/operate/trace.ts';

const traced: TracedConnection = {
  kind: 'traced',
  service: 'finger/tcp',
  pid: 12,
  port: 4711,
  ready: 1,
  accepted: 2,
  spawning: 3,
  spawned: 5,
  childBegan: 4,
  executing: 6,
  reaped: 9_007_199_254_740_991,
  status: { kind: 'signal', signal: 11, dumpedCore: false },
};

/** Lines are not gathered here. */
const atOnce = (call: () => void): void => call();

/** A reader that takes nothing until it is told to. */
const createReader = () => {
  let text = '';
  let takes = false;
  let again: ((count: number) => void) | undefined;
  const trace = createTraceLog(
    createLogSink((bytes, onTaken) => {
      if (!takes) {
        again = onTaken;
        return undefined;
      }
      text += Buffer.from(bytes).toString();
      return bytes.length;
    }, atOnce),
  );
  return {
    trace,
    lines: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line): Readonly<Record<string, unknown>> => JSON.parse(line)),
    take: () => {
      takes = true;
      again?.(0);
    },
  };
};

t.test('a line has the fields of the event, and moments to the nanosecond', (t) => {
  const { trace, lines, take } = createReader();
  take();
  trace.observer.observe(traced);
  trace.observer.observe({ kind: 'stopped' });
  const { kind: _, ...fields } = traced;
  t.strictSame(lines(), [fields]);
  t.equal(trace.observer.isWanted('traced'), true);
  t.equal(trace.observer.isWanted('exited'), false);
  t.end();
});

t.test('what a stalled reader loses is counted where it was lost', (t) => {
  const { trace, lines, take } = createReader();
  const total = 40_000;
  for (let count = 0; count < total; count++) trace.observer.observe(traced);
  take();
  trace.observer.observe(traced);
  const all = lines();
  const dropped = all.flatMap((line) => ('dropped' in line ? [Number(line['dropped'])] : []));
  t.equal(dropped.length, 1);
  t.ok((dropped[0] ?? 0) > 0);
  t.equal(all.length - 1 + (dropped[0] ?? 0), total + 1, 'each was either written or counted');
  t.match(all.at(-2), { dropped: Number });
  t.end();
});
