// What happens at the limits: of starts, of instances, of processes; and under many clients at once.
import { createConnection } from 'node:net';
import t from 'tap';
import type { Dialect } from '../../src/model/service.ts';
import { timeOf } from '../daemon/scene.ts';
import { type Acceptd, recordsUpTo, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { mustRun } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort, freePorts } from '../support/ports.ts';
import {
  childrenOf,
  fewTicks,
  follow,
  type Guest,
  isRefused,
  needsRoot,
  numberIn,
  ownHost,
  recordsOf,
  self,
  ticksWhileIdle,
  visit,
} from './stage.ts';

const attend = `${compileHandlers('attend')}/attend`;
const count = 6;

const visitMany = (many: number, port: number, host?: string): Promise<readonly Guest[]> =>
  Promise.all(Array.from({ length: many }, () => visit(port, host)));

const exitsOf = (acceptd: Acceptd, service: string, many: number): Promise<unknown> =>
  acceptd.waitFor(
    () => recordsOf(acceptd, 'exited', service).length >= many,
    `the end of ${many} instances of ${service}`,
  );

const limited: readonly Dialect[] = ['acceptd', 'openbsd', 'debian', 'netbsd', 'gnu', 'busybox'];
const pauses: Readonly<Record<string, number>> = { acceptd: 60_000, busybox: 60_000 };

t.test('25: nowait.3 starts exactly 3 and then suspends; further clients wait in the queue', async (t) => {
  const ports = await freePorts(limited.length);
  const acceptd = await startAcceptd(t, {
    config: limited
      .map(
        (dialect, index) =>
          `.dialect ${dialect}\n127.0.0.1:${ports[index]} stream tcp nowait.3 ${self} /bin/echo echo served\n`,
      )
      .join(''),
  });
  for (const [index, dialect] of limited.entries()) {
    const port = ports[index] ?? 0;
    const service = `127.0.0.1:${port}/tcp`;
    const guests = await visitMany(count, port);
    const suspended = await acceptd.waitFor(
      (record) => record.event === 'suspended' && record.service === service,
      'the suspension',
    );
    t.equal(suspended.fields['reason'], 'rate');
    t.equal(numberIn(suspended, 'pause'), pauses[dialect] ?? 600_000, `${dialect}: its pause`);
    await exitsOf(acceptd, service, 3);
    t.equal(recordsOf(acceptd, 'started', service).length, 3, `${dialect}: 3 of ${count} were served`);
    t.equal(recordsOf(acceptd, 'refused', service).length, 0, `${dialect}: the others are not turned away`);
    t.notOk(await isRefused(port), `${dialect}: the port stays bound`);
    t.equal(recordsOf(acceptd, 'suspended', service).length, 1, `${dialect}: told once`);
    for (const { socket } of guests) socket.destroy();
  }
  t.ok((await ticksWhileIdle(acceptd.pid)) < fewTicks, 'clients that wait at suspended ports cost nothing');
});

t.test('25: NetBSD writes nowait:3 too, and FreeBSD limits instances with nowait/3', async (t) => {
  const [colon, slash] = await freePorts(2);
  const acceptd = await startAcceptd(t, {
    config: [
      '.dialect netbsd',
      `127.0.0.1:${colon} stream tcp nowait:3 ${self} /bin/echo echo served`,
      '.dialect freebsd',
      `${slash} stream tcp nowait/3 ${self} ${attend} attend stay`,
      '',
    ].join('\n'),
    arguments: ['--log-level', 'debug'],
  });
  const crowd = await visitMany(count, colon ?? 0);
  await acceptd.waitFor(({ event }) => event === 'suspended', 'the suspension');
  t.equal(recordsOf(acceptd, 'started').length, 3);
  for (const { socket } of crowd) socket.destroy();

  const guests = await visitMany(4, slash ?? 0);
  await acceptd.waitFor(
    ({ event, service }) => event === 'held' && service === `${slash}/tcp`,
    'the limit of instances',
  );
  t.equal(recordsOf(acceptd, 'started', `${slash}/tcp`).length, 3, '3 run, the fourth waits');
  const served = await Promise.race(guests.map((guest) => guest.firstLine().then(() => guest)));
  await served.leave();
  for (const guest of guests) if (guest !== served) t.match(await guest.firstLine(), / connected /);
  for (const guest of guests) guest.socket.destroy();
});

