// OpenSSH both ways: a process for each connection, and Debian's daemon that takes the listener.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../daemons/place.ts';
import { type Activation, checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

const needs = ['/usr/sbin/sshd', '/usr/bin/ssh', '/usr/bin/ssh-keygen'];

const prepare = async (
  place: Place,
  unitsOf: (port: number, config: string) => Activation['units'],
): Promise<Activation> => {
  const port = await place.port();
  const { name } = await place.account();
  const [host, own] = [join(place.directory, 'host-key'), join(place.directory, 'own-key')];
  for (const file of [host, own]) await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const config = place.write(
    'sshd_config',
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${host}`,
      `AuthorizedKeysFile ${own}.pub`,
      ...['PidFile none', 'StrictModes no', 'UsePAM no', 'UseDNS no', ''],
    ].join('\n'),
  );
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'];
  const words = ['-F', 'none', '-i', own, '-p', `${port}`, ...options.flatMap((option) => ['-o', option])];
  return {
    units: unitsOf(port, config),
    talk: () => mustRun('ssh', [...words, `${name}@127.0.0.1`, 'echo "$USER from $SSH_CONNECTION"']),
    expected: new RegExp(`^${name} from 127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${port}\\n$`),
  };
};

checkActivations(
  {
    name: 'sshd -i logs ssh in, a process for each connection',
    life: 'instance',
    needs,
    needsRoot: true,
    prepare: (place) =>
      prepare(place, (port, config) => ({
        'ssh.socket': `[Socket]\nListenStream=127.0.0.1:${port}\nAccept=yes\n`,
        'ssh@.service': `[Service]
ExecStart=-/usr/sbin/sshd -i -e -f ${config}
StandardInput=socket
StandardError=journal
KillMode=process
`,
      })),
  },
  {
    name: 'sshd -D takes the listener, as Debian has it',
    life: 'daemon',
    needs,
    needsRoot: true,
    prepare: (place) =>
      prepare(place, (port, config) => ({
        'ssh.socket': `[Socket]\nListenStream=127.0.0.1:${port}\n`,
        'ssh.service': `[Service]
Type=notify
ExecStart=/usr/sbin/sshd -D -e -f ${config}
KillMode=process
`,
      })),
  },
);
