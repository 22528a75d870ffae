// When does a started daemon take connections? First as its type says, then as its readiness says.
import { readFile } from 'node:fs/promises';
import type { Failure } from '../../model/event.ts';
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import { showTarget } from '../../native/relay.ts';
import type { Runtime } from '../running.ts';
import type { Run } from './run.ts';

/** What the others know how to await; each gives what takes the wish back. */
export type Awaiting = {
  /** A server behind a relay answers. */
  readonly probe: (onDone: (failure: Failure | undefined) => void) => () => void;
  /** A line of its log matches. */
  readonly line: (pattern: RegExp, onFound: () => void) => () => void;
  /** It has called listen(2). */
  readonly listen: (onListening: () => void) => () => void;
  /** Its program has been executed. */
  readonly executed: (pid: number) => boolean;
};

/** Between two looks at what the kernel does not tell by itself. */
const look: Milliseconds = milliseconds(10);

export type AwaitedReadiness = {
  /** READY=1. */
  readonly said: () => void;
  /** The first process of a forking daemon has ended well. */
  readonly forked: () => void;
  /** What has not come yet, for who waited in vain. */
  readonly awaited: () => string;
  readonly stop: () => void;
};

/**
 * `setMain` takes the main process of a forking daemon, if it is one; `guessMain` finds it where no file says which.
 */
export const awaitReadiness = (
  { clock }: Pick<Runtime, 'clock'>,
  run: Run,
  awaiting: Awaiting,
  main: { readonly set: (pid: number) => boolean; readonly guess: () => 'found' | 'unknown' | 'none' },
  onReady: () => void,
  onFailed: (failure: Failure) => void,
): AwaitedReadiness => {
  const { daemon, file } = run.plan;
  let isOver = false;
  let undo = (): void => undefined;
  let awaited = '';
  let onSaid = (): void => undefined;
  let onForked = (): void => undefined;

  const finish = (): void => {
    isOver = true;
    undo();
  };
  const succeed = (): void => {
    if (isOver) return;
    finish();
    onReady();
  };
  const fail = (failure: Failure): void => {
    if (isOver) return;
    finish();
    onFailed(failure);
  };
  const after = (delay: Milliseconds, call: () => void): void => {
    undo = clock.after(delay, () => {
      if (!isOver) call();
    });
  };

  const awaitRest = (): void => {
    if (isOver) return;
    undo = () => undefined;
    const { readiness } = daemon;
    switch (readiness.kind) {
      case 'type':
        succeed();
        return;
      case 'probe':
        awaited = `nobody answers at ${run.plan.service.targets.map(showTarget).join(' or ')}`;
        undo = awaiting.probe((failure) => (failure === undefined ? succeed() : fail(failure)));
        return;
      case 'line':
        awaited = `no line of its output matches ${readiness.pattern}`;
        undo = awaiting.line(new RegExp(readiness.pattern), succeed);
        return;
      case 'listen':
        awaited = 'it has not called listen(2)';
        undo = awaiting.listen(succeed);
        return;
      case 'delay':
        awaited = 'its time is not over';
        after(readiness.duration, succeed);
    }
  };

  const awaitExecution = (): void => {
    awaited = 'it has not been executed';
    if (run.main === undefined || awaiting.executed(run.main)) awaitRest();
    else after(look, awaitExecution);
  };

  const readPidFile = (path: string): void => {
    awaited = `${path} names none of its processes`;
    void readFile(path, 'latin1')
      .catch(() => '')
      .then((text) => {
        if (isOver) return;
        const pid = Number(/^\s*([1-9][0-9]{0,9})\s*$/.exec(text)?.[1] ?? Number.NaN);
        if (Number.isInteger(pid) && main.set(pid)) awaitRest();
        else after(look, () => readPidFile(path));
      });
  };

  const findMain = (): void => {
    onForked = () => undefined;
    if (daemon.pidFile !== undefined) readPidFile(daemon.pidFile);
    else if (main.guess() === 'none') fail({ code: 'ESRCH', what: `${file} has left no process behind` });
    else awaitRest();
  };

  switch (daemon.type) {
    case 'simple':
      awaitRest();
      break;
    case 'exec':
      awaitExecution();
      break;
    case 'notify':
    case 'notify-reload':
      awaited = 'it has not said READY=1';
      onSaid = () => {
        onSaid = () => undefined;
        awaitRest();
      };
      break;
    case 'forking':
      awaited = 'its first process has not ended';
      onForked = findMain;
      break;
    case 'oneshot':
      awaited = 'it has not ended';
  }

  return {
    said: () => onSaid(),
    forked: () => onForked(),
    awaited: () => awaited,
    stop: finish,
  };
};
