// Programs of Debian 12 that answer a question: finger, ident, dict, a check, the date.
import { exchange } from '../support/client.ts';
import { isRoot, mustRun, run } from '../support/command.ts';
import { checkTable } from './table.ts';

// finger has no option for the port: it looks it up, so it gets an /etc/services of its own.
const privateMounts = ['--mount', ...(isRoot ? [] : ['--map-root-user'])];
const canMount = (await run('unshare', [...privateMounts, 'true'])).code === 0;
const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

checkTable([
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
]);
