// The server of the long run, seen from outside: its control socket, its descriptors, its children, its memory.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ServerStatus, ServiceDetail } from '../../src/model/control.ts';
import { projectDirectory } from '../peers/compiler.ts';
import type { Setting } from './setting.ts';

export type Figures = {
  readonly descriptors: number;
  readonly children: number;
  /** Private dirty, KiB. */
  readonly memory: number;
};

export type SoakServer = {
  readonly pid: number;
  /** Of the control socket; throws where it says no. */
  readonly ask: (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<string>;
  readonly status: () => Promise<ServerStatus>;
  readonly service: (id: string) => Promise<ServiceDetail>;
  readonly figures: () => Figures;
  /** Its log is not read until the function is called that this gives. */
  readonly stall: () => () => void;
  /** What it said last. */
  readonly lastWords: () => string;
  readonly hasEnded: () => boolean;
  readonly stop: () => Promise<number | null>;
};

const main = join(projectDirectory, 'dist', 'acceptd', 'main.js');
const nobody = 65_534;
const startPatience = 60_000;

const ask = (path: string, method: string, target: string, body: unknown): Promise<string> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request(
      { socketPath: path, method, path: target, headers, timeout: 60_000 },
      (response) => {
        let heard = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          heard += part;
        });
        response.on('error', reject);
        response.on('end', () => {
          if ((response.statusCode ?? 500) < 300) resolve(heard);
          else reject(new Error(`${method} ${target}: ${response.statusCode} ${heard.trim()}`));
        });
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${target}: no answer in a minute`)));
    asked.on('error', reject);
    asked.end(text);
  });

const privateMemory = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Private_Dirty:\s*(\d+)/m.exec(text)?.[1] ?? 0);
};

const countChildren = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
    const text = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
    return sum + (text === '' ? 0 : text.split(' ').length);
  }, 0);

const untilListening = async (setting: Setting, child: ChildProcess): Promise<void> => {
  const until = performance.now() + startPatience;
  while (performance.now() < until && child.exitCode === null) {
    try {
      await ask(setting.control, 'GET', '/readyz', undefined);
      return;
    } catch {
      await wait(50);
    }
  }
  throw new Error('acceptd has not come up');
};

export const startSoakServer = async (setting: Setting): Promise<SoakServer> => {
  const words = [main, 'run', '-f', setting.configuration, '--control', setting.control, '--no-announce'];
  // the kernel counts root's processes and refuses none
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if (user.uid !== undefined) chownSync(dirname(setting.control), user.uid, user.gid);
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'], ...user });
  const pid = child.pid ?? 0;
  let last = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-8_192);
  });
  try {
    await untilListening(setting, child);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${error instanceof Error ? error.message : String(error)}:\n${last}`);
  }
  const get = async (target: string): Promise<string> => ask(setting.control, 'GET', target, undefined);
  return {
    pid,
    ask: (method, target, body) => ask(setting.control, method, target, body),
    status: async () => JSON.parse(await get('/v1/status')),
    service: async (id) => JSON.parse(await get(`/v1/services/${encodeURIComponent(id)}`)),
    figures: () => ({
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      children: countChildren(pid),
      memory: privateMemory(pid),
    }),
    stall: () => {
      child.stderr.pause();
      return () => void child.stderr.resume();
    },
    lastWords: () => last,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
  };
};
