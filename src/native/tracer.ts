// The kernel's own stamps of what processes do: when they came into being, when exec had replaced them, when they ended.
import { readFileSync } from 'node:fs';
import { describeErrno, openAddon } from './addon.ts';

type Handle = { readonly tracer: unique symbol };

const addon = openAddon<{
  openTracer(ringBytes: number): Handle | number;
  readTracer(tracer: Handle, happenings: Float64Array): number;
  countLost(tracer: Handle): number;
  closeTracer(tracer: Handle): number;
}>();

/** In the order of native/tracer.cc. `exec`: the new program's first instruction comes next, there is no way back. */
const kinds = ['fork', 'exec', 'exit'] as const;
export type ProcessChange = (typeof kinds)[number];

export type Tracer = {
  /**
   * What all processes of this machine (of this pid namespace) have done since the last time, in order for each
   * processor, but not over all of them. `parent` is 0 but for a fork; `moment` is in nanoseconds on
   * CLOCK_MONOTONIC_RAW. To be called often enough that the rings hold what comes meanwhile: every 50 ms or so.
   */
  readonly read: (take: (kind: ProcessChange, pid: number, parent: number, moment: number) => void) => void;
  /** Stamps for which there was no room, since the start. */
  readonly lost: () => number;
  /** Nothing may be read afterwards. */
  readonly close: () => void;
};

const fields = 4;
const batch = 4096;

const paranoia = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8').trim();
  } catch {
    return 'absent';
  }
};

/** What would help against an error of perf_event_open(2). */
const remedy = (code: string): string => {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `it takes root, CAP_PERFMON or kernel.perf_event_paranoid <= -1 (it is ${paranoia()}), and in a container that its filter lets perf_event_open pass`;
    case 'ENOSYS':
      return 'this kernel has no perf events (CONFIG_PERF_EVENTS)';
    case 'EMFILE':
      return 'it takes a descriptor for each processor: raise the limit (ulimit -n)';
    default:
      return 'it takes Linux 4.1 or later with perf events';
  }
};

/**
 * Starts the stamping on every processor, each of which gets so many bytes (a power of two; about 150 for a process
 * that comes and goes); a sentence where the kernel does not let us.
 */
export const openTracer = (ringBytes = 2_097_152): Tracer | { readonly unavailable: string } => {
  const handle = addon.openTracer(ringBytes);
  if (typeof handle === 'number') {
    const { code, reason } = describeErrno(handle);
    return { unavailable: `the kernel's stamps cannot be had (${reason}): ${remedy(code)}` };
  }
  const happenings = new Float64Array(batch * fields);
  return {
    read: (take) => {
      let count: number;
      do {
        count = addon.readTracer(handle, happenings);
        for (let at = 0; at < count * fields; at += fields) {
          const field = (offset: number): number => happenings[at + offset] ?? 0;
          take(kinds[field(0)] ?? 'exit', field(1), field(2), field(3));
        }
      } while (count === batch);
    },
    lost: () => addon.countLost(handle),
    close: () => {
      addon.closeTracer(handle);
    },
  };
};
