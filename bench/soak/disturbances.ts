// What happens to the server while its clients come: each is a thing that happens to servers.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { SoakServer } from './server.ts';
import type { Setting } from './setting.ts';

export type Disturbance = {
  readonly name: string;
  /** How many clients may see the end of an answer that is not whole, or none, because of it. */
  readonly act: () => Promise<number>;
};

/** By the server's own user: in some containers not even root may change the limits of others. */
const as = (pid: number): { readonly uid: number; readonly gid: number } => {
  const { uid, gid } = statSync(`/proc/${pid}`);
  return { uid, gid };
};

const limitOf = (pid: number, resource: string): string =>
  spawnSync(
    'prlimit',
    ['--pid', String(pid), `--${resource}`, '--noheadings', '--raw', '--output', 'SOFT,HARD'],
    {
      encoding: 'utf8',
      ...as(pid),
    },
  )
    .stdout.trim()
    .replace(/\s+/, ':');

const setLimit = (pid: number, resource: string, limit: string): void => {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--${resource}=${limit}`], {
    encoding: 'utf8',
    ...as(pid),
  });
  if (status !== 0) throw new Error(`prlimit: ${stderr.trim()}`);
};

/** In this order at first, then as the numbers from `random` (0 <= number < 1) have it. */
export const createDisturbances = (
  server: SoakServer,
  setting: Setting,
  random: () => number,
): readonly Disturbance[] => {
  let form: 'one' | 'other' = 'one';
  const program = setting.services.find(({ name }) => name === 'program')?.id ?? '';
  const path = `/v1/services/${encodeURIComponent(program)}`;

  const killSome = async (): Promise<number> => {
    const { instances } = await server.service(program);
    const pids = instances.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    const chosen = pids.filter(() => random() < 0.5);
    let killed = 0;
    for (const pid of chosen) {
      try {
        process.kill(pid, 'SIGKILL');
        killed += 1;
      } catch {
        // it has ended by itself
      }
    }
    return killed;
  };

  const reload = async (): Promise<number> => {
    form = form === 'one' ? 'other' : 'one';
    setting.write(form);
    await server.ask('POST', '/v1/reload', {});
    return 0;
  };

  const upgrade = async (): Promise<number> => {
    await server.ask('POST', '/v1/upgrade', {});
    return 0;
  };

  const stallLog = async (): Promise<number> => {
    const goOn = server.stall();
    await wait(1_000 + random() * 2_000);
    goOn();
    return 0;
  };

  /** So low that what is open stays and hardly anything can be opened. */
  const starve = async (): Promise<number> => {
    const before = limitOf(server.pid, 'nofile');
    const [, hard] = before.split(':');
    const few = server.figures().descriptors + 2;
    setLimit(server.pid, 'nofile', `${few}:${hard}`);
    await wait(500 + random() * 500);
    setLimit(server.pid, 'nofile', before);
    return 0;
  };

  const forbidProcesses = async (): Promise<number> => {
    const before = limitOf(server.pid, 'nproc');
    const [, hard] = before.split(':');
    setLimit(server.pid, 'nproc', `1:${hard}`);
    await wait(300 + random() * 500);
    setLimit(server.pid, 'nproc', before);
    return 0;
  };

  const pause = async (): Promise<number> => {
    await server.ask('POST', `${path}/pause`, {});
    await wait(200 + random() * 500);
    await server.ask('POST', `${path}/resume`, {});
    return 0;
  };

  return [
    { name: 'handlers killed', act: killSome },
    { name: 'configuration reloaded', act: reload },
    { name: 'upgraded in place', act: upgrade },
    { name: 'log not read', act: stallLog },
    { name: 'out of descriptors', act: starve },
    { name: 'out of processes', act: forbidProcesses },
    { name: 'service paused', act: pause },
  ];
};
