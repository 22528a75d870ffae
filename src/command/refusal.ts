// What keeps a command from doing what it was told.
import { type ExitStatus, exitStatus } from '../exit-status.ts';

/** Its message is one line for the user. */
export class Refusal extends Error {
  readonly status: ExitStatus;
  constructor(message: string, status: ExitStatus) {
    super(message);
    this.status = status;
  }
}

export const usageError = (message: string): Refusal => new Refusal(message, exitStatus.usage);
