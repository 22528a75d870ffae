// What a person asks of a running server: its state, and whether its tables agree.

import { readdir } from 'node:fs/promises';
import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/quantity.ts';
import { dumpState } from '../operate/dump.ts';
import { replaceFile } from '../operate/private-file.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import type { ServerLog } from './server-log.ts';
import { readVersion } from './version.ts';

export type Inspection = {
  /** USR1. */
  readonly writeState: () => void;
  /** ABRT. */
  readonly check: () => void;
  /** Checks again and again, until the function it gives is called. */
  readonly repeat: (interval: Milliseconds | undefined) => () => void;
};

type Inspected = {
  readonly supervisor: Supervisor;
  readonly log: Pick<ServerLog, 'say'>;
  readonly clock: Clock;
  /** undefined: the state goes to the log. */
  readonly dump: string | undefined;
  readonly files: () => readonly string[];
  readonly processLimit: number | undefined;
  /** Where the findings are left for who asked. */
  readonly answer: (findings: readonly string[]) => void;
};

export const createInspection = ({
  supervisor,
  log,
  clock,
  dump,
  files,
  processLimit,
  answer,
}: Inspected): Inspection => {
  let writing = Promise.resolve();

  const writeDump = async (path: string): Promise<void> => {
    try {
      const openDescriptors = (await readdir('/proc/self/fd')).map(Number).sort((one, other) => one - other);
      const text = dumpState(supervisor.state(), {
        version: readVersion(),
        configurationFiles: files(),
        openDescriptors,
        processLimit,
      });
      await replaceFile(path, text);
      log.say('info', { event: 'state-written', path }, `generated state dump in file ${path}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.say('error', { event: 'state-failed', path }, `cannot write the state to ${path}: ${reason}`);
    }
  };

  const writeState = (): void => {
    if (dump === undefined) {
      log.say('info', { event: 'state', services: supervisor.snapshot() }, 'state');
      return;
    }
    // one after the other, so that the last one asked for is the one that stays
    writing = writing.then(() => writeDump(dump));
  };

  const check = (): void => {
    const findings = supervisor.checkConsistency();
    answer(findings);
    if (findings.length === 0) {
      log.say('info', { event: 'consistency', findings: 0 }, 'Consistency check passed');
      return;
    }
    for (const finding of findings) log.say('error', { event: 'inconsistent' }, finding);
    log.say(
      'error',
      { event: 'consistency', findings: findings.length },
      `Consistency check detected ${findings.length} errors`,
    );
  };

  const repeat = (interval: Milliseconds | undefined): (() => void) => {
    if (interval === undefined) return () => undefined;
    let cancel: () => void;
    const next = (): void => {
      cancel = clock.after(interval, () => {
        check();
        next();
      });
    };
    next();
    return () => cancel();
  };

  return { writeState, check, repeat };
};