t.test(
  '26: a port below 1024 is suspended as any other, stays bound, and comes back with a reload',
  needsRoot,
  async (t) => {
    const config = (wait: string) => `${ownHost}:501 stream tcp ${wait} ${self} /bin/echo echo served\n`;
    const acceptd = await startAcceptd(t, { dialect: 'debian', config: config('nowait.3') });
    const guests = await visitMany(count, 501, ownHost);
    const suspended = await acceptd.waitFor(({ event }) => event === 'suspended', 'the suspension');
    t.equal(numberIn(suspended, 'pause'), 600_000);
    await exitsOf(acceptd, `${ownHost}:501/tcp`, 3);
    t.equal(recordsOf(acceptd, 'started').length, 3);
    t.notOk(await isRefused(501, ownHost), 'nobody else can take the port');
    await acceptd.reload(config('nowait.100'));
    t.same(
      await Promise.all(guests.map((guest) => guest.end())),
      guests.map(() => 'served\n'),
      'who waited is served',
    );
  },
);

t.test(
  '26: after its pause a service is back by itself (bug 1: with GNU it never was, after HUP neither)',
  async (t) => {
    const port = await freePort();
    const config = `${port} on bind = 127.0.0.1, protocol = tcp4, user = ${self}, exec = /bin/echo, args = echo served, cps = 3 1s;\n`;
    const acceptd = await startAcceptd(t, { config });
    const guests = await visitMany(count, port);
    const suspended = await acceptd.waitFor(({ event }) => event === 'suspended', 'the suspension');
    t.equal(numberIn(suspended, 'pause'), 1000);
    await acceptd.reload(config);
    t.same(
      await Promise.all(guests.map((guest) => guest.end())),
      guests.map(() => 'served\n'),
      'all are served in the end',
    );
    await acceptd.waitFor(({ event }) => event === 'resumed', 'the resumption');
    await exitsOf(acceptd, `127.0.0.1:${port}/tcp4`, count);
    t.equal(recordsOf(acceptd, 'started').length, count);
    t.equal(await exchange(port, ''), 'served\n', 'and later clients too');
  },
);

t.test(
  'bug 13: a wait service beyond its rate costs nothing, though a client waits at its port',
  async (t) => {
    const [stream, datagram] = await freePorts(2);
    for (const dialect of ['acceptd', 'debian'] as const) {
      const acceptd = await startAcceptd(t, {
        dialect,
        config: [
          `127.0.0.1:${stream} stream tcp wait.3 ${self} ${attend} attend refuse`,
          `127.0.0.1:${datagram} dgram udp wait.3 ${self} ${attend} attend refuse`,
          '',
        ].join('\n'),
      });
      const guest = await visit(stream ?? 0);
      await acceptd.waitFor(({ event }) => event === 'suspended', 'the suspension');
      t.equal(recordsOf(acceptd, 'started').length, 3, `${dialect}: 3 starts`);
      t.ok((await ticksWhileIdle(acceptd.pid)) < fewTicks, `${dialect}: no spinning`);
      t.equal(recordsOf(acceptd, 'started').length, 3, `${dialect}: and no more of them`);
      guest.socket.destroy();
      await acceptd.stop();
    }
  },
);

t.test(
  'bug 10: where there is no default rate, a server that does not accept is no storm of processes',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      dialect: 'busybox',
      config: `127.0.0.1:${port} stream tcp wait ${self} ${attend} attend refuse\n`,
    });
    const guest = await visit(port);
    const paused = await acceptd.waitFor(
      (record) => record.event === 'respawning' && numberIn(record, 'pause') >= 320,
      'a pause of 320 ms',
    );
    const starts = recordsUpTo(acceptd, paused).filter(({ event }) => event === 'started').length;
    t.ok(starts <= 16, `${starts} starts are not 1000 a second`);
    guest.socket.destroy();
  },
);

