// A real systemd, as process 1 of namespaces of its own, with one socket unit that has Accept=yes.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeCgroup } from '../cgroup.ts';
import { sources } from '../compiler.ts';
import type { Command } from '../server.ts';
import type { Assignment, ServerKind, Setting } from '../server-kind.ts';

type Variant = {
  readonly name: string;
  readonly title: string;
  readonly socket: readonly string[];
  readonly service: readonly string[];
  readonly settings: readonly Setting[];
};

export const withoutLimits = ['MaxConnections=100000', 'TriggerLimitIntervalSec=0', 'PollLimitIntervalSec=0'];
const limitsSetting = {
  text: '`MaxConnections=100000`, `TriggerLimitIntervalSec=0`, `PollLimitIntervalSec=0`',
  reason: 'no limit that could refuse, slow down or shut off',
};

const variants: readonly Variant[] = [
  {
    name: 'systemd',
    title: 'systemd, limits off',
    socket: withoutLimits,
    service: [],
    settings: [limitsSetting],
  },
  {
    name: 'systemd-defaults',
    title: 'systemd, default limits',
    socket: [],
    service: [],
    settings: [
      {
        text: 'no limit is set',
        reason:
          'what who changes nothing gets: after 200 connections in 2 seconds the port is closed for good',
      },
    ],
  },
  {
    name: 'systemd-hardened',
    title: 'systemd, hardened',
    socket: withoutLimits,
    service: [
      'User=nobody',
      'NoNewPrivileges=yes',
      'PrivateTmp=yes',
      'ProtectSystem=strict',
      'ProtectHome=yes',
      'CapabilityBoundingSet=',
      'SystemCallFilter=@system-service',
    ],
    settings: [
      limitsSetting,
      { text: '`ProtectSystem=strict` and six more', reason: 'what its manual advises' },
    ],
  },
];

const common: readonly Setting[] = [
  { text: '`CollectMode=inactive-or-failed`', reason: 'ended instances are forgotten at once' },
  { text: '`--log-level=err`', reason: 'otherwise it writes several records for a connection' },
];

export const unitsOf = (
  { socket, service }: Pick<Variant, 'socket' | 'service'>,
  { port, path }: { readonly port: number; readonly path: string },
): Readonly<Record<string, string>> => ({
  'bench.target':
    '[Unit]\nDefaultDependencies=no\nWants=bench.socket\nAfter=bench.socket\nAllowIsolate=yes\n',
  'bench.socket': ['[Unit]\nDefaultDependencies=no\n[Socket]', `ListenStream=127.0.0.1:${port}`, 'Accept=yes']
    .concat(socket, '')
    .join('\n'),
  'bench@.service': [
    '[Unit]\nDefaultDependencies=no\nCollectMode=inactive-or-failed\n[Service]',
    `ExecStart=${path}`,
    'StandardInput=socket\nStandardOutput=socket\nStandardError=null',
  ]
    .concat(service, '')
    .join('\n'),
});

const namespaces = ['--mount', '--pid', '--fork', '--uts', '--ipc', '--cgroup'];

const findCgroupTree = (): string | undefined =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type]) => type === 'cgroup2')?.[1];

/** Why it cannot run here. */
const refuse = (tree: string | undefined): string | undefined => {
  if (process.getuid?.() !== 0) return 'it needs root, for its namespaces';
  if (!existsSync('/lib/systemd/systemd')) return 'systemd is not installed (Debian: apt install systemd)';
  if (!readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n')) return 'the kernel has no overlay';
  if (tree === undefined) return 'no cgroup2 tree is mounted';
  try {
    accessSync(tree, constants.W_OK);
  } catch {
    return `${tree} cannot be written`;
  }
  const tried = spawnSync('unshare', [...namespaces, 'true'], { encoding: 'utf8' });
  return tried.status === 0
    ? undefined
    : `no namespaces can be made: ${tried.stderr ?? tried.error?.message}`;
};

const startCommand =
  (variant: Variant, tree: string) =>
  (assignment: Assignment): Command => {
    const units = join(assignment.directory, `${variant.name}-${assignment.port}`);
    mkdirSync(join(units, 'root'), { recursive: true });
    // boot.sh shows the handlers there
    const seen = `/opt/acceptd-bench/${basename(assignment.program)}`;
    const texts = unitsOf(variant, { port: assignment.port, path: seen });
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(units, name), text);
    const { path, remove } = makeCgroup(tree, `acceptd-bench-${process.pid}-${assignment.port}`);
    return {
      file: join(sources, 'systemd', 'boot.sh'),
      arguments: [path, assignment.directory, units],
      // To systemd SIGTERM means something else, and unshare waits for it.
      endsBy: 'SIGKILL',
      release: remove,
    };
  };

export const systemdPeers: readonly ServerKind[] = variants.map((variant) => ({
  name: variant.name,
  title: variant.title,
  role: 'peer',
  mostListeners: 1,
  reloads: false,
  settings: [...variant.settings, ...common],
  find: () => {
    const tree = findCgroupTree();
    const refusal = refuse(tree);
    if (refusal !== undefined || tree === undefined)
      return { missing: refusal ?? 'no cgroup2 tree is mounted' };
    return { command: startCommand(variant, tree) };
  },
}));
