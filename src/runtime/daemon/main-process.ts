// Which process is a daemon's main one, and when it ends: a child of ours, an orphan that became one, or a child's child.
import { type Milliseconds, milliseconds } from '../../model/quantity.ts';
import { factsOf, watchEnd } from '../../native/process-tree.ts';
import type { ProcessEnd, RunningService } from '../running.ts';
import type { DaemonParts } from './parts.ts';
import type { Run } from './run.ts';

/** The end of an orphan is told by its pidfd, and how it ended a moment later. */
const moment = milliseconds(20);

export const createMainProcess = (
  { runtime, registerProcess, isOthers }: Pick<DaemonParts, 'runtime' | 'registerProcess' | 'isOthers'>,
  running: RunningService,
  onEnded: (pid: number, end: ProcessEnd | undefined) => void,
) => {
  let stopWatching = (): void => undefined;

  /** An orphan that nobody has claimed is the run's where its own files say so. */
  const isOurs = (run: Run, pid: number): boolean => {
    const facts = factsOf(pid);
    if (facts === undefined || facts.hasEnded) return false;
    if (run.members.includes(pid)) return true;
    if (facts.parent !== process.pid || isOthers(pid) || runtime.instances.has(pid)) return false;
    run.members.add(pid);
    return true;
  };

  /** False when it is no living process of the run. */
  const set = (run: Run, pid: number): boolean => {
    if (!isOurs(run, pid)) return false;
    const facts = factsOf(pid);
    if (facts === undefined) return false;
    stopWatching();
    stopWatching = () => undefined;
    run.main = pid;
    if (runtime.instances.has(pid)) return true;
    if (facts.parent === process.pid) {
      const { file } = run.plan;
      registerProcess(running, pid, { file, onEnded: (end) => onEnded(pid, end) });
      return true;
    }
    const stop = watchEnd(runtime.kernel, facts, () => {
      runtime.clock.after(moment, () => {
        if (run.main === pid) onEnded(pid, undefined);
      });
    });
    stopWatching = stop ?? stopWatching;
    return stop !== undefined;
  };

  const isOrphan = ({ pid }: { readonly pid: number }): boolean => {
    const facts = factsOf(pid);
    return facts !== undefined && !facts.hasEnded && facts.parent === process.pid;
  };

  /** The only one that the first process has left behind. */
  const guess = (run: Run): 'found' | 'unknown' | 'none' => {
    const living = run.members.look().filter(({ pid }) => pid !== run.command);
    // whose child was left to us while we looked has ended since
    const orphans = living.filter(isOrphan).filter(isOrphan);
    const [only, ...others] = orphans;
    if (only === undefined) return 'none';
    return others.length === 0 && set(run, only.pid) ? 'found' : 'unknown';
  };

  /** The one that the version before us had; its end may be the first that is heard of it. */
  const goOn = (run: Run, pid: number, startedAt: Milliseconds): void => {
    run.main = pid;
    const facts = factsOf(pid);
    if (facts?.parent === process.pid) {
      const { file } = run.plan;
      registerProcess(running, pid, { file, onEnded: (end) => onEnded(pid, end) }, startedAt);
      return;
    }
    const end = (): void =>
      void runtime.clock.after(moment, () => {
        if (run.main === pid) onEnded(pid, undefined);
      });
    const stop = facts && watchEnd(runtime.kernel, facts, end);
    if (stop === undefined) end();
    else stopWatching = stop;
  };

  return { set, guess, goOn, stop: () => stopWatching() };
};
