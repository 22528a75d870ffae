// Debian's rpcbind in a network and a mount namespace of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

const environment = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

/** Its pid names the namespaces. */
export const startRpcbind = async (t: {
  teardown: (call: () => unknown) => unknown;
}): Promise<ChildProcess> => {
  const script = 'ip link set lo up && mount -t tmpfs tmpfs /run && exec rpcbind -f';
  const child = spawn('unshare', ['--mount', '--net', 'sh', '-c', script], {
    env: environment,
    stdio: 'inherit',
  });
  t.teardown(async () => {
    child.kill();
    await once(child, 'exit');
  });
  // a socket file is there before anybody listens: whether calls are answered is the sign
  for (let tries = 0; tries < 2000; tries++) {
    if (child.exitCode !== null) throw new Error('rpcbind has ended');
    try {
      inside(child, 'rpcinfo', '-p');
      return child;
    } catch {
      await nextTurn();
    }
  }
  throw new Error('rpcbind does not start');
};

/** What a command says there. */
export const inside = (child: ChildProcess, ...command: readonly string[]): string =>
  execFileSync('nsenter', ['--target', String(child.pid), '--mount', '--net', ...command], {
    env: environment,
    stdio: 'pipe',
    encoding: 'utf8',
  });

const reason =
  process.getuid?.() === 0 && existsSync('/usr/sbin/rpcbind') && existsSync('/usr/bin/nsenter')
    ? false
    : 'needs root, rpcbind and nsenter';

export const needsRpcbind = { skip: reason };
