// Upgrade in place: the next version of acceptd takes over in the same process, or this one goes on.
import type { Clock } from '../model/clock.ts';
import type { Done } from '../model/control.ts';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import type { Failure } from '../model/event.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { SystemError } from '../native/addon.ts';
import { execProgram, sealMemoryFile } from '../native/exec.ts';
import { packState, type SavedServer } from '../runtime/handover/format.ts';
import { descriptorsOf } from '../runtime/handover/restore.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import { stateName } from './upgrade-names.ts';
import { describeOwnFiles, ownEnvironment, ownWords, tryNextVersion } from './upgrade-trial.ts';

/** What another part of acceptd hands over, by its name. */
export type Keeping = {
  /** Plain data: what structuredClone(3) copies. */
  readonly parts: Map<string, () => unknown>;
  readonly descriptors: Map<string, () => Descriptor | undefined>;
  /** Any number of them; what they are for stands in a part. */
  readonly lists: Map<string, () => readonly Descriptor[]>;
  /** Who has clients of his own besides. */
  readonly resting: Set<Resting>;
};

/** Somebody who comes to rest before the next version takes over: then nobody is accepted, until `resume`. */
export type Resting = {
  readonly pause: () => void;
  readonly isQuiet: () => boolean;
  readonly resume: () => void;
};

export const createKeeping = (): Keeping => ({
  parts: new Map(),
  descriptors: new Map(),
  lists: new Map(),
  resting: new Set(),
});

/** A descriptor of a list, in the state. */
export const nameInList = (list: string, index: number): string => `${list} ${index}`;

export type UpgradeMeans = {
  readonly supervisor: Pick<Supervisor, 'kernel' | 'handover' | 'startErrand'>;
  readonly clock: Clock;
  readonly keeping: Keeping;
  /** For the trial, and for daemons that are in the middle of something. */
  readonly deadline: Milliseconds;
  /** Who is at his end is not upgraded. */
  readonly isStopping: () => boolean;
  /** What has been said is written before the end. */
  readonly flush: () => Promise<void>;
  /** It begins, and it has come to nothing. */
  readonly tell: (
    what: { readonly kind: 'begins' } | { readonly kind: 'failed'; readonly failure: Failure },
  ) => void;
};

/** For those who do not hear what they are told, and for starts that are under way. */
const patience = milliseconds(2_000);
/** Where something happens all the time. */
const mostFlushes = 100;
const look = milliseconds(2);
const longLook = milliseconds(50);

const hasChanged: Failure = {
  code: 'ECANCELED',
  what: 'the files of acceptd have changed since the new version was tried; try again when all of them are there',
};
const isEnding: Failure = { code: 'ESHUTDOWN', what: 'acceptd is stopping' };

export const createUpgrade = (means: UpgradeMeans): (() => Promise<Done | Failure>) => {
  const { supervisor, clock, keeping, deadline } = means;
  const { kernel, handover } = supervisor;
  let running: Promise<Done | Failure> | undefined;

  const wait = (time: Milliseconds): Promise<void> =>
    new Promise((resolve) => void clock.after(time, () => resolve()));

  /** False: it has not come about in time. */
  const until = async (is: () => boolean, time: Milliseconds, pause: Milliseconds): Promise<boolean> => {
    const end = clock.now() + time;
    while (!is()) {
      if (clock.now() >= end) return false;
      await wait(pause);
    }
    return true;
  };

  const save = (): SavedServer => ({
    runtime: handover.save(),
    parts: Object.fromEntries([...keeping.parts].map(([name, part]) => [name, part()])),
    kept: Object.fromEntries([
      ...[...keeping.descriptors].flatMap(([name, find]) => {
        const descriptor = find();
        return descriptor === undefined ? [] : [[name, descriptor] as const];
      }),
      ...[...keeping.lists].flatMap(([name, list]) =>
        list().map((descriptor, index) => [nameInList(name, index), descriptor] as const),
      ),
    ]),
  });

  const isAtRest = (): boolean => !handover.isStarting() && handover.unsettled() === undefined;

  const busyNow = (): Failure => ({
    code: 'EBUSY',
    what: `${handover.unsettled() ?? 'a process is still being started'}; try again later`,
  });

  const pause = (): void => {
    handover.pause();
    for (const each of keeping.resting) each.pause();
  };
  const resume = (): void => {
    handover.resume();
    for (const each of keeping.resting) each.resume();
  };
  const areOthersQuiet = (): boolean => [...keeping.resting].every(({ isQuiet }) => isQuiet());

  /** What is in the middle of something; undefined when nothing is, and then nobody is accepted any more. */
  const comeToRest = async (): Promise<Failure | undefined> => {
    const end = clock.now() + deadline;
    for (;;) {
      const left = milliseconds(Math.max(0, end - clock.now()));
      // who is served meanwhile does not notice
      if (!(await until(() => handover.unsettled() === undefined, left, longLook))) break;
      pause();
      await until(() => isAtRest() && handover.isQuiet() && areOthersQuiet(), patience, look);
      if (isAtRest()) {
        if (!handover.isQuiet()) handover.endDeaf();
        if ((await until(handover.isQuiet, patience, look)) && isAtRest()) return undefined;
      }
      resume();
      if (clock.now() >= end) break;
    }
    return busyNow();
  };

  /** Comes back only where it has failed. */
  const takeOver = (): Failure => {
    handover.surrender();
    const state = save();
    try {
      const file = sealMemoryFile('acceptd-state', packState(state));
      const kept = Object.values(state.kept).map(descriptorOf);
      const { code, message } = execProgram(
        process.execPath,
        ownWords(),
        ownEnvironment(stateName, file),
        [...descriptorsOf(state.runtime), ...kept, file],
        'acceptd',
      );
      kernel.close(file);
      return { code, what: message };
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return { code: error.code, what: error.message };
    }
  };

  /** Until nothing has happened while it was written: what comes after this is lost. */
  const flushAll = async (): Promise<void> => {
    for (let tries = 0; tries < mostFlushes; tries++) {
      let hasTurned = false;
      setImmediate(() => {
        hasTurned = true;
      });
      await means.flush();
      if (!hasTurned && handover.isQuiet()) return;
    }
  };

  const upgrade = async (): Promise<Done | Failure> => {
    if (means.isStopping()) return isEnding;
    const tried = await describeOwnFiles();
    const refusal = await tryNextVersion(
      { kernel, clock, startErrand: supervisor.startErrand },
      packState(save()),
      deadline,
    );
    if (refusal !== undefined) return refusal;
    if (means.isStopping()) return isEnding;
    means.tell({ kind: 'begins' });
    await means.flush();
    const busy = await comeToRest();
    if (busy !== undefined) return busy;
    const isTried = (await describeOwnFiles()) === tried;
    // the last that is waited for: what is said after it is lost
    await flushAll();
    // what was written took its time
    const failure = means.isStopping()
      ? isEnding
      : !isTried
        ? hasChanged
        : isAtRest()
          ? takeOver()
          : busyNow();
    resume();
    return failure;
  };

  return () => {
    running ??= upgrade()
      .then((outcome) => {
        if ('code' in outcome) means.tell({ kind: 'failed', failure: outcome });
        return outcome;
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };
};
