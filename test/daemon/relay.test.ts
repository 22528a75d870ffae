// Relays of the real program: unreachable targets, shortage, a stop in the middle, bulk beside others, idleness.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { service, serviceNamed, startWith } from '../conformance/xinetd-stage.ts';
import { becomes } from '../support/becomes.ts';
import { connect, exchange } from '../support/client.ts';
import { hasProgram } from '../support/command.ts';
import { noise, readToEnd as readBytes, readExactly } from '../support/flows.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { descriptorsOf, processorTime, readToEnd, sleepsOf } from './scene.ts';

const relayLines = (target: number): readonly string[] => [
  `redirect = 127.0.0.1 ${target}`,
  'cps = 100000 1',
  'instances = UNLIMITED',
];

/** A server on this machine that does this with whoever connects; its port. */
const openTarget = async (t: Test, onConnection: (socket: Socket) => void): Promise<number> => {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const each of sockets) each.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
};

const echo = (socket: Socket): void => void socket.pipe(socket);

t.test('a target that refuses is told, its clients get their end, nobody else is disturbed', async (t) => {
  const [front, back, other] = [await freePort(), await freePort(), await freePort()];
  const acceptd = await startWith(t, service(front, ...relayLines(back)) + serviceNamed('c', other));
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(front)));
  t.strictSame(
    await Promise.all(clients.map(readToEnd)),
    clients.map(() => ''),
  );
  const { fields } = await acceptd.waitFor(({ event }) => event === 'start-failed', 'the failure');
  t.match(String(fields['msg']), new RegExp(`cannot connect to 127\\.0\\.0\\.1:${back}: connection refused`));
  t.equal(await exchange(other, ''), 'served');
  t.equal(await acceptd.stop(), 0);
});

const hasPrlimit = hasProgram('/usr/bin/prlimit');

t.test('out of descriptors', { skip: hasPrlimit ? false : 'needs prlimit' }, async (t) => {
  const front = await freePort();
  const back = await openTarget(t, echo);
  const acceptd = await startWith(t, service(front, ...relayLines(back)), {
    under: ['prlimit', '--nofile=80:80'],
    arguments: ['--drain', '0'],
  });
  t.equal(await exchange(front, 'there'), 'there');
  const before = descriptorsOf(acceptd.pid).length;
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect(front)));
  for (const client of clients) client.on('error', () => undefined).resume();
  await acceptd.waitFor(({ event }) => event === 'shortage', 'the shortage');
  const [sleeps, time, from] = [sleepsOf(acceptd.pid), processorTime(acceptd.pid), acceptd.records.length];
  await acceptd.waitFor(
    ({ event, fields }) => event === 'shortage' && Number(fields['pause']) >= 800,
    'a longer pause',
    from,
  );
  t.ok(processorTime(acceptd.pid) - time <= 200, 'it does not spin');
  t.ok(sleepsOf(acceptd.pid) - sleeps < 400);
  for (const client of clients) client.destroy();
  t.equal(await exchange(front, 'again'), 'again');
  await becomes(() => descriptorsOf(acceptd.pid).length <= before + 1);
  t.ok(descriptorsOf(acceptd.pid).length <= before + 1, 'none is left open');
  t.equal(await acceptd.stop(), 0);
});

t.test('a stop lets a relay finish, and resets it when the grace is over', async (t) => {
  const front = await freePort();
  const back = await openTarget(t, echo);
  const finishing = await startWith(t, service(front, ...relayLines(back)), {
    arguments: ['--drain', '20'],
  });
  const client = await connect(front);
  client.write('one');
  t.equal(String(await readExactly(client, 3)), 'one');
  finishing.signal('SIGTERM');
  await finishing.waitFor(({ event }) => event === 'draining', 'the stop');
  client.end('two');
  t.equal(String(await readBytes(client)), 'two');
  t.equal(await finishing.ended(), 0);

  const port = await freePort();
  const abrupt = await startWith(t, service(port, ...relayLines(back)), { arguments: ['--drain', '0'] });
  const cut = await connect(port);
  cut.write('one');
  await readExactly(cut, 3);
  const broken = once(cut, 'error');
  cut.resume();
  t.equal(await abrupt.stop(), 0);
  t.match(await broken, [{ code: 'ECONNRESET' }]);
});

t.test(
  'bulk in both directions, handlers that start meanwhile, and every byte and end arrives',
  async (t) => {
    const [front = 0, other = 0] = await freePorts(2);
    const back = await openTarget(t, echo);
    const acceptd = await startWith(
      t,
      service(front, ...relayLines(back)) +
        serviceNamed('c', other, 'cps = 100000 1', 'instances = UNLIMITED'),
    );
    const relayed = Array.from({ length: 24 }, async (_, index) => {
      const said = noise(index % 3 === 0 ? 6_000_000 : index * 10_007, index);
      const client = await connect(front);
      const heard = readBytes(client);
      client.end(said);
      return (await heard).equals(said);
    });
    const served = Array.from({ length: 60 }, () => exchange(other, '', { timeout: 60_000 }));
    t.strictSame(new Set(await Promise.all(relayed)), new Set([true]));
    t.strictSame(new Set(await Promise.all(served)), new Set(['served']));
    t.equal(await acceptd.stop(), 0);
  },
);
