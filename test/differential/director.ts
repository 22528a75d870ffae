// The first process of a world: makes it, then puts every trial to the daemon that it is for. Started by play.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { doStep } from './client.ts';
import { type Daemon, type DaemonName, startDaemon } from './daemon.ts';
import { linesOf } from './log-lines.ts';
import type { Order } from './play.ts';
import { renderTrial, type ServiceResult, type Trial, type TrialResult, writtenValue } from './trial.ts';
import { createWorld, setWrappers } from './world.ts';

const startSyslog = async (catcher: string, path: string): Promise<ChildProcess> => {
  const child = spawn(catcher, ['/dev/log', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
};

const stopSyslog = async (child: ChildProcess): Promise<void> => {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
};

const leave = (socket: Socket): Promise<unknown> => {
  const closed = once(socket, 'close');
  socket.on('error', () => undefined);
  socket.resume();
  socket.end();
  return closed;
};

const isWholeSocket = (service: Trial['services'][number]): boolean =>
  writtenValue(service, 'wait') === 'yes';

const askService = async (daemon: Daemon, service: Trial['services'][number]): Promise<readonly string[]> => {
  const guests: Socket[] = [];
  const outcomes: string[] = [];
  for (const step of service.steps) {
    outcomes.push(await doStep(step, Number(writtenValue(service, 'port')), guests));
    // so that nobody meets the instance of the one before, but where it is meant
    await daemon.untilQuiet(guests.length);
  }
  for (const guest of guests) await leave(guest);
  // a server that took the whole socket, and was given nothing, goes on waiting
  if (!isWholeSocket(service)) await daemon.untilQuiet(0);
  return outcomes;
};

const readIfThere = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

const play = async (
  name: DaemonName,
  trial: Trial,
  order: Order,
  directory: string,
): Promise<TrialResult> => {
  const logs = join(order.directory, 'logs');
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs);
  setWrappers(trial.allow, trial.deny);
  const configuration = join(directory, 'xinetd.conf');
  writeFileSync(configuration, renderTrial(trial));
  const syslogPath = join(directory, 'syslog');
  rmSync(syslogPath, { force: true });
  const syslog = await startSyslog(order.catcher, syslogPath);
  let daemon: Daemon | undefined;
  let failure: string | undefined;
  const outcomes: Record<string, readonly string[]> = {};
  try {
    daemon = await startDaemon(name, { directory, configuration, main: order.main });
    for (const service of trial.services) outcomes[service.id] = await askService(daemon, service);
  } catch (error) {
    failure = String(error);
  } finally {
    await daemon?.stop();
    await stopSyslog(syslog);
  }
  const text = readIfThere(join(logs, 'services')) + readIfThere(join(logs, 'own'));
  const services: Record<string, ServiceResult> = {};
  for (const { id } of trial.services)
    services[id] = { outcomes: outcomes[id] ?? [], lines: linesOf(id, text, readIfThere(syslogPath)) };
  return { failure, services, output: daemon?.output() ?? '' };
};

const [name, orderPath, resultPath] = process.argv.slice(2);
if ((name !== 'xinetd' && name !== 'acceptd') || orderPath === undefined || resultPath === undefined)
  throw new Error('the director is started by play.ts');
const order: Order = JSON.parse(readFileSync(orderPath, 'utf8'));
createWorld(order.directory);
const results: TrialResult[] = [];
for (const trial of order.trials) results.push(await play(name, trial, order, order.directory));
writeFileSync(resultPath, JSON.stringify(results));
// what the daemons left behind goes with the namespace, of which this is the first process
process.exit(0);
