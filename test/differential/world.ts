// A machine of its own for one daemon: made inside private namespaces of network, mounts and processes, by their first process.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses } from './trial.ts';

const say = (command: string, ...words: readonly string[]): void => {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'inherit'] });
};

/** Nobody answers there: look-ups fail at once instead of leaving the machine. */
const resolver = 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n';
const hosts = `127.0.0.1 localhost
::1 localhost
10.9.8.7 seven.example.org
10.9.8.8 eight.example.org
10.9.9.1 other.example.net
`;
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
/** High enough for every max_load that is to refuse, the same for both daemons. */
const load = '2.50 2.50 2.50 1/100 1000\n';

/** Gives the directory of the world's files; what it mounts goes with the namespace. */
export const createWorld = (directory: string): void => {
  say('mount', '--make-rprivate', '/');
  say('mount', '-t', 'tmpfs', 'tmpfs', directory);
  chmodSync(directory, 0o755);

  say('ip', 'link', 'set', 'lo', 'up');
  for (const address of addresses.v4.slice(1)) say('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
  for (const address of addresses.v6.slice(1))
    say('ip', 'address', 'add', `${address}/128`, 'dev', 'lo', 'nodad');

  const etc = join(directory, 'etc');
  say('cp', '-a', '/etc', etc);
  writeFileSync(join(etc, 'hosts'), hosts);
  writeFileSync(join(etc, 'resolv.conf'), resolver);
  say('mount', '--bind', etc, '/etc');

  // /dev/log must be ours, and nothing can be mounted where no file is
  const dev = join(directory, 'dev');
  mkdirSync(dev);
  for (const name of devices) {
    writeFileSync(join(dev, name), '');
    say('mount', '--bind', join('/dev', name), join(dev, name));
  }
  for (const name of ['fd', 'stdin', 'stdout', 'stderr'])
    if (lstatSync(join('/dev', name)).isSymbolicLink())
      symlinkSync(
        name === 'fd' ? '/proc/self/fd' : `/proc/self/fd/${['stdin', 'stdout', 'stderr'].indexOf(name)}`,
        join(dev, name),
      );
  say('mount', '--rbind', dev, '/dev');

  say('mount', '-t', 'tmpfs', 'tmpfs', '/run');
  const loadFile = join(directory, 'loadavg');
  writeFileSync(loadFile, load);
  say('mount', '--bind', loadFile, '/proc/loadavg');
};

/** hosts.allow and hosts.deny of this world. */
export const setWrappers = (allow: string, deny: string): void => {
  writeFileSync('/etc/hosts.allow', allow);
  writeFileSync('/etc/hosts.deny', deny);
};

/** Files of the tester's system that some trials need, as they are there. */
export const copyInto = (from: string, to: string): void => cpSync(from, to);
