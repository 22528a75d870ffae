// Servers of files: git daemon and rsync for each connection, in.tftpd with the socket itself.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

checkActivations(
  {
    name: 'git daemon lets git look into a repository, and knows who asks',
    life: 'instance',
    needs: ['/usr/bin/git'],
    prepare: async (place) => {
      const port = await place.port();
      const repository = place.makeDirectory('r.git');
      const environment = { HOME: place.directory };
      await mustRun('git', ['-C', repository, 'init', '-q', '--bare'], { environment });
      const blob = await mustRun('git', ['-C', repository, 'hash-object', '-w', '--stdin'], {
        environment,
        input: 'hello git\n',
      });
      await mustRun('git', ['-C', repository, 'update-ref', 'refs/tags/hello', blob.trim()], { environment });
      return {
        units: {
          'git.socket': `[Socket]\nListenStream=127.0.0.1:${port}\nAccept=yes\n`,
          'git@.service': `[Service]
ExecStart=/usr/bin/git daemon --inetd --export-all --verbose --log-destination=stderr --base-path=${place.directory}
Environment=HOME=${place.directory} GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*
StandardInput=socket
StandardError=journal
`,
        },
        talk: async (acceptd) => {
          const list = await mustRun('git', ['ls-remote', `git://127.0.0.1:${port}/r.git`], { environment });
          const { fields } = await acceptd.waitFor(
            ({ event, fields: { msg } }) => event === 'handler-said' && /Connection from/.test(`${msg}`),
            'git daemon to log its client',
          );
          return `${list}${fields['msg']}`;
        },
        expected: /^[0-9a-f]{40}\trefs\/tags\/hello\n.*Connection from 127\.0\.0\.1:\d+$/,
      };
    },
  },
  {
    name: 'the rsync daemon gives rsync a file',
    life: 'instance',
    needs: ['/usr/bin/rsync'],
    prepare: async (place) => {
      const port = await place.port();
      place.write('mod/hello.txt', 'hello rsync\n');
      const config = place.write(
        'rsyncd.conf',
        `use chroot = no\nuid = ${place.nobody}\n[m]\npath = ${join(place.directory, 'mod')}\nread only = yes\n`,
      );
      return {
        units: {
          'rsync.socket': `[Socket]\nListenStream=127.0.0.1:${port}\nAccept=yes\n`,
          'rsync@.service': `[Service]
ExecStart=-/usr/bin/rsync --daemon --config=${config}
StandardInput=socket
StandardError=journal
`,
        },
        talk: async () => {
          const copy = join(place.directory, 'copy.txt');
          rmSync(copy, { force: true });
          await mustRun('rsync', [`rsync://127.0.0.1:${port}/m/hello.txt`, copy]);
          return readFileSync(copy, 'utf8');
        },
        expected: /^hello rsync\n$/,
      };
    },
  },
  {
    name: 'in.tftpd takes the datagram socket, leaves after a while and is started again',
    life: 'leaves',
    needs: ['/usr/sbin/in.tftpd', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      place.write('tftp/hello.txt', 'hello tftp\n');
      return {
        units: {
          'tftp.socket': `[Socket]\nListenDatagram=127.0.0.1:${port}\n`,
          'tftp.service': `[Service]
ExecStart=/usr/sbin/in.tftpd -t 1 -s ${place.makeDirectory('tftp')}
StandardInput=socket
`,
        },
        talk: () => mustRun('curl', ['-sS', `tftp://127.0.0.1:${port}/hello.txt`]),
        expected: /^hello tftp\n$/,
      };
    },
  },
);
