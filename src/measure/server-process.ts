// The server's process: which one it is, and what its whole tree used of processor and memory during a run.
import { writeFileSync } from 'node:fs';
import type { LoadAddress } from '../native/load.ts';
import {
  holdsSocket,
  ignoresChildren,
  type ProcessState,
  readCommand,
  readPeak,
  readPids,
  readState,
  readTree,
} from './processes.ts';
import type { ServerUse } from './result.ts';
import { findSockets, isOfThisMachine } from './sockets.ts';

/** What cannot be known, as a sentence that says why. */
export type Unknown = { readonly unknown: string };

/** Holders whose parent holds it too got it from there. */
const oldestOf = (holders: readonly ProcessState[]): readonly ProcessState[] =>
  holders.filter(({ parent }) => !holders.some(({ pid }) => pid === parent));

/** systemd keeps what it hands to a service, which is then the one that serves. */
const withoutServiceManager = (holders: readonly ProcessState[]): readonly ProcessState[] => {
  const others = holders.filter(({ pid, name }) => pid !== 1 || name !== 'systemd');
  return others.length > 0 ? others : holders;
};

/** The process that listens at an address of this machine, or why it cannot be told. Reads the whole of /proc once. */
export const findServer = (address: LoadAddress): number | Unknown => {
  const shown = address.kind === 'unix' ? address.path : `${address.host}, port ${address.port}`;
  if (!isOfThisMachine(address)) {
    return { unknown: `${shown} is not an address of this machine, so its server's use cannot be read` };
  }
  const sockets = findSockets(address);
  if (sockets.length === 0) {
    return {
      unknown: `nobody listens at ${shown} as this process sees it; the server may be in another namespace`,
    };
  }
  const inodes = new Set(sockets.map(({ inode }) => inode));
  const holders = readPids()
    .filter((pid) => holdsSocket(pid, inodes))
    .flatMap((pid) => readState(pid) ?? []);
  const found = oldestOf(withoutServiceManager(holders));
  const [first] = found;
  if (first === undefined) {
    const who = process.geteuid?.() === 0 ? 'a process that is not to be seen from here' : 'another user';
    return {
      unknown: `the server at ${shown} belongs to ${who}; run as root, or tell its pid, to read its use`,
    };
  }
  if (found.length > 1) {
    const pids = found.map(({ pid }) => pid).join(', ');
    return { unknown: `several processes listen at ${shown} (${pids}); tell the pid of one to read its use` };
  }
  return first.pid;
};

/**
 * Linux shows processor times in USER_HZ, which is 100 on every architecture that Node runs on, whatever the kernel's
 * own clock is; so a tick is 10 ms.
 */
const microsecondsPerTick = 10_000;

const resetPeak = (pid: number): boolean => {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false; // another user's process, or a kernel without CONFIG_PROC_PAGE_MONITOR
  }
};

type Start = {
  readonly root: ProcessState;
  readonly members: readonly ProcessState[];
  readonly peakIs: ServerUse['peakIs'];
};

const sum = (states: readonly ProcessState[], ticks: 'userTicks' | 'systemTicks'): number =>
  states.reduce((total, state) => total + state[ticks], 0);

/** The tree as it is now, and members of the first look that lost their parent and with it their place. */
const membersNow = (start: Start): readonly ProcessState[] => {
  const tree = readTree(start.root.pid, process.pid);
  const known = new Set(tree.map(({ pid }) => pid));
  const orphans = start.members.flatMap((before) => {
    const now = known.has(before.pid) ? undefined : readState(before.pid);
    return now !== undefined && now.startedAt === before.startedAt ? [now] : [];
  });
  return [...tree, ...orphans];
};

/** `members`: only those that lived through the whole run; a handler without children may ignore what it likes. */
const notesOn = (pid: number, members: readonly ProcessState[]): readonly string[] => [
  ...members
    .filter((member) => ignoresChildren(member.pid))
    .map(
      (member) =>
        `process ${member.pid} ignores SIGCHLD: the times of its ended children are not in these figures`,
    ),
  ...(pid === 1 ? ['process 1 is a parent to all: whatever else the machine did is in these figures'] : []),
];

/**
 * Reads what a process, its live descendants and all the children that were waited for use between `start` and `stop`;
 * never what this process does. Resets the process's mark of its highest memory, where that is allowed.
 */
export const createUseReader = (pid: number) => {
  let started: Start | undefined;
  return {
    start: (): void => {
      started = undefined;
      const members = readTree(pid, process.pid);
      const root = members.find((each) => each.pid === pid);
      if (root === undefined) return;
      started = { root, members, peakIs: resetPeak(pid) ? 'of the run' : 'since its start' };
    },

    /** `connections`: how many the use is shared out to. */
    stop: (connections: number): ServerUse | Unknown => {
      if (started === undefined) return { unknown: `there was no process ${pid} when the run began` };
      const members = membersNow(started);
      const root = members.find((each) => each.pid === pid);
      if (root?.startedAt !== started.root.startedAt || root.hasEnded) {
        return { unknown: `the server, process ${pid}, ended during the run` };
      }
      if (connections === 0) return { unknown: 'no connection went well, so there is no use for each' };
      const user = sum(members, 'userTicks') - sum(started.members, 'userTicks');
      const system = sum(members, 'systemTicks') - sum(started.members, 'systemTicks');
      if (user < 0 || system < 0) {
        return {
          unknown: `processes that process ${pid} had started ended without its wait, and took their times along`,
        };
      }
      const atStart = new Set(started.members.map((each) => each.pid));
      const notes = notesOn(
        pid,
        members.filter((each) => each.pid === pid || atStart.has(each.pid)),
      );
      return {
        pid,
        command: readCommand(pid),
        userTimePerConnection: (user * microsecondsPerTick) / connections,
        systemTimePerConnection: (system * microsecondsPerTick) / connections,
        peakKibibytes: readPeak(pid),
        peakIs: started.peakIs,
        ...(notes.length > 0 && { note: notes.join('; ') }),
      };
    },
  };
};
