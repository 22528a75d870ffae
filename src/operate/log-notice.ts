// What a log has to say of itself: it cannot be written, it is full, it lost lines. Told to the other logs.

export type LogNotice = {
  readonly severity: 'info' | 'warning' | 'error';
  readonly kind:
    | 'log-failed'
    | 'log-restored'
    | 'log-lost'
    | 'log-soft-limit'
    | 'log-hard-limit'
    | 'log-below-limit';
  /** The path, or `syslog`. */
  readonly log: string;
  /** Lines that were lost since this was last told. */
  readonly lost: number;
  /** The sentence. */
  readonly text: string;
};

/** It must not wait; a log is never told of itself. */
export type TellNotice = (notice: LogNotice) => void;

/** `1 line was lost`, `12 lines were lost`. */
export const showLost = (count: number): string => `${count} line${count === 1 ? ' was' : 's were'} lost`;

/** `no space left on device` of `ENOSPC: no space left on device, write '/var/log/x'`. */
export const reasonOf = ({ code, message }: NodeJS.ErrnoException): string =>
  code !== undefined && message.startsWith(`${code}: `)
    ? message.slice(code.length + 2).replace(/, [a-z]+(?: '.*')?$/s, '')
    : message;

/** Something that does not work: told when it begins, when its reason changes, and when it is over. */
export const createTrouble = (what: string, log: string, tell: TellNotice) => {
  let reason: string | undefined;
  return {
    begin: (error: NodeJS.ErrnoException): void => {
      const next = reasonOf(error);
      if (next === reason) return;
      reason = next;
      const text = `${what}: ${next}; what is logged to it waits, and everybody is served`;
      tell({ severity: 'error', kind: 'log-failed', log, lost: 0, text });
    },
    end: (): void => {
      if (reason === undefined) return;
      reason = undefined;
      tell({ severity: 'info', kind: 'log-restored', log, lost: 0, text: `the log ${log} is written again` });
    },
  };
};
