// The running server comes to rest for a moment, so that the next version can take it over; or goes on where that fails.
import { isStarting } from '../../native/exec.ts';
import type { RunningService, Runtime, Surrendered, Visitor } from '../running.ts';
import type { ServiceParts } from './parts.ts';
import { restoreRuntime } from './restore.ts';
import { saveRuntime } from './save.ts';
import type { SavedRuntime } from './saved.ts';

type Given = Surrendered & { readonly service: RunningService };

/** It hears something that cannot be gone on with. */
const isListening = ({ surrender }: Visitor): boolean => surrender === undefined || surrender === 'not-now';

export const createHandover = (runtime: Runtime, parts: ServiceParts) => {
  /** Who has been surrendered, until the next version has them or it is known that there is none. */
  let given: readonly Given[] = [];

  const save = (): SavedRuntime =>
    saveRuntime(
      runtime,
      parts,
      given.map(({ service, client, through, heard }) => ({ service, ...client, through, heard })),
    );

  return {
    /** As it is now. */
    save,

    /** Nobody is accepted from here on; who waits does so in the kernel's queues. */
    pause: (): void => {
      runtime.isHandingOver = true;
      parts.states.updateAll();
      for (const { talk } of runtime.talks.values()) talk.pause();
    },

    /** What is in the middle of something, in words; undefined when nothing is. */
    unsettled: (): string | undefined =>
      parts.isApplying() ? 'a configuration is being applied' : parts.daemons.unsettled(),
    isStarting,
    isUnderWay: (): boolean => runtime.isHandingOver,

    /** Whether everybody has heard what has been said to him. */
    isQuiet: (): boolean =>
      runtime.builtins.size === runtime.talks.size &&
      [...runtime.talks.values()].every(({ talk }) => talk.isSettled()) &&
      ![...runtime.visitors].some(isListening),

    /** Ends those who do not listen; how many there were. */
    endDeaf: (): number => {
      const deaf = [...runtime.talks].filter(([, { talk }]) => !talk.isSettled());
      for (const [stop] of deaf) stop();
      const leaving = [...runtime.visitors].filter(isListening);
      for (const { dismiss } of leaving) dismiss();
      return deaf.length + leaving.length;
    },

    /** Takes all who wait, to be followed at once by save(). */
    surrender: (): void => {
      const all: Given[] = [];
      for (const { service, surrender } of [...runtime.visitors]) {
        if (typeof surrender !== 'function') continue;
        const client = surrender();
        if (client !== undefined) all.push({ service, ...client });
      }
      given = all;
    },

    /** There is no next version: everything goes on. */
    resume: (): void => {
      runtime.isHandingOver = false;
      const returned = given;
      given = [];
      for (const { service, client, through, heard } of returned)
        (through === 'mux' ? parts.enterMux : parts.enter)(service, client, heard);
      for (const { talk } of runtime.talks.values()) talk.resume();
      parts.states.updateAll();
      parts.daemons.resume();
    },

    /** What could not be had, in words. */
    restore: (saved: SavedRuntime): readonly string[] => restoreRuntime(runtime, parts, saved),
  };
};

export type Handover = ReturnType<typeof createHandover>;
