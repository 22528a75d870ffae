// What a handover uses of the rest of the runtime.
import type { Accepted } from '../../native/kernel.ts';
import type { Acceptance } from '../accept.ts';
import type { Answers } from '../answers.ts';
import type { Daemons } from '../daemon/daemons.ts';
import type { Inheritance } from '../inheritance.ts';
import type { Lifetimes } from '../lifetimes.ts';
import type { Listeners } from '../listener.ts';
import type { Heard, RunningService } from '../running.ts';
import type { Services } from '../services.ts';
import type { ShellCommands } from '../shell-commands.ts';
import type { States } from '../watch.ts';

export type ServiceParts = {
  readonly states: States;
  readonly services: Services;
  readonly listeners: Listeners;
  readonly answers: Answers;
  readonly lifetimes: Lifetimes;
  readonly daemons: Daemons;
  readonly isApplying: () => boolean;
  readonly commands: ShellCommands;
  readonly inheritance: Inheritance;
  /** All services are there: what is known of them together is found out anew. */
  readonly onServices: () => void;
  readonly enter: Acceptance['enter'];
  /** A client of a member of tcpmux, whose name has been read. */
  readonly enterMux: (service: RunningService, client: Accepted, heard: Heard) => void;
};
