// What every command is told that talks to a running server, and how each of them ends.
import type { Argv } from 'yargs';
import { complain, type ExitStatus } from '../exit-status.ts';
import { Refusal } from './refusal.ts';

export type ControlChoice = {
  /** Where the server's control socket is, if not at its usual place. */
  readonly control: string | undefined;
};

export type AnswerChoice = ControlChoice & {
  /** The answer as the server gave it. */
  readonly json: boolean;
};

export const controlOption = <Options>(command: Argv<Options>) =>
  command.option('control', {
    type: 'string',
    nargs: 1,
    describe:
      'control socket of the server (default: $ACCEPTD_CONTROL, or where a server of this user has it)',
  });

export const answerOptions = <Options>(command: Argv<Options>) =>
  controlOption(command).option('json', {
    type: 'boolean',
    default: false,
    describe: "the server's answer as JSON",
  });

/** An answer in JSON, with the newline that a terminal and `read` want. */
export const printJson = (text: string): void => {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
};

/** Carries out a command: what keeps it from being done is said in one line. */
export const conduct = async (work: () => Promise<ExitStatus>): Promise<ExitStatus> => {
  // `acceptd status | head -1`: who has read enough is no error
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return complain(error.message, error.status);
    throw error;
  }
};
