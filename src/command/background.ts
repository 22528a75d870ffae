// A daemon's two processes: the one that was called, which leaves when the sockets are bound or the start has failed, and the one that stays.
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { countInherited, leaveTo } from '../operate/start-environment.ts';
import { isFollowing } from '../operate/upgrade-environment.ts';

/** Sockets that were handed over stand before it, at the same numbers. */
const firstDescriptor = 3;
/** A variable: the descriptor on which whoever stays says that it is ready. */
export const readyMark = 'ACCEPTD_READY';

/** Starts the same command in a session of its own; gives the status to leave with. */
const startInBackground = (): Promise<ExitStatus> =>
  new Promise((resolve) => {
    const count = countInherited(process.env);
    const inherited = Array.from({ length: count }, (_, index) => firstDescriptor + index);
    const readyDescriptor = firstDescriptor + count;
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', ...inherited, 'pipe'],
      env: { ...leaveTo(process.env, count), [readyMark]: String(readyDescriptor) },
    });
    child.on('error', (error) =>
      resolve(complain(`cannot start in the background: ${error.message}`, exitStatus.system)),
    );
    child.on('exit', (code) => {
      const known = Object.values(exitStatus).find((status) => status === code);
      resolve(known ?? exitStatus.bug);
    });
    child.stdio[readyDescriptor]?.on('data', () => {
      child.unref();
      process.exit(exitStatus.done);
    });
  });

export type Stay =
  /** This is the process that was called and all is done. */
  | { readonly kind: 'left'; readonly status: ExitStatus }
  /** This one serves; `tellReady` is called once, and writes to `ready`. */
  | { readonly kind: 'stays'; readonly tellReady: () => void; readonly ready: Descriptor | undefined };

/**
 * To be called before anything else is done. Who stays in the background still has the working directory that it was
 * called in, for the paths on the command line.
 */
export const enterBackground = async (): Promise<Stay> => {
  // in the process of the version before it nobody waits for it any more
  if (isFollowing(process.env)) return inForeground;
  const mark = process.env[readyMark];
  if (mark === undefined) return { kind: 'left', status: await startInBackground() };
  // no handler may find it
  delete process.env[readyMark];
  // whoever called us has looked whether they were for him
  if (process.env['LISTEN_FDS'] !== undefined) process.env['LISTEN_PID'] = String(process.pid);
  const ready = descriptorOf(Number(mark));
  return { kind: 'stays', tellReady: () => void writeSync(ready, '\n'), ready };
};

/** The same for who stays in the foreground. */
export const inForeground: Stay = { kind: 'stays', tellReady: () => undefined, ready: undefined };
