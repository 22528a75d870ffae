// Exit statuses, as sysexits.h names them, and the one way to leave with a message.

/** `inconsistent` is the answer of `acceptd consistency` alone; `refused`: a running server has said no. */
export const exitStatus = {
  done: 0,
  inconsistent: 1,
  refused: 1,
  usage: 64,
  bug: 70,
  system: 71,
  configuration: 78,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Says what is wrong, where and what to do, in one line on stderr; gives the status to end with. */
export const complain = (message: string, status: ExitStatus): ExitStatus => {
  process.stderr.write(`acceptd: ${message}\n`);
  return status;
};
