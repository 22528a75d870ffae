// Programs of Debian 12 that log users in: telnet, SSH twice, and a change of password.
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { exchange } from '../support/client.ts';
import { mustRun, run } from '../support/command.ts';
import type { Place } from './place.ts';
import { checkTable } from './table.ts';

const makeSshKeys = async (place: Place): Promise<{ readonly host: string; readonly own: string }> => {
  const host = join(place.directory, 'host-key');
  const own = join(place.directory, 'own-key');
  for (const file of [host, own]) await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  return { host, own };
};

checkTable([
  {
    name: 'telnetd asks telnet for a login',
    needs: ['/usr/sbin/telnetd', '/usr/bin/inetutils-telnet'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/sbin/telnetd telnetd\n`,
        talk: async () => {
          const { stdout } = await run('inetutils-telnet', ['127.0.0.1', `${port}`], { until: /login:/ });
          return stdout;
        },
        expected: /login:/,
      };
    },
  },
  {
    name: 'sshd -i logs ssh in and knows both addresses',
    needs: ['/usr/sbin/sshd', '/usr/bin/ssh', '/usr/bin/ssh-keygen'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const { name } = await place.account();
      const { host, own } = await makeSshKeys(place);
      mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
      const config = place.write(
        'sshd_config',
        `HostKey ${host}\nAuthorizedKeysFile ${own}.pub\nStrictModes no\nUsePAM no\nUseDNS no\n`,
      );
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/sbin/sshd sshd -i -f ${config}\n`,
        talk: () =>
          mustRun('ssh', [
            ...['-F', 'none', '-i', own, '-p', `${port}`],
            ...[
              '-o',
              'BatchMode=yes',
              '-o',
              'StrictHostKeyChecking=no',
              '-o',
              'UserKnownHostsFile=/dev/null',
            ],
            `${name}@127.0.0.1`,
            'echo "$USER from $SSH_CONNECTION"',
          ]),
        expected: new RegExp(`${name} from 127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${port}`),
      };
    },
  },
  {
    name: 'dropbear logs dbclient in',
    needs: ['/usr/sbin/dropbear', '/usr/bin/dbclient', '/usr/bin/dropbearkey'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const { name, home } = await place.account();
      const host = join(place.directory, 'host-key');
      const own = join(place.directory, 'own-key');
      for (const file of [host, own]) await mustRun('dropbearkey', ['-t', 'ed25519', '-f', file]);
      const shown = await mustRun('dropbearkey', ['-y', '-f', own]);
      place.write('home/.ssh/authorized_keys', shown);
      await mustRun('chown', ['-R', name, home]);
      chmodSync(join(home, '.ssh'), 0o700);
      chmodSync(join(home, '.ssh/authorized_keys'), 0o600);
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/sbin/dropbear dropbear -i -r ${host}\n`,
        talk: () =>
          mustRun(
            'dbclient',
            ['-y', '-y', '-i', own, '-p', `${port}`, `${name}@127.0.0.1`, 'echo "I am $USER"'],
            {
              environment: { HOME: place.directory },
            },
          ),
        expected: new RegExp(`I am ${name}`),
      };
    },
  },
  {
    name: 'poppassd changes a password',
    needs: ['/usr/sbin/poppassd'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const { name, password } = await place.account();
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/sbin/poppassd poppassd\n`,
        talk: () =>
          exchange(port, `user ${name}\r\npass ${password}\r\nnewpass other-${password}\r\nquit\r\n`),
        expected: /200 Password changed/,
      };
    },
  },
]);
