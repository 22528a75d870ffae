// The guard itself as the first process of a container: signals count from its first moment, while Node still starts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { guardProgram } from '../../src/native/guard-program.ts';
import { becomes } from '../support/becomes.ts';
import { searchPath } from '../support/command.ts';
import { container, withoutContainers } from '../support/container.ts';
import { childEnvironment, withOnly } from '../support/environment.ts';
import { mainModule } from '../support/manager.ts';
import { freePort } from '../support/ports.ts';
import { childrenOf } from './scene.ts';

t.setTimeout(120_000);

type Container = {
  readonly child: ChildProcess;
  readonly guard: number;
  readonly acceptd: number;
  readonly output: () => string;
  readonly ended: () => Promise<number | null>;
};

const firstChild = async (pid: number): Promise<number> => {
  let found = 0;
  const look = (): boolean => {
    found = Number(childrenOf(pid)[0] ?? 0);
    return found > 0;
  };
  // it is to be seen before it has done much
  while (!look()) await new Promise(setImmediate);
  return found;
};

/** Comes back when acceptd's process is there and stopped, so that none of its JavaScript has run. */
const startStopped = async (t: Test): Promise<Container> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
  const config = join(directory, 'acceptd.conf');
  writeFileSync(config, `127.0.0.1:${await freePort()} stream tcp nowait root /bin/cat cat\n`);
  const words = [...container, guardProgram, process.execPath, mainModule, 'run', '-f', config];
  const environment = { PATH: searchPath, ACCEPTD_CONTROL: '', ...childEnvironment() };
  const child = spawn('env', withOnly(environment, words), {
    env: { PATH: searchPath },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (part) => {
    output += String(part);
  });
  const exit = once(child, 'exit');
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exit;
    rmSync(directory, { recursive: true, force: true });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('nothing was started');
  const guard = await firstChild(pid);
  const acceptd = await firstChild(guard);
  process.kill(acceptd, 'SIGSTOP');
  t.equal(output, '');
  t.match(readFileSync(`/proc/${guard}/status`, 'utf8'), /^NSpid:\s+\d+\s+1$/m);
  return { child, guard, acceptd, output: () => output, ended: async () => (await exit)[0] };
};

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  t.test(`${signal} while acceptd starts ends it`, withoutContainers, async (t) => {
    const { guard, acceptd, output, ended } = await startStopped(t);
    process.kill(guard, signal);
    process.kill(acceptd, 'SIGCONT');
    t.equal(await ended(), status);
    t.notMatch(output(), /starting it again/);
  });
}

t.test(
  'a reload that is asked for while acceptd starts is done when it has started',
  withoutContainers,
  async (t) => {
    const { guard, acceptd, output, ended } = await startStopped(t);
    process.kill(guard, 'SIGHUP');
    process.kill(acceptd, 'SIGCONT');
    const applied = (): number => output().match(/"event":"applied"/g)?.length ?? 0;
    await becomes(() => applied() === 2);
    t.equal(applied(), 2, output());
    process.kill(guard, 'SIGTERM');
    t.equal(await ended(), 0);
  },
);
