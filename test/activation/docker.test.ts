// dockerd -H fd://, which takes the listener and starts a containerd of its own, in namespaces where it can touch nothing of the machine's.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkActivations } from '../support/activation.ts';
import { hasProgram, isRoot, mustRun, searchPath } from '../support/command.ts';

const needs = ['/usr/sbin/dockerd', '/usr/bin/containerd', '/usr/bin/unshare', '/usr/bin/curl'];

/** dockerd needs the machine's control groups, and mounts of its own. */
const whyNot = (): string | undefined => {
  if (!isRoot || !needs.every(hasProgram)) return undefined;
  const { status, stderr } = spawnSync(
    'unshare',
    ['--net', '--mount', '/bin/sh', '-c', 'mount -t tmpfs tmpfs /run && grep -q cgroup /proc/self/mounts'],
    { env: { PATH: searchPath, LC_ALL: 'C' }, encoding: 'utf8' },
  );
  return status === 0 ? undefined : `no namespaces or no control groups here: ${stderr.trim()}`;
};

checkActivations({
  name: 'dockerd takes its socket by fd:// and tells its version',
  life: 'daemon',
  needs,
  needsRoot: true,
  obstacle: whyNot(),
  prepare: async (place) => {
    const path = join(place.directory, 'docker.sock');
    const words = [
      '-H fd://',
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--storage-driver=vfs'],
      `--exec-root=${place.makeDirectory('exec')}`,
      `--data-root=${place.makeDirectory('data')}`,
      `--pidfile=${join(place.directory, 'docker.pid')}`,
      `--config-file=${place.write('daemon.json', '{}\n')}`,
    ];
    return {
      units: {
        'docker.socket': `[Socket]\nListenStream=${path}\nSocketMode=0660\n`,
        // a network and a /run of its own; unshare and the shell become it, and keep the pid
        'docker.service': `[Service]
Type=notify
Environment=HOME=${place.directory}
ExecStart=/usr/bin/unshare --net --mount /bin/sh -c "mount -t tmpfs tmpfs /run && exec /usr/sbin/dockerd ${words.join(' ')}"
KillMode=process
Delegate=yes
`,
      },
      talk: () =>
        mustRun('curl', ['-sS', '--unix-socket', path, 'http://docker/version'], { timeout: 60_000 }),
      expected: /"Name":"Engine","Version":"\d[^"]*"/,
    };
  },
});