t.test(
  '300 clients that reset at once leave no zombie and no descriptor, and later ones are served',
  async (t) => {
    const [program, builtin, limitedPort] = await freePorts(3);
    const acceptd = await startAcceptd(t, {
      config: [
        `127.0.0.1:${program} stream tcp nowait ${self} /bin/echo echo alive`,
        `127.0.0.1:${builtin} stream tcp nowait ${self} internal echo`,
        // a limit for each source asks for the address of a client that may be gone
        `${limitedPort} on bind = 127.0.0.1, protocol = tcp4, user = ${self}, exec = /bin/echo, args = echo alive, per_source = 400, per_source_rate = 100000;`,
        '',
      ].join('\n'),
    });
    const ports = [program ?? 0, builtin ?? 0, limitedPort ?? 0];
    for (let round = 0; round < 10; round++) {
      const sockets = await Promise.all(
        ports.flatMap((port) => Array.from({ length: 10 }, () => connect(port))),
      );
      for (const socket of sockets) {
        socket.on('error', () => undefined);
        socket.resetAndDestroy();
      }
    }
    t.equal(await exchange(program ?? 0, ''), 'alive\n');
    t.equal(await exchange(builtin ?? 0, 'alive'), 'alive');
    t.equal(await exchange(limitedPort ?? 0, ''), 'alive\n');
    await acceptd.waitFor(
      () =>
        recordsOf(acceptd, 'started').length === 202 &&
        recordsOf(acceptd, 'exited').length === recordsOf(acceptd, 'started').length,
      'the end of all instances',
    );
    t.same(childrenOf(acceptd.pid), [], 'no child is left, a zombie neither');
  },
);

t.test('200 clients at once are served', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    dialect: 'debian',
    config: `127.0.0.1:${port} stream tcp nowait.1000 ${self} /bin/echo echo served\n`,
  });
  const answers = await Promise.all(Array.from({ length: 200 }, () => exchange(port, '')));
  t.same(new Set(answers), new Set(['served\n']));
  await exitsOf(acceptd, `127.0.0.1:${port}/tcp`, 200);
  t.equal(recordsOf(acceptd, 'started').length, 200);
});

t.test('bug 2: an instance that ends does not hold up the next client', async (t) => {
  const port = await freePort();
  await startAcceptd(t, {
    dialect: 'gnu',
    config: `127.0.0.1:${port} stream tcp nowait ${self} /bin/echo echo served\n`,
  });
  const before = performance.now();
  for (let client = 0; client < 20; client++) await exchange(port, '');
  // with a second for each child, 20 s
  t.ok(performance.now() - before < 18_000, '20 clients, one after the other');
});

