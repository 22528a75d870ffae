// What /proc says of processes: who is whose child, what they used, what they hold.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';

export type ProcessState = {
  readonly pid: number;
  readonly parent: number;
  /** Name of the program file, at most 15 bytes. */
  readonly name: string;
  /** Moment of its start: a pid that comes back has another. */
  readonly startedAt: string;
  /** Of itself and of all children that it waited for. */
  readonly userTicks: number;
  readonly systemTicks: number;
  /** A zombie, which nobody has waited for yet. */
  readonly hasEnded: boolean;
};

/** A file of /proc, or undefined: the process has ended, or is somebody else's. */
const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
};

/** One line of /proc/PID/stat (proc_pid_stat(5)). The name may hold blanks and parentheses: the last one ends it. */
export const parseState = (text: string): ProcessState | undefined => {
  const match = /^(\d+) \((.*)\) (.*)$/s.exec(text.trimEnd());
  if (match === null) return undefined;
  const fields = (match[3] ?? '').split(' '); // from field 3 on
  const field = (number: number): number => Number(fields[number - 3]);
  const state = {
    pid: Number(match[1]),
    parent: field(4),
    name: match[2] ?? '',
    startedAt: fields[22 - 3] ?? '',
    userTicks: field(14) + field(16),
    systemTicks: field(15) + field(17),
    hasEnded: fields[0] === 'Z' || fields[0] === 'X',
  };
  return Number.isNaN(state.parent + state.userTicks + state.systemTicks) ? undefined : state;
};

export const readState = (pid: number): ProcessState | undefined => {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseState(text);
};

export const readPids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** A process and all that descend from it, without the process `except` and what descends from that. */
export const readTree = (root: number, except: number): readonly ProcessState[] => {
  const children = new Map<number, ProcessState[]>();
  const states = readPids().flatMap((pid) => readState(pid) ?? []);
  for (const state of states) children.set(state.parent, [...(children.get(state.parent) ?? []), state]);
  const tree = states.filter(({ pid }) => pid === root);
  for (const { pid } of tree) {
    for (const child of children.get(pid) ?? []) if (child.pid !== except) tree.push(child);
  }
  return tree;
};

/** The command line, or the name of a process that wiped it out. */
export const readCommand = (pid: number): string => {
  const words = readText(`/proc/${pid}/cmdline`)?.split('\0').join(' ').trim();
  return words === undefined || words === ''
    ? (readState(pid)?.name ?? '')
    : Buffer.from(words, 'latin1').toString();
};

const readStatus = (pid: number, field: string): string | undefined =>
  new RegExp(`^${field}:\\s*(\\S+)`, 'm').exec(readText(`/proc/${pid}/status`) ?? '')?.[1];

/** Highest resident set in KiB, since the start or the last reset. */
export const readPeak = (pid: number): number | undefined => {
  const peak = Number(readStatus(pid, 'VmHWM'));
  return Number.isNaN(peak) ? undefined : peak;
};

/** Whether ended children go without anybody's wait: their times are then added to nobody's (wait(2), NOTES). */
export const ignoresChildren = (pid: number): boolean => {
  const ignored = readStatus(pid, 'SigIgn');
  return (
    ignored !== undefined && ((BigInt(`0x${ignored}`) >> BigInt(constants.signals.SIGCHLD - 1)) & 1n) === 1n
  );
};

/** Whether the process has one of these sockets open; false also where we may not look. */
export const holdsSocket = (pid: number, inodes: ReadonlySet<string>): boolean => {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((descriptor) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readLink(`${folder}/${descriptor}`)) ?? [];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false;
  }
};

const readLink = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
};
