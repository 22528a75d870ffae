// What keeps a command from doing what it was told.
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import type { ControlError } from '../model/control.ts';

/** Its message is one line for the user. */
export class Refusal extends Error {
  readonly status: ExitStatus;
  /** Of a running server that says no: one of its closed list. */
  readonly code: ControlError['error']['code'] | undefined;
  constructor(message: string, status: ExitStatus, code?: ControlError['error']['code']) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const usageError = (message: string): Refusal => new Refusal(message, exitStatus.usage);