t.test(
  'bug 22: without processes a client reads the end, built-ins answer at once, later clients are served',
  needsRoot,
  async (t) => {
    // a user of its own: the kernel counts processes by user, and does not limit root's
    const stranger = { uid: 60_000 + (process.pid % 5000), gid: 60_000 };
    const [program, builtin] = await freePorts(2);
    const acceptd = await startAcceptd(t, {
      user: stranger,
      config: [
        `127.0.0.1:${program} stream tcp nowait ${stranger.uid} /bin/echo echo served`,
        `127.0.0.1:${builtin} stream tcp nowait ${stranger.uid} internal echo`,
        '',
      ].join('\n'),
    });
    t.equal(await exchange(program ?? 0, ''), 'served\n');
    await acceptd.waitFor(({ event }) => event === 'exited', 'its end');
    const limit = (processes: number): Promise<string> =>
      // its own user may do it; root in a container may lack the capability
      mustRun('setpriv', [
        ...['--reuid', `${stranger.uid}`, '--regid', `${stranger.gid}`, '--clear-groups'],
        ...['prlimit', '--pid', `${acceptd.pid}`, `--nproc=${processes}:1000`],
      ]);
    await limit(1);
    const guests: Guest[] = [];
    let pause = 0;
    while (pause < 800 && guests.length < 10) {
      guests.push(await visit(program ?? 0));
      await acceptd.waitFor(
        () => recordsOf(acceptd, 'shortage').length >= guests.length,
        'the next shortage',
      );
      pause = Math.max(...recordsOf(acceptd, 'shortage').map((record) => numberIn(record, 'pause')));
    }
    t.equal(pause, 800, 'each start that fails makes the next pause longer');
    const shortage = acceptd.records.findLast(({ event }) => event === 'shortage');
    t.equal(await exchange(builtin ?? 0, 'alive'), 'alive');
    const served = await acceptd.waitFor(({ event }) => event === 'builtin-started', 'the built-in');
    const waited = timeOf(served) - timeOf(shortage ?? served);
    t.ok(waited < pause, `a built-in needs no process and does not wait for one: ${waited} ms`);
    for (const guest of guests) t.equal(await guest.end(), '', 'the end, and nothing else');
    const [refused] = recordsOf(acceptd, 'refused');
    t.equal(refused?.fields['reason'], 'processes');
    const late = await visit(program ?? 0);
    await limit(1000);
    await late.end();
    t.equal(await exchange(program ?? 0, ''), 'served\n', 'when there are processes again');
  },
);

t.test('bug 21: the limit of one service makes no other deaf, and counts on after a reload', async (t) => {
  const [full, other] = await freePorts(2);
  const config = [
    `${full} on bind = 127.0.0.1, protocol = tcp4, user = ${self}, exec = ${attend}, args = attend stay, instances = 2;`,
    `127.0.0.1:${other} stream tcp nowait ${self} /bin/echo echo served`,
    '',
  ].join('\n');
  const acceptd = await startAcceptd(t, { config, arguments: ['--log-level', 'debug'] });
  const service = `127.0.0.1:${full}/tcp4`;
  const first = await visit(full ?? 0);
  const second = await visit(full ?? 0);
  t.match(await first.firstLine(), / connected/);
  t.match(await second.firstLine(), / connected/);
  t.equal(await exchange(other ?? 0, ''), 'served\n', 'another service is not concerned');
  const from = acceptd.records.length;
  await acceptd.reload(config);
  const third = await visit(full ?? 0);
  await acceptd.waitFor((record) => record.event === 'held', 'the limit', from);
  t.equal(recordsOf(acceptd, 'started', service).length, 2, 'the two from before the reload count');
  t.equal(await exchange(other ?? 0, ''), 'served\n');
  await first.leave();
  t.match(await third.firstLine(), / connected/, 'the third has its turn');
  await Promise.all([second.leave(), third.leave()]);
});

t.test(
  'per-source limits hold for each source alone, and a flood of others does not lift them',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: `${port} on bind = 127.0.0.1, protocol = tcp4, user = ${self}, exec = /bin/echo, args = echo served, per_source_rate = 2/3600s;\n`,
    });
    const from = (source: string): Promise<string> =>
      follow(createConnection({ port, host: '127.0.0.1', localAddress: source })).end();
    t.equal(await from('127.9.9.9'), 'served\n');
    t.equal(await from('127.9.9.9'), 'served\n');
    t.equal(await from('127.9.9.9'), '', 'the third is beyond its limit');
    // FreeBSD's table has 256 places, which others can fill
    const others = Array.from({ length: 300 }, (_, index) => `127.10.${index >> 6}.${(index & 63) + 1}`);
    for (let start = 0; start < others.length; start += 50)
      t.same(
        new Set(await Promise.all(others.slice(start, start + 50).map(from))),
        new Set(['served\n']),
        'others are served',
      );
    t.equal(await from('127.9.9.9'), '', 'and it still is');
    t.equal(recordsOf(acceptd, 'refused')[0]?.fields['reason'], 'per-source');
  },
);
