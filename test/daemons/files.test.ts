// Servers of files of Debian 12 that are started for each connection: FTP, rsync, git, Subversion, CVS.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../support/command.ts';
import type { Place } from './place.ts';
import { checkTable } from './table.ts';

const hasIPv6 = readFileSync('/proc/net/if_inet6', 'utf8').includes('00000000000000000000000000000001');

const rsyncConfig = (place: Place): string => {
  place.write('mod/hello.txt', 'hello rsync\n');
  return place.write(
    'rsyncd.conf',
    `use chroot = no\nlog file = /dev/null\n[mod]\npath = ${join(place.directory, 'mod')}\n`,
  );
};

checkTable([
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
]);
