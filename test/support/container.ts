// A pid namespace of a test's own, in which a program is the first process.
import { spawnSync } from 'node:child_process';
import { isRoot, searchPath } from './command.ts';

/** The words before those of the program. */
export const container = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

const refusal = (): string | false => {
  if (!isRoot) return 'only root can have a pid namespace';
  const { status } = spawnSync('unshare', [...container.slice(1), 'true'], { env: { PATH: searchPath } });
  return status === 0 ? false : 'this machine has no pid namespaces';
};

/** For tap's options: why there can be none. */
export const withoutContainers = { skip: refusal() };
