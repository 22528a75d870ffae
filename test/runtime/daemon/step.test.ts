// The table of a daemon's life: every state meets every event, and what may never happen does not.
import t from 'tap';
import type { DaemonAction, DaemonEvent, DaemonState, Shape } from '../../../src/runtime/daemon/state.ts';
import { off, step } from '../../../src/runtime/daemon/step.ts';

const plain: Shape = {
  type: 'notify',
  starts: 1,
  remainsAfterExit: false,
  kills: true,
  startBefore: 0,
  startAfter: 0,
  reload: 0,
  stop: 0,
  stopAfter: 0,
};
const full: Shape = { ...plain, startBefore: 2, startAfter: 2, reload: 2, stop: 2, stopAfter: 2 };
const oneshot: Shape = { ...full, type: 'oneshot', starts: 2 };
const shapes: readonly Shape[] = [
  plain,
  full,
  oneshot,
  { ...oneshot, remainsAfterExit: true },
  { ...plain, remainsAfterExit: true },
  { ...plain, kills: false },
  { ...full, type: 'notify-reload' },
  { ...plain, type: 'forking' },
];

const events: readonly DaemonEvent[] = [
  { kind: 'start' },
  { kind: 'pause', starts: true },
  { kind: 'pause', starts: false },
  { kind: 'command-ended', isWell: true },
  { kind: 'command-ended', isWell: false },
  { kind: 'main-ended', isWell: true },
  { kind: 'main-ended', isWell: false },
  { kind: 'process-ended' },
  { kind: 'ready' },
  { kind: 'start-failed' },
  { kind: 'reload' },
  { kind: 'reloading-itself' },
  { kind: 'stopping-itself' },
  { kind: 'stop', restarts: true },
  { kind: 'stop', restarts: false },
  { kind: 'abort' },
  { kind: 'timeout' },
  { kind: 'empty' },
];

/** All states that can be reached, with the way there. */
const reach = (shape: Shape): ReadonlyMap<string, DaemonState> => {
  const found = new Map<string, DaemonState>([[JSON.stringify(off), off]]);
  for (const state of found.values()) {
    for (const event of events) {
      const { state: next } = step(shape, state, event);
      const key = JSON.stringify(next);
      if (!found.has(key)) found.set(key, next);
    }
  }
  return found;
};

/** Tells a state and what led to it. */
type Case = { readonly before: DaemonState; readonly event: DaemonEvent; readonly shape: Shape };
const forAll = (
  check: (each: Case, after: DaemonState, actions: readonly DaemonAction[]) => string | undefined,
) => {
  const wrong: string[] = [];
  for (const shape of shapes) {
    for (const before of reach(shape).values()) {
      for (const event of events) {
        const { state, actions } = step(shape, before, event);
        const complaint = check({ before, event, shape }, state, actions);
        if (complaint !== undefined)
          wrong.push(`${complaint}: ${JSON.stringify({ before, event, state, actions })}`);
      }
    }
  }
  return wrong;
};

const has = (actions: readonly DaemonAction[], kind: DaemonAction['kind']): boolean =>
  actions.some((action) => action.kind === kind);
const isBetween = ({ kind }: DaemonState): boolean => kind === 'off' || kind === 'pausing';

t.test('every kind of state and stage is reached', async (t) => {
  const all = shapes.flatMap((shape) => [...reach(shape).values()]);
  const names = new Set(all.map((state) => `${state.kind}${'stage' in state ? ` ${state.stage}` : ''}`));
  t.strictSame([...names].sort(), [
    'off',
    'pausing',
    'reloading awaited',
    'reloading commands',
    'remaining',
    'running',
    'starting after',
    'starting before',
    'starting main',
    'stopping aborting',
    'stopping after',
    'stopping commands',
    'stopping killed',
    'stopping signalled',
  ]);
});

t.test('a run begins only where none goes on, and every run is settled once', async (t) => {
  t.strictSame(
    forAll(({ before }, after, actions) => {
      if (has(actions, 'begin') && !isBetween(before)) return 'it begins within a run';
      if (isBetween(before) && !isBetween(after) && !has(actions, 'begin'))
        return 'it is there without a beginning';
      if (!isBetween(before) && isBetween(after) && !has(actions, 'settle'))
        return 'it is gone without an end';
      if (has(actions, 'settle') && after.kind !== 'off') return 'it goes on after its end';
      return undefined;
    }),
    [],
  );
});

