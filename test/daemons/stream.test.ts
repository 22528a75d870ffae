// Real inetd programs of Debian 12 that are started for each connection, with their real clients.
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchange } from '../support/client.ts';
import { isRoot, mustRun, run } from '../support/command.ts';
import type { Place } from './place.ts';
import { smtpConfig } from './smtp.ts';
import { checkTable, type Row } from './table.ts';

// finger has no option for the port: it looks it up, so it gets an /etc/services of its own.
const privateMounts = ['--mount', ...(isRoot ? [] : ['--map-root-user'])];
const canMount = (await run('unshare', [...privateMounts, 'true'])).code === 0;
const hasIPv6 = readFileSync('/proc/net/if_inet6', 'utf8').includes('00000000000000000000000000000001');

const web = (place: Place): string => {
  place.write('www/index.html', 'hello index\n');
  return place.makeDirectory('www');
};

const rsyncConfig = (place: Place): string => {
  place.write('mod/hello.txt', 'hello rsync\n');
  return place.write(
    'rsyncd.conf',
    `use chroot = no\nlog file = /dev/null\n[mod]\npath = ${join(place.directory, 'mod')}\n`,
  );
};

const makeSshKeys = async (place: Place): Promise<{ readonly host: string; readonly own: string }> => {
  const host = join(place.directory, 'host-key');
  const own = join(place.directory, 'own-key');
  for (const file of [host, own]) await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  return { host, own };
};

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const rows: readonly Row[] = [
  {
    name: 'efingerd answers finger',
    needs: ['/usr/sbin/efingerd', '/usr/bin/finger'],
    obstacle: canMount ? undefined : 'no private /etc/services for finger: unshare --mount is not permitted',
    prepare: async (place) => {
      const port = await place.port();
      const services = place.write('services', `finger ${port}/tcp\n`);
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/sbin/efingerd efingerd -n\n`,
        talk: async () => {
          const script = 'mount --bind "$1" /etc/services && exec finger root@127.0.0.1';
          const { stdout } = await run('unshare', [...privateMounts, 'sh', '-c', script, 'sh', services]);
          return stdout;
        },
        expected: /root/,
      };
    },
  },
  {
    name: 'tcpd wraps efingerd, in the line that its package writes',
    needs: ['/usr/sbin/tcpd', '/usr/sbin/efingerd'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `.dialect debian\n127.0.0.1:${port}\tstream\ttcp\tnowait\tefingerd\t/usr/sbin/tcpd\t/usr/sbin/efingerd -n  \n`,
        talk: () => exchange(port, 'root\r\n'),
        expected: /root/,
      };
    },
  },
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
    name: 'in.ftpd gives curl a file over a data connection',
    needs: ['/usr/sbin/in.ftpd', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const { name, password } = await place.account();
      place.write('home/hello.txt', 'hello home\n');
      return {
        config: `.dialect debian\n127.0.0.1:${port} stream tcp nowait root /usr/sbin/tcpd /usr/sbin/in.ftpd\n`,
        talk: () => mustRun('curl', ['-sS', `ftp://${name}:${password}@127.0.0.1:${port}/hello.txt`]),
        expected: /hello home/,
      };
    },
  },
  {
    name: 'nullidentd names a user',
    needs: ['/usr/sbin/nullidentd'],
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `.dialect debian\n127.0.0.1:${port}\tstream\ttcp\tnowait\t${place.nobody}\t/usr/sbin/nullidentd nullidentd\n`,
        talk: () => exchange(port, '1 , 2\r\n'),
        expected: /1 *, *2 *: *USERID/,
      };
    },
  },
  {
    name: 'the rsync daemon gives rsync a file',
    needs: ['/usr/bin/rsync'],
    prepare: async (place) => {
      const port = await place.port();
      const config = rsyncConfig(place);
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/bin/rsync rsync --daemon --config=${config}\n`,
        talk: async () => {
          const copy = join(place.directory, 'copy.txt');
          await mustRun('rsync', [`rsync://127.0.0.1:${port}/mod/hello.txt`, copy]);
          return readFileSync(copy, 'utf8');
        },
        expected: /hello rsync/,
      };
    },
  },
  {
    name: 'the rsync daemon serves IPv6',
    needs: ['/usr/bin/rsync'],
    obstacle: hasIPv6 ? undefined : 'this machine has no ::1',
    prepare: async (place) => {
      const port = await place.port();
      const config = rsyncConfig(place);
      return {
        config: `[::1]:${port} stream tcp6 nowait ${place.nobody} /usr/bin/rsync rsync --daemon --config=${config}\n`,
        talk: () => mustRun('rsync', [`rsync://[::1]:${port}/mod/`]),
        expected: /hello\.txt/,
      };
    },
  },
  {
    name: 'git daemon, written as key = value, lets git clone',
    needs: ['/usr/bin/git'],
    prepare: async (place) => {
      const port = await place.port();
      const repository = place.makeDirectory('git/x.git');
      const environment = {
        HOME: place.directory,
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@example.org',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@example.org',
      };
      const git = (...words: string[]) => mustRun('git', ['-C', repository, ...words], { environment });
      await git('init', '-q', '--bare');
      const blob = await mustRun('git', ['-C', repository, 'hash-object', '-w', '--stdin'], {
        environment,
        input: 'hello git\n',
      });
      const tree = await mustRun('git', ['-C', repository, 'mktree'], {
        environment,
        input: `100644 blob ${blob.trim()}\thello.txt\n`,
      });
      const commit = await git('commit-tree', '-m', 'first', tree.trim());
      await git('update-ref', 'HEAD', commit.trim());
      await place.give(join(place.directory, 'git'));
      return {
        config: `127.0.0.1:${port} on
          protocol = tcp,
          wait = no,
          user = ${place.nobody},
          exec = /usr/bin/git,
          args = git daemon --inetd --export-all --base-path=${place.directory}/git
        ;\n`,
        talk: async () => {
          const clone = join(place.directory, 'clone');
          await mustRun('git', ['clone', '-q', `git://127.0.0.1:${port}/x.git`, clone], { environment });
          return readFileSync(join(clone, 'hello.txt'), 'utf8');
        },
        expected: /hello git/,
      };
    },
  },
  {
    name: 'svnserve gives svn a file',
    needs: ['/usr/bin/svnserve', '/usr/bin/svn', '/usr/bin/svnadmin'],
    prepare: async (place) => {
      const port = await place.port();
      const root = place.makeDirectory('svn');
      const environment = { HOME: place.directory };
      const hello = place.write('hello.txt', 'hello svn\n');
      await mustRun('svnadmin', ['create', join(root, 'repository')]);
      await mustRun('svn', ['import', '-q', '-m', 'first', hello, `file://${root}/repository/hello.txt`], {
        environment,
      });
      await place.give(root);
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/bin/svnserve svnserve -i -r ${root}\n`,
        talk: () =>
          mustRun('svn', ['--non-interactive', 'cat', `svn://127.0.0.1:${port}/repository/hello.txt`], {
            environment,
          }),
        expected: /hello svn/,
      };
    },
  },
  {
    name: 'cvs pserver becomes another user and gives cvs a file',
    needs: ['/usr/bin/cvs'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const root = place.makeDirectory('cvs');
      const files = place.makeDirectory('files');
      place.write('files/hello.txt', 'hello cvs\n');
      const passwords = place.write('cvspass', '');
      await mustRun('cvs', ['-d', root, 'init']);
      await mustRun('cvs', ['-Q', '-d', root, 'import', '-m', 'first', 'hello', 'vendor', 'release'], {
        directory: files,
      });
      place.write('cvs/CVSROOT/passwd', `anonymous::${place.nobody}\n`);
      await place.give(root);
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/bin/cvs cvs -f --allow-root=${root} pserver\n`,
        talk: () =>
          mustRun(
            'cvs',
            ['-Q', '-d', `:pserver:anonymous:@127.0.0.1:${port}${root}`, 'checkout', '-p', 'hello/hello.txt'],
            {
              environment: { CVS_PASSFILE: passwords },
              directory: place.directory,
            },
          ),
        expected: /hello cvs/,
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
    name: 'tcpd wraps micro-httpd with user:group, in the line that its package writes',
    needs: ['/usr/sbin/tcpd', '/usr/sbin/micro-httpd', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `.dialect debian\n127.0.0.1:${port}\tstream\ttcp\tnowait\tnobody:www-data\t/usr/sbin/tcpd /usr/sbin/micro-httpd ${web(place)}\n`,
        talk: () => mustRun('curl', ['-sS', `http://127.0.0.1:${port}/index.html`]),
        expected: /hello index/,
      };
    },
  },
  {
    name: 'busybox httpd, which goes by argv[1], answers curl',
    needs: ['/usr/bin/busybox', '/usr/bin/curl'],
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/bin/busybox httpd -i -h ${web(place)}\n`,
        talk: () => mustRun('curl', ['-sS', `http://127.0.0.1:${port}/`]),
        expected: /hello index/,
      };
    },
  },
  {
    name: 'sslh passes curl on to another service of the same acceptd',
    needs: ['/usr/sbin/sslh', '/usr/bin/busybox', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const [front, back] = [await place.port(), await place.port()];
      return {
        config: [
          `127.0.0.1:${front} stream tcp nowait root /usr/sbin/sslh sslh -i -u nobody --http 127.0.0.1:${back}`,
          `127.0.0.1:${back} stream tcp nowait nobody /usr/bin/busybox httpd -i -h ${web(place)}`,
          '',
        ].join('\n'),
        talk: () => mustRun('curl', ['-sS', `http://127.0.0.1:${front}/`]),
        expected: /hello index/,
      };
    },
  },
  {
    name: 'tangd answers curl, because its stderr is the log',
    needs: ['/usr/libexec/tangd', '/usr/libexec/tangd-keygen', '/usr/bin/curl'],
    prepare: async (place) => {
      const port = await place.port();
      const keys = place.makeDirectory('keys');
      await mustRun('/usr/libexec/tangd-keygen', [keys]);
      await place.give(keys);
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/libexec/tangd tangd ${keys}\n`,
        talk: async (acceptd) => {
          const answer = await mustRun('curl', ['-sS', `http://127.0.0.1:${port}/adv`]);
          const { fields } = await acceptd.waitFor(
            ({ event }) => event === 'handler-said',
            "tangd's line in the log",
          );
          const { msg } = fields;
          return `${answer} and said ${JSON.stringify(msg)}`;
        },
        expected: /payload.* and said ".*127\.0\.0\.1 GET \/adv/s,
      };
    },
  },
  {
    name: "tangd's log spoils its answer where the dialect makes the connection its stderr",
    needs: ['/usr/libexec/tangd', '/usr/libexec/tangd-keygen'],
    prepare: async (place) => {
      const port = await place.port();
      const keys = place.makeDirectory('keys');
      await mustRun('/usr/libexec/tangd-keygen', [keys]);
      await place.give(keys);
      return {
        config: `.dialect debian\n127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/libexec/tangd tangd ${keys}\n`,
        talk: () => exchange(port, 'GET /adv HTTP/1.0\r\n\r\n'),
        expected: /^[^\n]*GET \/adv[^\n]*\nHTTP\/1/,
      };
    },
  },
  {
    name: 'exim -bs takes a mail from curl',
    needs: ['/usr/sbin/exim4', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const config = smtpConfig(place);
      const mail = place.write('mail', 'Subject: hello\r\n\r\nhello mail\r\n');
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/sbin/exim4 exim4 -C ${config} -bs\n`,
        talk: async () => {
          const { stderr } = await run('curl', [
            ...['-sv', `smtp://127.0.0.1:${port}/client.example`, '--upload-file', mail],
            ...['--mail-from', 'a@example.org', '--mail-rcpt', 'b@example.org'],
          ]);
          return stderr;
        },
        expected: /Hello client\.example \[127\.0\.0\.1\].*250 OK id=/s,
      };
    },
  },
  {
    name: 'popa3d lists a mailbox for curl',
    needs: ['/usr/sbin/popa3d', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const { name, password } = await place.account();
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/sbin/popa3d popa3d\n`,
        talk: async () => {
          const { stderr } = await run('curl', ['-sv', `pop3://${name}:${password}@127.0.0.1:${port}/`]);
          return stderr;
        },
        expected: /PASS.*\+OK.*LIST.*\+OK/s,
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
  {
    name: 'dictd tells dict what a word means',
    needs: ['/usr/sbin/dictd', '/usr/bin/dict'],
    prepare: async (place) => {
      const port = await place.port();
      const meaning = 'acceptd\n  A super-server.\n';
      const data = place.write('words.dict', meaning);
      const index = place.write('words.index', `acceptd\tA\t${base64Digits[meaning.length]}\n`);
      const config = place.write(
        'dictd.conf',
        `access { allow * }\ndatabase words { data "${data}" index "${index}" }\n`,
      );
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/sbin/dictd dictd -i -c ${config}\n`,
        talk: () =>
          mustRun('dict', ['-h', '127.0.0.1', '-p', `${port}`, '-d', 'words', '-P', '-', 'acceptd'], {
            environment: { HOME: place.directory },
          }),
        expected: /A super-server\./,
      };
    },
  },
  {
    name: 'nrpe runs a check for check_nrpe',
    needs: ['/usr/sbin/nrpe', '/usr/lib/nagios/plugins/check_nrpe'],
    prepare: async (place) => {
      const port = await place.port();
      const config = place.write(
        'nrpe.cfg',
        `allowed_hosts=127.0.0.1\ncommand[hello]=/bin/echo hello nrpe\npid_file=${place.directory}/nrpe.pid\n`,
      );
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/sbin/nrpe nrpe -c ${config} --inetd\n`,
        talk: () =>
          mustRun('/usr/lib/nagios/plugins/check_nrpe', ['-H', '127.0.0.1', '-p', `${port}`, '-c', 'hello']),
        expected: /hello nrpe/,
      };
    },
  },
  {
    name: 'cat echoes up to the end of its input',
    needs: ['/bin/cat'],
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /bin/cat cat\n`,
        talk: () => exchange(port, 'ping\n'),
        expected: /^ping\n$/,
      };
    },
  },
  {
    name: 'date needs no word from its client',
    needs: ['/bin/date'],
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /bin/date date -u\n`,
        talk: () => exchange(port, '', { halfClose: false }),
        expected: /UTC/,
      };
    },
  },
];

checkTable(rows);
