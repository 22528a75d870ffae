// An acceptd of the benchmark's own, on a free port of this machine, for one handler.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

export type PrivateServer = {
  readonly pid: number;
  readonly port: number;
  /** Resolves when it has ended; its instances have a second for that. */
  readonly stop: () => Promise<void>;
};

/** Milliseconds. */
const patience = 10_000;

/** Nobody else has it unless it is taken in the moment until the server binds it; that is then an error of the server. */
const findPort = async (): Promise<number> => {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
};

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const stop = async (child: ChildProcess): Promise<void> => {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  await ended;
  clearTimeout(timer);
};

/**
 * Starts acceptd by its own main module, with every default that a user would have, and waits until it listens. Throws
 * when it does not: it has said why on stderr. `instances` may run at once; `arguments` go to acceptd listen.
 */
export const startPrivateServer = async (setting: {
  readonly main: string;
  readonly handler: readonly string[];
  readonly instances: number;
  readonly arguments: readonly string[];
}): Promise<PrivateServer> => {
  const port = await findPort();
  const words = [
    ...['listen', `127.0.0.1:${port}`, '--announce', '--log-level', 'warn', '--drain', '1'],
    ...['--backlog', '4096', '--instances', String(setting.instances), ...setting.arguments],
    ...['--', ...setting.handler],
  ];
  const { PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  // not ours: what NODE_OPTIONS says is not for a server that is to be measured
  const child = spawn(process.execPath, [setting.main, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH },
    // a terminal's interrupt is for us: the server serves until the run has ended
    detached: true,
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  // it says so when it listens; the end of its stdout without that is its own end
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit'), once(child, 'error')]);
  clearTimeout(timer);
  child.stdout.resume();
  if (child.pid === undefined || hasEnded(child)) throw new Error('the private acceptd did not start');
  return { pid: child.pid, port, stop: () => stop(child) };
};
