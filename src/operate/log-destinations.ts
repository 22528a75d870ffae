// The places of all services' logs: one file for each path, one way to syslog, however many services use it.
import type { LogDestination } from '../model/service-log.ts';
import { createLogFile, type LogFile, type LogFileOptions } from './log-file.ts';
import type { FileLimits } from './log-limits.ts';
import { eachSecond, fileTime } from './log-time.ts';
import type { LineWriter } from './logged-service.ts';
import type { Syslog } from './syslog.ts';
import { priorityOf } from './syslog-message.ts';
import type { Destinations } from './xinetd-log.ts';

export type LogPlaces = Destinations & {
  /** After a rotation: whatever is at the paths now is written to. */
  readonly reopen: () => void;
  /** Everything is written, or could not be in so many milliseconds. */
  readonly flush: (patience: number) => Promise<void>;
  /** Lines that were lost from the start on. */
  readonly lost: () => number;
};

/** What a file that nobody logs to any more gets to take what waits. */
const partingTime = 5_000;

const lower = <Value extends number>(one: Value | undefined, other: Value | undefined): Value | undefined =>
  one === undefined || (other !== undefined && other < one) ? other : one;

/** By path; of services that write to one file the lowest limits hold. */
const filesOf = (wanted: readonly LogDestination[]): ReadonlyMap<string, FileLimits> => {
  const files = new Map<string, FileLimits>();
  for (const each of wanted) {
    if (each.kind !== 'file') continue;
    const { soft, hard } = files.get(each.path) ?? { soft: undefined, hard: undefined };
    files.set(each.path, { soft: lower(soft, each.softLimit), hard: lower(hard, each.hardLimit) });
  }
  return files;
};

export const createLogPlaces = (options: LogFileOptions & { readonly syslog: Syslog }): LogPlaces => {
  const { clock, syslog } = options;
  const time = eachSecond(clock, fileTime);
  const files = new Map<string, LogFile>();
  const leaving = new Set<LogFile>();
  let lostByGone = 0;

  const writerOf = (destination: LogDestination): LineWriter => {
    if (destination.kind === 'syslog') {
      const priority = priorityOf(destination.facility, destination.level);
      return (line) => syslog.send(priority, line.text, line);
    }
    const file = files.get(destination.path);
    // asked for a path that is not in use: our bug
    if (file === undefined) throw new Error(`${destination.path} is not open`);
    return ({ text }) => file.write(`${time()}: ${text}\n`);
  };

  const use = (wanted: readonly LogDestination[]): ((destination: LogDestination) => LineWriter) => {
    const limits = filesOf(wanted);
    for (const [path, file] of files) {
      if (limits.has(path)) continue;
      files.delete(path);
      leaving.add(file);
      void file.finish(partingTime).then(() => {
        leaving.delete(file);
        lostByGone += file.lost();
      });
    }
    for (const [path, each] of limits) {
      const file = files.get(path);
      if (file === undefined) files.set(path, createLogFile(path, each, options));
      else file.setLimits(each);
    }
    return writerOf;
  };

  return {
    use,
    reopen: () => {
      for (const file of files.values()) file.reopen();
    },
    flush: async (patience) => {
      await Promise.all([...files.values(), syslog].map((each) => each.flush(patience)));
    },
    lost: () => [...files.values(), ...leaving, syslog].reduce((sum, each) => sum + each.lost(), lostByGone),
  };
};
