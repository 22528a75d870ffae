// Plays trials with a daemon in a world of its own, and gives what became of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasProgram, isRoot, run, searchPath } from '../support/command.ts';
import { childEnvironment } from '../support/environment.ts';
import type { DaemonName } from './daemon.ts';
import type { Trial, TrialResult } from './trial.ts';

/** What the director is told. */
export type Order = {
  /** Where the world's own files are; the same path for both daemons, though each sees its own files there. */
  readonly directory: string;
  /** test/handlers/catch-syslog.c, compiled. */
  readonly catcher: string;
  readonly main: string;
  readonly trials: readonly Trial[];
};

const director = fileURLToPath(new URL('director.js', import.meta.url));
const main = fileURLToPath(new URL('../../acceptd/main.js', import.meta.url));
const unshare = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Why there can be no comparison here; undefined where there can. */
export const findObstacle = async (): Promise<string | undefined> => {
  if (!isRoot) return 'only root can make the private namespaces that both daemons need';
  if (!hasProgram('/usr/sbin/xinetd')) return 'xinetd is not installed: see .ci/packages';
  const { code } = await run('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return code === 0 ? undefined : 'namespaces cannot be made here';
};

export type Stage = {
  /** Where a trial's own files may be, in every world: banners, logs. */
  readonly directory: string;
  readonly play: (name: DaemonName, trials: readonly Trial[]) => Promise<readonly TrialResult[]>;
  readonly remove: () => void;
};

export const createStage = (catcher: string): Stage => {
  const home = mkdtempSync(join(tmpdir(), 'acceptd-differential-'));
  chmodSync(home, 0o755);
  const directory = join(home, 'world');
  mkdirSync(directory);
  return {
    directory,
    play: async (name, trials) => {
      const orderPath = join(home, `${name}.order.json`);
      const resultPath = join(home, `${name}.result.json`);
      const order: Order = { directory, catcher, main, trials };
      writeFileSync(orderPath, JSON.stringify(order));
      const words = [...unshare, process.execPath, director, name, orderPath, resultPath];
      const child = spawn('env', ['-i', `PATH=${searchPath}`, 'unshare', ...words], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { PATH: searchPath, ...childEnvironment() },
      });
      let complaints = '';
      child.stderr.on('data', (part: Buffer) => {
        complaints += part.toString();
      });
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`the director of ${name} ended with ${code}: ${complaints}`);
      return JSON.parse(readFileSync(resultPath, 'utf8'));
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
};
