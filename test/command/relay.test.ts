// acceptd relay: what systemd-socket-proxyd does, and what that leaves out.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { hasProgram, run } from '../support/command.ts';
import { readExactly, readToEnd } from '../support/flows.ts';
import { freePort } from '../support/ports.ts';
import { startServer } from '../support/relay-targets.ts';

const startRelay = (t: Test, words: readonly string[], under: readonly string[] = []): Promise<Acceptd> =>
  startAcceptd(t, {
    config: '',
    command: ['relay', ...words, '--log-format', 'json', '--log-level', 'debug'],
    under,
  });

/** A folder for sockets, whose paths are short. */
const folderFor = (t: Test): string => {
  const folder = mkdtempSync('/tmp/relay-');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Says its name and all that it heard, at the client's end of file. */
const openNamed = async (
  t: Test,
  name: string,
  where: { port: number } | { path: string },
): Promise<void> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let heard = `${name}:`;
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (part: string) => {
      heard += part;
    });
    socket.on('end', () => socket.end(heard, 'latin1'));
  });
  server.listen('port' in where ? { ...where, host: '127.0.0.1' } : where);
  await once(server, 'listening');
  t.teardown(() => server.close());
};

t.test('targets are tried in their order, TCP and unix sockets, from TCP and unix sockets', async (t) => {
  const folder = folderFor(t);
  const [front, dead] = [await freePort(), await freePort()];
  const [path, entrance] = [join(folder, 'target.sock'), join(folder, 'front.sock')];
  await openNamed(t, 'second', { path });
  const acceptd = await startRelay(t, [
    `127.0.0.1:${front}`,
    entrance,
    '--to',
    `127.0.0.1:${dead}`,
    '--to',
    path,
  ]);
  t.equal(await exchange(front, 'hello'), 'second:hello');
  await openNamed(t, 'first', { port: dead });
  t.equal(await exchange(front, 'hello'), 'first:hello');
  const answer = await run('nc', ['-N', '-U', entrance], { input: 'over unix' });
  t.equal(answer.stdout, 'first:over unix');
  t.equal(await acceptd.stop(), 0);
});

t.test('at the limit the next one waits, and is served when one has ended', async (t) => {
  const [front, back] = [await freePort(), await freePort()];
  await openNamed(t, 'x', { port: back });
  const words = [String(front), '--to', `127.0.0.1:${back}`, '--connections-max', '2'];
  const acceptd = await startRelay(t, words);
  const clients: readonly [Socket, Socket] = [await connect(front), await connect(front)];
  for (const client of clients) client.write('x');
  const third = exchange(front, 'third');
  await acceptd.waitFor(({ event }) => event === 'held', 'the limit');
  const served = acceptd.records.filter(({ event }) => event === 'builtin-started');
  t.equal(served.length, 2, 'two, not three');
  clients[0].end();
  t.equal(String(await readExactly(clients[0], 3)), 'x:x');
  t.equal(await third, 'x:third');
  clients[1].destroy();
  t.equal(await acceptd.stop(), 0);
});

