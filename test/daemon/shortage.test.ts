// Out of descriptors or processes, and ports that are taken: acceptd waits without spinning, and goes on by itself.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { becomes } from '../support/becomes.ts';
import { connect, exchange } from '../support/client.ts';
import { hasProgram, isRoot } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { descriptorsOf, leave, me, processorTime, readSome, readToEnd, sleepsOf, timeOf } from './scene.ts';

const hasPrlimit = hasProgram('/usr/bin/prlimit');

const listenAt = async (port: number): Promise<Server> => {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

const close = async (server: Server): Promise<void> => {
  server.close();
  await once(server, 'close');
};

t.test('a port that is taken is tried again, and served as soon as it is free', async (t) => {
  const port = await freePort();
  const server = await listenAt(port);
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait ${me} /bin/echo echo there\n`,
  });
  const { fields } = await acceptd.waitFor(({ event }) => event === 'listen-failed', 'the failure');
  t.match(String(fields['msg']), /cannot bind 127\.0\.0\.1:\d+: address already in use; trying again in/);
  await acceptd.waitFor(
    ({ event, fields }) => event === 'listen-failed' && Number(fields['retryIn']) >= 800,
    'growing patience',
  );
  await close(server);
  await acceptd.waitFor(({ event }) => event === 'listening', 'the socket');
  t.equal(await exchange(port, ''), 'there\n');
  t.equal(await acceptd.stop(), 0);
});

for (const signal of ['SIGALRM', 'SIGHUP'] as const) {
  t.test(`${signal} tries a port at once`, async (t) => {
    const port = await freePort();
    const server = await listenAt(port);
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} stream tcp nowait ${me} /bin/echo echo there\n`,
    });
    await acceptd.waitFor(
      ({ event, fields }) => event === 'listen-failed' && Number(fields['retryIn']) >= 1600,
      'patience',
    );
    await close(server);
    acceptd.signal(signal);
    const listening = await acceptd.waitFor(({ event }) => event === 'listening', 'the socket');
    const failed = acceptd.records.findLast(({ event }) => event === 'listen-failed') ?? listening;
    const waited = timeOf(listening) - timeOf(failed);
    t.ok(waited < Number(failed.fields['retryIn']), `after ${waited} ms: not by the timer`);
    t.equal(await exchange(port, ''), 'there\n');
    t.equal(await acceptd.stop(), 0);
  });
}

t.test(
  'where there is no IPv6, both families are IPv4 without a word',
  { skip: !hasProgram('/usr/bin/unshare') || !isRoot ? 'needs root and unshare' : false },
  async (t) => {
    const acceptd = await startAcceptd(t, {
      config: `7007 stream tcp nowait ${me} internal echo\n`,
      // a network of its own, in which a sysctl takes IPv6 away
      under: [
        'unshare',
        '--net',
        'sh',
        '-c',
        'ip link set lo up 2>/dev/null; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; exec "$@"',
        'sh',
      ],
    });
    t.notOk(acceptd.records.some(({ event }) => event === 'listen-failed'));
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('out of descriptors', { skip: !hasPrlimit && 'needs prlimit' }, async (t) => {
  const [port, other] = [await freePort(), await freePort()];
  // conversations of built-ins hold a descriptor each
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait ${me} internal discard\n127.0.0.1:${other} stream tcp nowait ${me} /bin/echo echo there\n`,
    under: ['prlimit', '--nofile=80:80'],
    arguments: ['--drain', '0'],
  });
  t.equal(await exchange(other, ''), 'there\n');
  const before = descriptorsOf(acceptd.pid).length;
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect(port)));
  for (const client of clients)
    client
      .on('error', () => undefined)
      .on('end', () => undefined)
      .resume();
  await acceptd.waitFor(({ event }) => event === 'shortage', 'the shortage');

  const [sleeps, time, from] = [sleepsOf(acceptd.pid), processorTime(acceptd.pid), acceptd.records.length];
  await acceptd.waitFor(
    ({ event, fields }) => event === 'shortage' && Number(fields['pause']) >= 800,
    'a longer pause',
    from,
  );
  const used = processorTime(acceptd.pid) - time;
  t.ok(used <= 200, `${used} ms of processor time, ${sleepsOf(acceptd.pid) - sleeps} sleeps`);
  t.ok(sleepsOf(acceptd.pid) - sleeps < 400);

  for (const client of clients) client.destroy();
  t.equal(await exchange(other, ''), 'there\n', 'afterwards others are served');
  t.equal(await exchange(port, ''), '');
  await becomes(() => descriptorsOf(acceptd.pid).length <= before + 1);
  t.ok(descriptorsOf(acceptd.pid).length <= before + 1, 'none is left open');
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'out of processes',
  { skip: !isRoot || !hasPrlimit ? 'needs root, who can become a user, and prlimit' : false },
  async (t) => {
    const [port, other] = [await freePort(), await freePort()];
    // a number that nobody has: all processes of this user are ours
    const user = { uid: 61_000 + (process.pid % 1000), gid: 61_000 };
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} stream tcp nowait ${user.uid} /bin/cat cat\n127.0.0.1:${other} stream tcp nowait ${user.uid} internal echo\n`,
      user,
      under: ['prlimit', '--nproc=24:24'],
      arguments: ['--drain', '0'],
    });
    const clients = await Promise.all(Array.from({ length: 40 }, () => connect(port)));
    for (const client of clients) client.on('error', () => undefined).resume();
    const { fields } = await acceptd.waitFor(({ event }) => event === 'shortage', 'the shortage');
    t.equal(fields['of'], 'processes');
    const [time, from] = [processorTime(acceptd.pid), acceptd.records.length];
    await acceptd.waitFor(
      ({ event, fields }) => event === 'shortage' && Number(fields['pause']) >= 800,
      'a longer pause',
      from,
    );
    t.ok(processorTime(acceptd.pid) - time <= 200);
    for (const client of clients) client.destroy();
    t.equal(await exchange(other, 'built-in'), 'built-in');
    // those who have gone are still in the queue, and all of them at once may be too many again
    let answer = '';
    for (let attempt = 0; answer !== '.' && attempt < 50; attempt++) {
      const again = (await connect(port)).on('error', () => undefined);
      again.write('.');
      answer = await readSome(again).catch(() => '');
      await leave(again);
    }
    t.equal(answer, '.', 'somebody is served again');
    t.equal(await acceptd.stop(), 0);
  },
);

t.test(
  'a program that is missing is told, its clients get their end, nobody else is disturbed',
  async (t) => {
    const [port, other] = [await freePort(), await freePort()];
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} stream tcp nowait ${me} ./missing missing\n127.0.0.1:${other} stream tcp nowait ${me} /bin/echo echo there\n`,
    });
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(port)));
    t.strictSame(
      await Promise.all(clients.map(readToEnd)),
      clients.map(() => ''),
    );
    const { fields } = await acceptd.waitFor(({ event }) => event === 'start-failed', 'the failure');
    t.match(String(fields['msg']), /cannot execute .*missing: no such file or directory/i);
    t.equal(await exchange(other, ''), 'there\n');
    t.notOk(acceptd.records.some(({ event }) => event === 'shortage'));
    t.equal(await acceptd.stop(), 0);
  },
);
