// Clients between their accept and their answer, for whom something is awaited: how many there may be, and how it ends.
import type { RunningService, Runtime, Visitor } from './running.ts';

/** Each has a descriptor; beyond so many the next one is turned away. */
const mostVisitors = 1_024;
/** One service cannot fill all places: its clients may all come from one place whose names nobody answers for. */
export const mostOfOneService = 256;

/** So many wait for one backend that the next ones wait in the kernel's queue. */
export const isCrowded = ({ visitors, prepared }: RunningService): boolean => {
  const { answer } = prepared.service;
  return visitors >= mostOfOneService && answer.kind === 'relay' && answer.backend !== undefined;
};

export type Visitors = ReturnType<typeof createVisitors>;

export const createVisitors = ({ visitors }: Runtime) => ({
  /**
   * Registers a client that has to wait; undefined when there are too many. `dismiss` is called when the server is
   * stopped meanwhile. The function it gives ends the wait: false when it was over already, and nothing may be done then.
   * Where it is not to be given up any more, what became of it was told already.
   */
  enter: (
    service: RunningService,
    dismiss: () => void,
    surrender?: Visitor['surrender'],
  ): (() => boolean) | undefined => {
    if (visitors.size >= mostVisitors || service.visitors >= mostOfOneService) return undefined;
    const isTold = surrender === undefined || surrender === 'elsewhere';
    const visitor: Visitor = {
      service,
      dismiss: () => {
        if (leave()) dismiss();
      },
      surrender: typeof surrender === 'function' ? () => (leave() ? surrender() : undefined) : surrender,
    };
    const leave = (): boolean => {
      if (!visitors.delete(visitor)) return false;
      service.visitors -= 1;
      if (isTold) service.toldVisitors -= 1;
      return true;
    };
    visitors.add(visitor);
    service.visitors += 1;
    if (isTold) service.toldVisitors += 1;
    return leave;
  },

  /** Ends all waits, as refusals. */
  dismissAll: (): void => {
    for (const { dismiss } of [...visitors]) dismiss();
  },
});