t.test(
  'what is not ended is awaited: a state in which nothing runs has a deadline, and one that is up has none',
  async (t) => {
    t.strictSame(
      forAll(({ before }, after, actions) => {
        if (JSON.stringify(before) === JSON.stringify(after)) return undefined;
        const deadlines = actions.filter((action) => action.kind === 'deadline');
        const last = deadlines.at(-1);
        const isSameKind =
          before.kind === after.kind && 'stage' in before && 'stage' in after && before.stage === after.stage;
        const isWithinStart = before.kind === 'starting' && after.kind === 'starting';
        if (isSameKind || isWithinStart) return undefined;
        if (last === undefined)
          return before.kind === 'stopping' || isUp(before, after) ? undefined : 'the deadline is an old one';
        if (after.kind === 'running' || after.kind === 'remaining' || after.kind === 'off')
          return last.of === undefined ? undefined : 'it has a deadline though it is up or off';
        return last.of === undefined ? 'it has no deadline' : undefined;
      }),
      [],
    );
  },
);

/** From running to remaining and the like nothing was set that would have to be cleared. */
const isUp = (before: DaemonState, after: DaemonState): boolean =>
  before.kind === 'running' && after.kind === 'remaining';

t.test('only one command runs at a time, and one that is left is ended', async (t) => {
  const runsCommand = (state: DaemonState): boolean =>
    ('stage' in state && ['before', 'after', 'commands'].includes(state.stage)) === true;
  t.strictSame(
    forAll(({ before, event }, after, actions) => {
      const isSame = JSON.stringify(before) === JSON.stringify(after);
      if (!runsCommand(before) || isSame || event.kind === 'command-ended' || event.kind === 'stop') {
        if (
          runsCommand(before) &&
          event.kind === 'stop' &&
          before.kind !== 'stopping' &&
          !has(actions, 'end-command')
        )
          return 'a command is left behind by a stop';
        return undefined;
      }
      return has(actions, 'end-command') ? undefined : 'a command is left behind';
    }),
    [],
  );
});

t.test(
  'from every state in which something runs a stop leads to an end, whatever does not answer',
  async (t) => {
    for (const shape of shapes) {
      for (const begin of reach(shape).values()) {
        let { state } = step(shape, begin, { kind: 'stop', restarts: false });
        for (let count = 0; count < 8 && state.kind !== 'off'; count++)
          ({ state } = step(shape, state, { kind: 'timeout' }));
        t.equal(state.kind, 'off', JSON.stringify({ begin, shape }));
      }
    }
  },
);

t.test('who was never up is not asked to stop by its commands', async (t) => {
  t.strictSame(
    forAll(({ before }, _, actions) =>
      before.kind === 'starting' &&
      actions.some((action) => action.kind === 'run' && action.list === 'stop') &&
      !has(actions, 'tell-ready')
        ? 'its stop command runs'
        : undefined,
    ),
    [],
  );
});

/** A whole life, as the kinds of what is done. */
const live = (shape: Shape, ...happenings: readonly DaemonEvent[]): readonly string[] => {
  let state = off;
  const done: string[] = [];
  for (const event of happenings) {
    const next = step(shape, state, event);
    state = next.state;
    for (const action of next.actions) {
      if (action.kind === 'run') done.push(`${action.list} ${action.at}`);
      else if (action.kind === 'spawn') done.push(`spawn ${action.at}`);
      else if (action.kind === 'signal') done.push(action.how);
      else if (action.kind !== 'deadline') done.push(action.kind);
    }
  }
  return [...done, state.kind];
};
const well: DaemonEvent = { kind: 'command-ended', isWell: true };
const ended: DaemonEvent = { kind: 'main-ended', isWell: true };

t.test('a life with all commands', async (t) => {
  t.strictSame(
    live(
      full,
      { kind: 'start' },
      well,
      well,
      { kind: 'ready' },
      well,
      well,
      { kind: 'stop', restarts: true },
      well,
      well,
      ended,
      { kind: 'empty' },
      well,
      well,
    ),
    [
      'begin',
      'startBefore 0',
      'startBefore 1',
      'spawn 0',
      'startAfter 0',
      'startAfter 1',
      'tell-ready',
      'stop 0',
      'stop 1',
      'restart',
      'look',
      'stopAfter 0',
      'stopAfter 1',
      'settle',
      'off',
    ],
  );
});

t.test('a oneshot with two commands', async (t) => {
  t.strictSame(
    live({ ...plain, type: 'oneshot', starts: 2 }, { kind: 'start' }, ended, ended, { kind: 'empty' }),
    ['begin', 'spawn 0', 'spawn 1', 'tell-ready', 'stop', 'settle', 'off'],
  );
});

t.test('who does not go', async (t) => {
  t.strictSame(
    live(
      plain,
      { kind: 'start' },
      { kind: 'ready' },
      { kind: 'abort' },
      { kind: 'timeout' },
      { kind: 'empty' },
    ),
    ['begin', 'spawn 0', 'tell-ready', 'abort', 'final', 'settle', 'off'],
  );
});
