// acceptd listen as systemd-socket-activate: sockets of several kinds, their names, and who gets them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { placeOf } from '../../src/command/listen-address.ts';
import { exchange } from '../support/client.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { acceptd, mainModule, serve, temporaryDirectory } from './stage.ts';

t.setTimeout(300_000);

/** A daemon that says what it has found, and stays. */
const teller = ['/bin/sh', '-c', 'echo "FOUND $LISTEN_FDS $LISTEN_FDNAMES $GREETING $TERM."; exec sleep 300'];

t.test('addresses in words of the native language', async (t) => {
  const table = [
    ['8080', 'tcp46:*:8080'],
    ['*:80', 'tcp46:*:80'],
    ['127.0.0.1:80', 'tcp:127.0.0.1:80'],
    ['[::1]:80', 'tcp:[::1]:80'],
    ['tcp6:80', 'tcp6:*:80'],
    ['localhost:http', 'tcp:localhost:http'],
    ['udp:53', 'udp46:*:53'],
    ['dgram:127.0.0.1:53', 'udp:127.0.0.1:53'],
    ['/run/x', 'unix-stream:/run/x'],
    ['@name', 'unix-stream:@name'],
    ['unix-dgram:/run/x', 'unix-dgram:/run/x'],
    ['seqpacket:/run/x', 'unix-seqpacket:/run/x'],
    ['a:b:c:', undefined],
    ['seqpacket:80', undefined],
  ] as const;
  for (const [address, word] of table) t.equal(placeOf(address, 'stream')?.word, word, address);
  t.equal(placeOf('/run/x', 'seqpacket')?.word, 'unix-seqpacket:/run/x');
  t.equal(placeOf('127.0.0.1:53', 'dgram')?.word, 'udp:127.0.0.1:53');
});

t.test('what contradicts itself is told in one line, with exit status 64', async (t) => {
  const program = ['--', '/bin/cat'];
  const mistakes: readonly (readonly [string[], RegExp])[] = [
    [[], /no address/],
    [['-l', '80', '--accept', '--activation', 'nginx'], /--accept starts a program for each client/],
    [['80', '--now'], /--now is for a daemon; add --daemon/],
    [['-l', '80', '--instances', '4'], /--instances is for a program for each client; add --accept/],
    [['80', '81', '--inetd'], /only one socket can be stdin; add --accept/],
    [['-l', '80', '-l', '81', '-l', '82', '--fdname', 'a:b'], /3 sockets and 2 names/],
    [['80', '-d', '--seqpacket'], /two types/],
    [['80', '--activation', 'bogus'], /bogus/],
  ];
  for (const [words, said] of mistakes) {
    const { code, stderr } = await acceptd('listen', ...words, ...program);
    t.equal(code, 64, words.join(' '));
    t.match(stderr, said);
  }
});

t.test('one daemon gets sockets of several kinds in the order of the command line', async (t) => {
  const [port = 0, other = 0] = await freePorts(2);
  const path = join(temporaryDirectory(t), 'packets');
  const sockets = ['-l', `127.0.0.1:${port}`, '-l', `udp:127.0.0.1:${other}`, '-l', `seqpacket:${path}`];
  const words = [...sockets, '--fdname', 'web:voice:packets', '-E', 'GREETING=hello', '--now'];
  const environment = { TERM: 'dumb' };
  const server = await serve(t, ['listen', ...words, '--', ...teller], undefined, { environment });
  await server.untilSaid(/FOUND 3 web:voice:packets hello dumb\./);
  t.ok(existsSync(path));
  t.equal(await server.stop(), 0);
});

t.test('a daemon starts at its first client, and what it inherits comes first', async (t) => {
  const [port = 0, own = 0] = await freePorts(2);
  const inner = [process.execPath, mainModule, 'listen', '-l', `127.0.0.1:${own}`, '--now', '--', ...teller];
  const outer = ['listen', '-l', `127.0.0.1:${port}`, '--fdname', 'first', '--', ...inner];
  const server = await serve(t, outer);
  t.notMatch(server.stderr(), /FOUND/);
  exchange(port, '', { timeout: 60_000 }).catch(() => undefined);
  await server.untilSaid(/FOUND 2 first:/);
  t.equal(await server.stop(), 0);
});

t.test('--accept starts a program for each client of -l too', async (t) => {
  const [port = 0, other = 0] = await freePorts(2);
  const program = ['/bin/sh', '-c', 'echo "$LISTEN_FDS."; cat'];
  const addresses = ['-l', `127.0.0.1:${port}`, '-l', `127.0.0.1:${other}`];
  const server = await serve(t, ['listen', '-a', ...addresses, '--', ...program]);
  t.equal(await exchange(port, 'a\n'), '1.\na\n');
  t.equal(await exchange(other, 'b\n'), '1.\nb\n');
  t.equal(await server.stop(), 0);
  const inetd = await serve(t, ['listen', '-a', '--inetd', '-l', `127.0.0.1:${port}`, '--', ...program]);
  t.equal(await exchange(port, 'a\n'), '.\na\n', 'stdin and stdout alone');
  t.equal(await inetd.stop(), 0);
});

t.test(
  'a daemon that binds itself',
  { skip: !existsSync('/usr/bin/redis-server') && 'no redis' },
  async (t) => {
    const port = await freePort();
    const redis = ['redis-server', '--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--logfile', ''];
    const directory = temporaryDirectory(t);
    const server = await serve(t, [
      'listen',
      `127.0.0.1:${port}`,
      ...['--activation', 'adopt', '--chdir', directory],
      ...['--', ...redis],
    ]);
    t.equal(await exchange(port, 'PING\r\nQUIT\r\n'), '+PONG\r\n+OK\r\n');
    await server.untilSaid(/"event":"daemon-ready"/);
    t.equal(await server.stop(), 0);
  },
);
