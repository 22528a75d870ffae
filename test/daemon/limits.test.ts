// How many at once, how fast, and for whom: what happens at a limit, and after it.
import type { Socket } from 'node:net';
import t from 'tap';
import { recordsUpTo, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { freePort } from '../support/ports.ts';
import { enter, leave, me, readSome, readToEnd, socketInode } from './scene.ts';

type Where = { readonly port: number; readonly host?: string; readonly protocol?: string };

const service = (
  { port, host = '127.0.0.1', protocol = 'tcp' }: Where,
  program: string,
  keys: string,
): string =>
  `limited on bind = ${host}, port = ${port}, protocol = ${protocol}, user = ${me}, exec = ${program}, ${keys} ;\n`;

/** What a client that speaks at once hears; empty for one that is turned away. */
const ask = async (
  port: number,
  host: string,
): Promise<{ readonly socket: Socket; readonly answer: string }> => {
  const socket = await connect(port, host);
  socket.on('error', () => undefined);
  socket.write('.');
  return { socket, answer: await readSome(socket).catch(() => '') };
};

t.test('at its limit of instances a service lets clients wait, and refuses nobody', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, { config: service({ port }, '/bin/cat', 'instances = 2') });
  const [first, second] = [await enter(port), await enter(port)];
  const others = await Promise.all(
    Array.from({ length: 5 }, async (_, index) => {
      const socket = await connect(port);
      socket.end(`client ${index}`);
      return readToEnd(socket);
    }).map((each) => ({ each })),
  );
  const starts = (): number => acceptd.records.filter(({ event }) => event === 'started').length;
  await acceptd.waitFor(() => starts() === 2, 'the two');
  await leave(first);
  await leave(second);
  t.strictSame(
    await Promise.all(others.map(({ each }) => each)),
    Array.from({ length: 5 }, (_, index) => `client ${index}`),
  );
  t.notOk(acceptd.records.some(({ event }) => event === 'refused'));
  t.equal(await acceptd.stop(), 0);
});

t.test('told to refuse at its limit, it closes and says why', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: service({ port }, '/bin/cat', 'instances = 1, on_limit = refuse'),
  });
  const first = await enter(port);
  t.equal((await ask(port, '127.0.0.1')).answer, '');
  const { fields } = await acceptd.waitFor(({ event }) => event === 'refused', 'the refusal');
  t.equal(fields['reason'], 'instances');
  t.match(String(fields['peer']), /^127\.0\.0\.1:\d+$/);
  await leave(first);
  await acceptd.waitFor(({ event }) => event === 'exited', 'the end of the first');
  await leave(await enter(port));
  t.equal(await acceptd.stop(), 0);
});

t.test('the limit of one source holds for it alone', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: service({ port, host: '*', protocol: 'tcp46' }, '/bin/cat', 'per_source = 1'),
  });
  const first = await enter(port, '127.0.0.1');
  t.equal(
    (await ask(port, '127.0.0.1')).answer,
    '',
    'the same address, which came in over IPv6 as a mapped one',
  );
  const { fields } = await acceptd.waitFor(({ event }) => event === 'refused', 'the refusal');
  t.strictSame([fields['reason'], String(fields['peer']).replace(/:\d+$/, '')], ['per-source', '127.0.0.1']);
  await leave(first);
  await acceptd.waitFor(({ event }) => event === 'exited', 'its end');
  const again = await enter(port, '127.0.0.1');
  const overSix = await ask(port, '::1').catch(() => undefined);
  if (overSix !== undefined) {
    t.equal(overSix.answer, '.', 'IPv6 is another source');
    t.equal((await ask(port, '::1')).answer, '');
    await leave(overSix.socket);
  }
  await leave(again);
  t.equal(await acceptd.stop(), 0);
});

t.test('a rate: so many exactly, then a pause with the port bound, then by itself again', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: service({ port }, '/bin/echo', 'args = echo there, rate = 5/60s 400ms'),
  });
  const inode = socketInode(port);
  const clients = Array.from({ length: 5 }, () => exchange(port, ''));
  t.strictSame(
    await Promise.all(clients),
    Array.from({ length: 5 }, () => 'there\n'),
  );
  const waiting = await connect(port);
  const suspended = await acceptd.waitFor(({ event }) => event === 'suspended', 'the pause');
  t.equal(recordsUpTo(acceptd, suspended).filter(({ event }) => event === 'started').length, 5);
  t.equal(socketInode(port), inode, 'the port stays bound');
  const resumed = await acceptd.waitFor(({ event }) => event === 'resumed', 'the end of the pause');
  // the bucket is not yet full enough for one more: another pause
  const from = acceptd.records.indexOf(resumed);
  await acceptd.waitFor(({ event }) => event === 'suspended', 'another pause', from);
  waiting.destroy();
  t.equal(await acceptd.stop(), 0);
});

t.test('connections in a second, as with xinetd', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: service({ port }, '/bin/echo', 'args = echo there, cps = 3 1'),
  });
  const clients = Array.from({ length: 6 }, () => exchange(port, ''));
  t.strictSame(await Promise.all(clients.slice(0, 3)), ['there\n', 'there\n', 'there\n']);
  const suspended = await acceptd.waitFor(({ event }) => event === 'suspended', 'the pause');
  const before = recordsUpTo(acceptd, suspended).filter(({ event }) => event === 'started');
  t.equal(before.length, 3, 'exactly three');
  t.strictSame(await Promise.all(clients.slice(3)), ['there\n', 'there\n', 'there\n']);
  t.equal(await acceptd.stop(), 0);
});

t.test('the rate of one source does not stop the others', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: service({ port, host: '127.0.0.1' }, '/bin/echo', 'args = echo there, per_source_rate = 2/60s'),
  });
  t.equal(await exchange(port, ''), 'there\n');
  t.equal(await exchange(port, ''), 'there\n');
  t.equal(await exchange(port, ''), '');
  const { fields } = await acceptd.waitFor(({ event }) => event === 'refused', 'the refusal');
  t.equal(fields['reason'], 'per-source');
  const other = await new Promise<Socket>((resolve, reject) => {
    import('node:net').then(({ createConnection }) => {
      const socket = createConnection({ port, host: '127.0.0.1', localAddress: '127.0.0.77' });
      socket.once('connect', () => resolve(socket)).once('error', reject);
    }, reject);
  });
  t.equal(await readToEnd(other), 'there\n');
  t.equal(await acceptd.stop(), 0);
});
