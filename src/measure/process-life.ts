// The lives of processes, put together from the kernel's stamps, and what they say of a server that tells nothing itself.
import type { ProcessChange } from '../native/tracer.ts';
import { createDistribution } from './histogram.ts';
import type { Phase, Phases } from './result.ts';

/** One of the kernel's stamps; nanoseconds on CLOCK_MONOTONIC_RAW. */
export type KernelRecord = {
  readonly kind: ProcessChange;
  readonly pid: number;
  /** 0 but for a fork. */
  readonly parent: number;
  readonly moment: number;
};

/** A pid from its fork to its exit; undefined what came before the first stamp or after the last. */
export type ProcessLife = {
  readonly pid: number;
  readonly parent: number | undefined;
  readonly forked: number | undefined;
  /** The first time. */
  readonly executed: number | undefined;
  readonly exited: number | undefined;
};

/** From the kernel in any order, as each processor has its own; or a sentence why there are none. */
export type KernelRecords = readonly KernelRecord[] | { readonly unavailable: string };

const rank: Readonly<Record<ProcessChange, number>> = { fork: 0, exec: 1, exit: 2 };

const inOrder = (records: readonly KernelRecord[]): readonly KernelRecord[] =>
  records.toSorted((a, b) => a.moment - b.moment || rank[a.kind] - rank[b.kind]);

const unborn = (pid: number): ProcessLife => ({
  pid,
  parent: undefined,
  forked: undefined,
  executed: undefined,
  exited: undefined,
});

const isOver = (life: ProcessLife | undefined): boolean => life?.exited !== undefined;

/** Every pid's lives, the first first: a number is given again when its process has been reaped. */
export const livesOf = (records: readonly KernelRecord[]): ReadonlyMap<number, readonly ProcessLife[]> => {
  const lives = new Map<number, ProcessLife[]>();
  for (const { kind, pid, parent, moment } of inOrder(records)) {
    const own = lives.get(pid) ?? [];
    lives.set(pid, own);
    const current = own.at(-1);
    if (kind === 'fork') {
      own.push({ ...unborn(pid), parent, forked: moment });
      continue;
    }
    // one that began before the stamps did
    const life = current === undefined || isOver(current) ? unborn(pid) : current;
    if (life === current) own.pop();
    own.push(kind === 'exec' ? { ...life, executed: life.executed ?? moment } : { ...life, exited: moment });
  }
  return lives;
};

/** The lives of all that a process has started, they and their children; what ran before the stamps began is not known. */
const descendantsOf = (records: readonly KernelRecord[], pid: number): readonly ProcessLife[] => {
  const family = new Map([[pid, Number.POSITIVE_INFINITY]]);
  const born = [...livesOf(records).values()].flat().filter(({ forked }) => forked !== undefined);
  const found: ProcessLife[] = [];
  for (const life of born.toSorted((a, b) => (a.forked ?? 0) - (b.forked ?? 0))) {
    const { parent = 0, forked = 0, exited = Number.POSITIVE_INFINITY } = life;
    // who has the number of one that has ended is somebody else
    if (forked > (family.get(parent) ?? 0)) continue;
    family.set(life.pid, exited);
    found.push(life);
  }
  return found;
};

type Span = Pick<Phase, 'name' | 'from' | 'to'> & {
  readonly of: (life: ProcessLife) => readonly [from: number | undefined, to: number | undefined];
};

const spans: readonly Span[] = [
  {
    name: 'start',
    from: 'the kernel has made the process (fork)',
    to: 'the kernel has replaced its program (exec)',
    of: ({ forked, executed }) => [forked, executed],
  },
  {
    name: 'handler run',
    from: 'the kernel has replaced its program (exec)',
    to: 'the process ends (exit)',
    of: ({ executed, exited }) => [executed, exited],
  },
];

const whole: Span = {
  name: 'run without exec',
  from: 'the kernel has made the process (fork)',
  to: 'the process ends (exit)',
  of: ({ forked, executed, exited }) => [executed === undefined ? forked : undefined, exited],
};

const measure = (lives: readonly ProcessLife[], { of, ...words }: Span): readonly Phase[] => {
  const distribution = createDistribution();
  for (const life of lives) {
    const [from, to] = of(life);
    if (from !== undefined && to !== undefined) distribution.record(to - from);
  }
  const read = distribution.read();
  return read.count === 0 ? [] : [{ ...words, distribution: read }];
};

/**
 * What the kernel's stamps alone tell of any server's handlers: of the processes that descend from it and began between
 * two moments.
 */
export const kernelPhases = (
  kernel: KernelRecords,
  pid: number,
  within: { readonly from: number; readonly until: number },
): Phases => {
  if ('unavailable' in kernel) {
    return { sequence: [], overlapping: [], unknown: [kernel.unavailable], traced: 0 };
  }
  const lives = descendantsOf(kernel, pid).filter(
    ({ forked = 0 }) => forked >= within.from && forked <= within.until,
  );
  return {
    sequence: spans.flatMap((span) => measure(lives, span)),
    overlapping: measure(lives, whole),
    unknown: [
      'What lies between the connect and the fork (the accept queue, the admission), and between the exit and its reaping: only acceptd stamps it, with --trace.',
      'Which process served which connection: the distributions are of processes, also of those that a handler starts.',
    ],
    traced: lives.filter(({ executed, exited }) => executed !== undefined && exited !== undefined).length,
  };
};