t.test('or is turned away', async (t) => {
  const [front, back] = [await freePort(), await freePort()];
  await openNamed(t, 'x', { port: back });
  const words = [String(front), '--to', `127.0.0.1:${back}`, '-c', '1', '--on-limit', 'refuse'];
  const acceptd = await startRelay(t, words);
  const client = await connect(front);
  await acceptd.waitFor(({ event }) => event === 'builtin-started', 'the first');
  t.equal(await exchange(front, ''), '');
  client.destroy();
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'it ends when nobody has been there for a while, and a silent connection has its own time',
  async (t) => {
    const [front, back] = [await freePort(), await freePort()];
    await openNamed(t, 'x', { port: back });
    const words = [String(front), '--to', `127.0.0.1:${back}`, '--exit-idle-time', '3s'];
    const acceptd = await startRelay(t, [...words, '--idle-timeout', '200ms']);
    const client = await connect(front);
    const heard = readToEnd(client);
    client.write('then nothing');
    t.equal(await acceptd.ended(), 0);
    const ends = acceptd.records.filter(({ event }) => event === 'builtin-ended');
    t.match(ends, [{ fields: { outcome: 'timeout' } }]);
    t.equal(String(await heard), '', 'an end of file, no reset');
    client.destroy();
  },
);

const activate = '/usr/bin/systemd-socket-activate';

t.test(
  'called as systemd-socket-proxyd is, with the sockets of systemd',
  { skip: hasProgram(activate) ? false : 'needs systemd-socket-activate' },
  async (t) => {
    const folder = folderFor(t);
    const front = await freePort();
    const path = join(folder, 'target.sock');
    await openNamed(t, 'x', { path });
    const started = startRelay(t, [path, '--exit-idle-time=1s'], [activate, '-l', `127.0.0.1:${front}`]);
    let answer: string | undefined;
    for (let tries = 0; answer === undefined && tries < 1_000; tries++) {
      // its port opens at some time
      answer = await exchange(front, 'hello').catch(() => pause(10).then(() => undefined));
    }
    t.equal(answer, 'x:hello');
    t.equal(await (await started).ended(), 0);
  },
);

t.test('a target that is not there yet is waited for', async (t) => {
  const folder = folderFor(t);
  const front = await freePort();
  const path = join(folder, 'late.sock');
  const acceptd = await startRelay(t, [String(front), '--to', path, '--retry', '20s']);
  const answer = exchange(front, 'early', { timeout: 20_000 });
  await acceptd.waitFor(({ event }) => event === 'builtin-started', 'the client');
  await openNamed(t, 'late', { path });
  t.equal(await answer, 'late:early');
  t.equal(await acceptd.stop(), 0);
});

t.test('the header of the PROXY protocol comes first', async (t) => {
  const [front, back] = [await freePort(), await freePort()];
  await openNamed(t, 'x', { port: back });
  const words = ['--to', `127.0.0.1:${back}`, '--proxy-protocol'];
  const first = await startRelay(t, [String(front), ...words, 'v1']);
  const client = await connect(front);
  const { localPort } = client;
  client.end('hello');
  const expected = `x:PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${front}\r\nhello`;
  t.equal(String(await readExactly(client, expected.length)), expected, 'IPv4 on a socket for both');
  t.equal(await first.stop(), 0);
  const second = await startRelay(t, [`[::1]:${front}`, ...words, 'v2']);
  const answer = Buffer.from(await exchange(front, 'hello', { host: '::1' }), 'latin1');
  t.equal(answer.subarray(2, 18).toString('hex'), '0d0a0d0a000d0a515549540a21210024');
  t.equal(answer.subarray(54).toString(), 'hello');
  t.equal(await second.stop(), 0);
});

const haproxy = '/usr/sbin/haproxy';

t.test(
  'haproxy understands both headers',
  { skip: hasProgram(haproxy) ? false : 'needs haproxy' },
  async (t) => {
    const folder = folderFor(t);
    const [front, back] = [await freePort(), await freePort()];
    const config = join(folder, 'haproxy.cfg');
    writeFileSync(
      config,
      `defaults
  mode http
  timeout client 10s
frontend f
  bind 127.0.0.1:${back} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]"
`,
    );
    await startServer(t, haproxy, ['-f', config, '-db'], { port: back });
    for (const version of ['v1', 'v2']) {
      for (const [entrance, host] of [
        [`127.0.0.1:${front}`, '127.0.0.1'],
        [`[::1]:${front}`, '::1'],
      ] as const) {
        const acceptd = await startRelay(t, [
          entrance,
          '--to',
          `127.0.0.1:${back}`,
          '--proxy-protocol',
          version,
        ]);
        const answer = await exchange(front, 'GET / HTTP/1.0\r\n\r\n', { host, halfClose: false });
        t.match(answer, new RegExp(`\\r\\n${host} [0-9]+ ${host} ${front}$`), `${version} ${host}`);
        t.equal(await acceptd.stop(), 0);
      }
    }
  },
);

t.test('what cannot be meant is said', async (t) => {
  const complaint = async (...words: readonly string[]): Promise<readonly [number | undefined, string]> => {
    const { code, stderr } = await run(process.execPath, ['dist/acceptd/main.js', 'relay', ...words]);
    return [code, stderr];
  };
  t.match(await complaint('8080', '8081'), [64, /no target; write one/]);
  t.match(await complaint('8080', '--to', 'a b'), [64, /'a b' is no target/]);
  t.match(await complaint('a b', '--to', '80'), [64, /'a b' is no address/]);
  t.match(await complaint('127.0.0.1:80'), [64, /nowhere to listen: no socket was passed/]);
  t.match(await complaint('8080', '--to', '80', '--retry', 'soon'), [64, /--retry takes a time/]);
  t.match(await complaint('--exit-idle-time=soon', '80'), [64, /--exit-idle-time takes a time/]);
  t.match(await complaint('--connections-max=0', '80'), [64, /--connections-max takes a whole number/]);
  t.match(await complaint('-c', '80'), [64, /nowhere to listen|no target|following: c/]);
  t.match(await complaint('-c', 'many', '80'), [64, /--connections-max takes a whole number/]);
  t.match(await complaint('--proxy-protocol=v3', '80'), [64, /v3/]);
  t.match(await complaint('--frobnicate', '80'), [64, /frobnicate/]);
  t.match(await complaint(), [64, /no target; write one/]);
});
