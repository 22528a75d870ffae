// Which ends are followed by another start, by the table of Restart= in systemd.service(5), and after what pause.
import t from 'tap';
import { plainDaemon, type Restart } from '../../../src/model/daemon.ts';
import type { ExitStatus } from '../../../src/model/event.ts';
import { milliseconds } from '../../../src/model/quantity.ts';
import { type Cause, isGoodEnd, restartPause, restartsAfter } from '../../../src/runtime/daemon/ends.ts';
import { createStartLimit } from '../../../src/runtime/daemon/start-limit.ts';
import { judgeRun } from '../../../src/runtime/daemon/verdict.ts';

const exit = (code: number): ExitStatus => ({ kind: 'exit', code });
const killed = (signal: number): ExitStatus => ({ kind: 'signal', signal, dumpedCore: false });
const nothing = { codes: [], signals: [] };

const rows: readonly [what: string, cause: Cause, status: ExitStatus, restarting: string][] = [
  ['clean exit', 'itself', exit(0), 'always on-success'],
  ['clean signal', 'itself', killed(15), 'always on-success'],
  ['unclean exit', 'itself', exit(1), 'always on-failure'],
  ['unclean signal', 'itself', killed(11), 'always on-failure on-abnormal on-abort'],
  ['timeout', 'timeout', killed(15), 'always on-failure on-abnormal'],
  ['watchdog', 'watchdog', killed(6), 'always on-failure on-abnormal on-watchdog'],
  ['asked', 'asked', killed(15), ''],
];
const choices: readonly Restart['when'][] = [
  'no',
  'always',
  'on-success',
  'on-failure',
  'on-abnormal',
  'on-abort',
  'on-watchdog',
];

t.test('the table', async (t) => {
  for (const [what, cause, status, restarting] of rows) {
    const isWell = cause === 'itself' && isGoodEnd(status, nothing, 'usual');
    const found = choices.filter((when) =>
      restartsAfter({ restart: { ...plainDaemon.restart, when } }, { cause, status, isWell }),
    );
    t.strictSame(found.sort().join(' '), restarting.split(' ').filter(Boolean).sort().join(' '), what);
  }
});

t.test('statuses that prevent and force are stronger than the table', async (t) => {
  const end = (status: ExitStatus) => ({ cause: 'itself', status, isWell: false }) as const;
  const restart = {
    ...plainDaemon.restart,
    prevent: { codes: [3], signals: [9] },
    force: { codes: [4], signals: [] },
  };
  t.notOk(restartsAfter({ restart: { ...restart, when: 'always' } }, end(exit(3))));
  t.notOk(restartsAfter({ restart: { ...restart, when: 'always' } }, end(killed(9))));
  t.ok(restartsAfter({ restart: { ...restart, when: 'no' } }, end(exit(4))));
});

t.test('further statuses can be good ends', async (t) => {
  t.ok(isGoodEnd(exit(7), { codes: [7], signals: [] }, 'usual'));
  t.ok(isGoodEnd(killed(9), { codes: [], signals: [9] }, 'failure'));
  t.notOk(isGoodEnd(killed(15), nothing, 'failure'), 'of a command a signal is none');
});

t.test('the pause grows in steps to the longest', async (t) => {
  const growing = { pause: milliseconds(100), steps: 3, longestPause: milliseconds(12_500) };
  t.strictSame(
    [0, 1, 2, 3, 9].map((restarts) => Math.round(restartPause(growing, restarts))),
    [100, 500, 2500, 12_500, 12_500],
  );
  t.equal(restartPause({ ...growing, steps: 0 }, 5), 100);
});

t.test('so many starts in a window, then the rest of it is waited for', async (t) => {
  const limit = createStartLimit();
  const two = { count: 2, window: milliseconds(1000) };
  const at = (time: number) => limit.take(two, milliseconds(time));
  t.strictSame(
    [at(100), at(300), at(600), at(1099), at(1100), at(1200), at(1300)],
    [undefined, undefined, 500, 1, undefined, undefined, 800],
  );
  limit.forget();
  t.equal(at(1400), undefined);
  t.equal(limit.take(undefined, milliseconds(0)), undefined);
});

t.test('who takes nobody from the queue is patient first and waits then', async (t) => {
  const end = { cause: 'itself', status: exit(0), isWell: true } as const;
  const judge = (failures: number, hasFailedToStart: boolean, isSomebodyWaiting = true) =>
    judgeRun(plainDaemon, end, { restarts: 0, failures, hasFailedToStart, isSomebodyWaiting });
  t.strictSame(judge(8, false), { kind: 'off' });
  t.strictSame(judge(9, false), { kind: 'back-off', pause: 10 });
  t.strictSame(judge(1, true), { kind: 'back-off', pause: 10 }, 'who cannot start waits at once');
  t.strictSame(judge(40, false), { kind: 'back-off', pause: 30_000 });
  t.strictSame(judge(9, false, false), { kind: 'off' }, 'nobody waits: the next client starts it');
});

t.test('one that is not on demand is started again, but not a oneshot that is done', async (t) => {
  const end = { cause: 'itself', status: exit(0), isWell: true } as const;
  const history = { restarts: 0, failures: 0, hasFailedToStart: false, isSomebodyWaiting: false };
  const standing = { ...plainDaemon, onDemand: false };
  t.match(judgeRun(standing, end, history), { kind: 'restart' });
  t.match(judgeRun({ ...standing, type: 'oneshot' }, end, history), { kind: 'off' });
});
