// The life of a daemon as a table: from a state and what happens to the next state and what is to be done.
import type { CommandList, DaemonAction, DaemonEvent, DaemonState, Shape, Step } from './state.ts';

type Of<Kind extends DaemonState['kind']> = Extract<DaemonState, { readonly kind: Kind }>;

const none: DaemonAction = { kind: 'deadline', of: undefined };
const stays = (state: DaemonState, ...actions: readonly DaemonAction[]): Step => ({ state, actions });
const after = (actions: readonly DaemonAction[], { state, actions: more }: Step): Step => ({
  state,
  actions: [...actions, ...more],
});
const run = (list: CommandList, at: number): DaemonAction => ({ kind: 'run', list, at });

export const off: DaemonState = { kind: 'off' };

// --- Up ---

const enterMain = (at: number): Step => stays({ kind: 'starting', stage: 'main', at }, { kind: 'spawn', at });

/** Somebody waits for it: what can be done when the process is there is done then. */
const beginWith = ({ state, actions }: Step): Step =>
  stays(state, { kind: 'begin' }, ...actions, { kind: 'deadline', of: 'start' });

const startBefore = beginWith(stays({ kind: 'starting', stage: 'before', at: 0 }, run('startBefore', 0)));
const startMain = beginWith(enterMain(0));

const enterStarting = (shape: Shape): Step => (shape.startBefore > 0 ? startBefore : startMain);

/** The main process is up, or of a oneshot all are through. */
const enterStartAfter = (shape: Shape): Step =>
  shape.startAfter > 0
    ? stays({ kind: 'starting', stage: 'after', at: 0 }, run('startAfter', 0))
    : enterUp(shape);

const enterUp = (shape: Shape): Step => {
  const told: readonly DaemonAction[] = [none, { kind: 'tell-ready' }];
  if (shape.type !== 'oneshot') return stays({ kind: 'running' }, ...told);
  return after(told, shape.remainsAfterExit ? stays({ kind: 'remaining' }) : enterStopping(shape, false));
};

// --- Down ---

const enterStopping = (shape: Shape, restarts: boolean): Step =>
  shape.stop > 0
    ? stays(
        { kind: 'stopping', stage: 'commands', at: 0, restarts },
        { kind: 'deadline', of: 'stop' },
        run('stop', 0),
      )
    : enterSignalled(restarts);

const enterSignalled = (restarts: boolean): Step =>
  stays(
    { kind: 'stopping', stage: 'signalled', at: 0, restarts },
    { kind: 'deadline', of: 'stop' },
    { kind: 'signal', how: restarts ? 'restart' : 'stop' },
  );

const enterAborting = (restarts: boolean): Step =>
  stays(
    { kind: 'stopping', stage: 'aborting', at: 0, restarts },
    { kind: 'deadline', of: 'abort' },
    { kind: 'signal', how: 'abort' },
  );

const enterKilled = (restarts: boolean): Step =>
  stays(
    { kind: 'stopping', stage: 'killed', at: 0, restarts },
    { kind: 'deadline', of: 'stop' },
    { kind: 'signal', how: 'final' },
  );

const enterStopAfter = (shape: Shape, restarts: boolean): Step =>
  shape.stopAfter > 0
    ? stays(
        { kind: 'stopping', stage: 'after', at: 0, restarts },
        { kind: 'deadline', of: 'stop' },
        run('stopAfter', 0),
      )
    : settle(restarts);

const settle = (restarts: boolean): Step => stays(off, none, { kind: 'settle', restarts });

// --- What happens in each state ---

const stepOff = (shape: Shape, state: Of<'off'>, event: DaemonEvent): Step => {
  switch (event.kind) {
    case 'start':
      return enterStarting(shape);
    case 'pause':
      return stays({ kind: 'pausing', starts: event.starts }, { kind: 'deadline', of: 'pause' });
    default:
      return stays(state);
  }
};

const stepPausing = (shape: Shape, state: Of<'pausing'>, event: DaemonEvent): Step => {
  switch (event.kind) {
    case 'start':
      return enterStarting(shape);
    case 'timeout':
      return stays(off, none, { kind: 'resume', starts: state.starts });
    case 'stop':
      return stays(off, none, { kind: 'settle', restarts: event.restarts });
    default:
      return stays(state);
  }
};

const stepStarting = (shape: Shape, state: Of<'starting'>, event: DaemonEvent): Step => {
  const { stage, at } = state;
  const endCommand: readonly DaemonAction[] = stage === 'main' ? [] : [{ kind: 'end-command' }];
  switch (event.kind) {
    case 'command-ended':
      if (stage === 'main') return stays(state);
      if (!event.isWell) return enterSignalled(false);
      if (stage === 'before')
        return at + 1 < shape.startBefore
          ? stays({ kind: 'starting', stage, at: at + 1 }, run('startBefore', at + 1))
          : enterMain(0);
      return at + 1 < shape.startAfter
        ? stays({ kind: 'starting', stage, at: at + 1 }, run('startAfter', at + 1))
        : enterUp(shape);
    case 'ready':
      return stage === 'main' && shape.type !== 'oneshot' ? enterStartAfter(shape) : stays(state);
    case 'main-ended':
      if (stage !== 'main') return after(endCommand, enterSignalled(false));
      if (shape.type !== 'oneshot' || !event.isWell) return enterSignalled(false);
      return at + 1 < shape.starts ? enterMain(at + 1) : enterStartAfter(shape);
    // what was not up is not asked to stop by its commands
    case 'start-failed':
    case 'timeout':
    case 'stopping-itself':
      return after(endCommand, enterSignalled(false));
    case 'stop':
      return after(endCommand, enterSignalled(event.restarts));
    case 'abort':
      return after(endCommand, enterAborting(false));
    default:
      return stays(state);
  }
};

/** The main process is gone, or there was none that anybody knew and now nothing is left. */
const afterMain = (shape: Shape, isWell: boolean): Step => {
  if (isWell && shape.remainsAfterExit) return stays({ kind: 'remaining' }, none);
  return isWell ? enterStopping(shape, false) : enterSignalled(false);
};

const stepRunning = (shape: Shape, state: Of<'running'>, event: DaemonEvent): Step => {
  switch (event.kind) {
    case 'main-ended':
      return afterMain(shape, event.isWell);
    case 'empty':
      return afterMain(shape, true);
    case 'process-ended':
      return stays(state, { kind: 'look' });
    case 'reload': {
      const deadline: DaemonAction = { kind: 'deadline', of: 'reload' };
      return shape.type === 'notify-reload'
        ? stays({ kind: 'reloading', stage: 'awaited', at: 0 }, deadline, { kind: 'signal', how: 'reload' })
        : shape.reload > 0
          ? stays({ kind: 'reloading', stage: 'commands', at: 0 }, deadline, run('reload', 0))
          : stays(state, { kind: 'tell-reloaded', isWell: false });
    }
    case 'reloading-itself':
      return stays({ kind: 'reloading', stage: 'awaited', at: 0 }, { kind: 'deadline', of: 'reload' });
    case 'stopping-itself':
      return stays(
        { kind: 'stopping', stage: 'signalled', at: 0, restarts: false },
        { kind: 'deadline', of: 'stop' },
      );
    case 'stop':
      return enterStopping(shape, event.restarts);
    case 'abort':
      return enterAborting(false);
    default:
      return stays(state);
  }
};

const stepRemaining = (shape: Shape, state: Of<'remaining'>, event: DaemonEvent): Step => {
  switch (event.kind) {
    case 'reload':
      return stays(state, { kind: 'tell-reloaded', isWell: false });
    case 'stop':
      return enterStopping(shape, event.restarts);
    default:
      return stays(state);
  }
};

const stepReloading = (shape: Shape, state: Of<'reloading'>, event: DaemonEvent): Step => {
  const { stage, at } = state;
  const endCommand: readonly DaemonAction[] = stage === 'commands' ? [{ kind: 'end-command' }] : [];
  const done = (isWell: boolean): readonly DaemonAction[] => [none, { kind: 'tell-reloaded', isWell }];
  switch (event.kind) {
    case 'ready':
      return stage === 'awaited' ? stays({ kind: 'running' }, ...done(true)) : stays(state);
    case 'command-ended':
      if (stage !== 'commands') return stays(state);
      return event.isWell && at + 1 < shape.reload
        ? stays({ kind: 'reloading', stage, at: at + 1 }, run('reload', at + 1))
        : stays({ kind: 'running' }, ...done(event.isWell));
    // it goes on as it was
    case 'timeout':
      return stays({ kind: 'running' }, ...endCommand, ...done(false));
    case 'process-ended':
      return stays(state, { kind: 'look' });
    case 'main-ended':
    case 'empty':
    case 'stop':
    case 'abort':
    case 'stopping-itself':
      return after([...endCommand, ...done(false)], stepRunning(shape, { kind: 'running' }, event));
    default:
      return stays(state);
  }
};

const stepStopping = (shape: Shape, state: Of<'stopping'>, event: DaemonEvent): Step => {
  const { stage, at, restarts } = state;
  if (event.kind === 'stop') return stays({ ...state, restarts: event.restarts });
  switch (stage) {
    case 'commands':
      if (event.kind === 'command-ended')
        return event.isWell && at + 1 < shape.stop
          ? stays({ ...state, at: at + 1 }, run('stop', at + 1))
          : enterSignalled(restarts);
      if (event.kind === 'timeout') return after([{ kind: 'end-command' }], enterSignalled(restarts));
      if (event.kind === 'abort') return after([{ kind: 'end-command' }], enterAborting(restarts));
      return stays(state);
    case 'aborting':
      if (event.kind === 'main-ended') return enterSignalled(restarts);
      if (event.kind === 'process-ended') return stays(state, { kind: 'look' });
      break;
    case 'signalled':
    case 'killed':
      if (event.kind === 'main-ended' || event.kind === 'process-ended')
        return stays(state, { kind: 'look' });
      break;
    case 'after':
      if (event.kind === 'command-ended')
        return at + 1 < shape.stopAfter
          ? stays({ ...state, at: at + 1 }, run('stopAfter', at + 1))
          : settle(restarts);
      if (event.kind === 'timeout') return after([{ kind: 'end-command' }], settle(restarts));
      return stays(state);
  }
  if (event.kind === 'empty') return enterStopAfter(shape, restarts);
  if (event.kind !== 'timeout') return stays(state);
  // what is not to be killed, or cannot be, is left alone
  return stage !== 'killed' && shape.kills ? enterKilled(restarts) : enterStopAfter(shape, restarts);
};

export const step = (shape: Shape, state: DaemonState, event: DaemonEvent): Step => {
  switch (state.kind) {
    case 'off':
      return stepOff(shape, state, event);
    case 'pausing':
      return stepPausing(shape, state, event);
    case 'starting':
      return stepStarting(shape, state, event);
    case 'running':
      return stepRunning(shape, state, event);
    case 'remaining':
      return stepRemaining(shape, state, event);
    case 'reloading':
      return stepReloading(shape, state, event);
    case 'stopping':
      return stepStopping(shape, state, event);
  }
};
