// HUP and TERM: what a new configuration changes, what it leaves alone, and how acceptd comes and goes.
import { createSocket } from 'node:dgram';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import t from 'tap';
import { timeOf } from '../daemon/scene.ts';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { exchange, exchangeDatagram } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort, freePorts } from '../support/ports.ts';
import {
  complaints,
  type Guest,
  isRefused,
  listenerInodes,
  numberIn,
  recordsOf,
  self,
  visit,
  within,
} from './stage.ts';

const attend = `${compileHandlers('attend')}/attend`;

/** A stream entry in mode `wait` whose handler says `word` and stays. */
const stays = (port: number | undefined, wait: string, word: string, host = '127.0.0.1:'): string =>
  `${host}${port} stream tcp ${wait} ${self} ${attend} attend stay ${word}\n`;

/** Makes acceptd read its configuration again without rewriting it. */
const hangUp = (acceptd: Acceptd) => {
  const from = acceptd.records.length;
  acceptd.signal('SIGHUP');
  return acceptd.waitFor(
    ({ event }) => event === 'applied' || event === 'reload-refused',
    'the end of the reload',
    from,
  );
};

const talkTo = async (port: number, host?: string): Promise<string> => {
  const guest = await visit(port, host);
  const line = await guest.firstLine();
  await guest.leave();
  return line;
};

t.test('32: HUP with other arguments and one more port: same socket, old instance untouched', async (t) => {
  for (const dialect of ['acceptd', 'debian', 'netbsd', 'gnu', 'busybox'] as const) {
    const [port, added] = await freePorts(2);
    const acceptd = await startAcceptd(t, { dialect, config: stays(port, 'nowait', 'old') });
    const old = await visit(port ?? 0);
    const line = await old.firstLine();
    t.match(line, / connected old$/, dialect);
    const inodes = listenerInodes(port ?? 0);
    t.equal(inodes.length, 1);
    const applied = await acceptd.reload(stays(port, 'nowait', 'new') + stays(added, 'nowait', 'added'));
    t.match(applied.fields, { opened: 1, kept: 1, retuned: 1, closed: 0 }, dialect);
    t.same(listenerInodes(port ?? 0), inodes, `${dialect}: the listening socket is the same`);
    t.match(await talkTo(port ?? 0), / connected new$/, `${dialect}: the new arguments`);
    t.match(await talkTo(added ?? 0), / connected added$/, `${dialect}: the new port`);
    t.equal(old.text(), `${line}\n`, 'the old instance still has its client');
    await old.leave();
    await acceptd.stop();
  }
});

t.test('32: clients in the queue are not lost by a reload', async (t) => {
  const port = await freePort();
  const config = (word: string) =>
    `${port} on bind = 127.0.0.1, protocol = tcp4, user = ${self}, exec = ${attend}, args = attend stay ${word}, instances = 1;\n`;
  const acceptd = await startAcceptd(t, { config: config('old') });
  const first = await visit(port);
  t.match(await first.firstLine(), / old$/);
  const waiting = await Promise.all([visit(port), visit(port)]);
  await acceptd.reload(config('new'));
  await first.leave();
  const lines = waiting.map(async (guest) => {
    const line = await guest.firstLine();
    await guest.leave();
    return line;
  });
  for (const line of await Promise.all(lines)) t.match(line, / connected new$/);
});

t.test(
  '33: HUP without a change while a wait server runs: the next client is served after it (bug 9: deaf with busybox)',
  async (t) => {
    for (const dialect of ['acceptd', 'busybox', 'debian'] as const) {
      const port = await freePort();
      const config = stays(port, 'wait', 'server');
      const acceptd = await startAcceptd(t, { dialect, config });
      const first = await visit(port);
      t.match(await first.firstLine(), / listener server$/);
      await acceptd.reload(config);
      await acceptd.reload(config);
      const second = await visit(port);
      t.equal(recordsOf(acceptd, 'started').length, 1, `${dialect}: no second server on one socket`);
      await first.leave();
      t.match(await second.firstLine(), / listener server$/, `${dialect}: served`);
      await second.leave();
      await acceptd.stop();
    }
  },
);

t.test('33: the same for datagrams', async (t) => {
  const port = await freePort();
  const config = `127.0.0.1:${port} dgram udp wait ${self} ${attend} attend linger server\n`;
  const acceptd = await startAcceptd(t, { dialect: 'busybox', config, arguments: ['--drain', '0'] });
  const ask = async (text: string) => (await exchangeDatagram(port, () => Buffer.from(text))).toString();
  t.match(await ask('one'), / one$/);
  await acceptd.reload(config);
  t.match(await ask('two'), / two$/, 'while the server of the first still ran at the reload');
  t.match(await ask('three'), / three$/);
  t.equal(await acceptd.stop(), 0);
});

const changes = [
  ['34 (a)', 'wait', 'nowait', 'busy', 'a server running'],
  ['34 (b)', 'wait', 'nowait', 'idle', 'idle'],
  ['34 (c)', 'nowait', 'wait', 'idle', 'idle'],
  ['34 (c)', 'nowait', 'wait', 'busy', 'an instance running'],
] as const;
for (const [number, before, after, state, shown] of changes)
  t.test(
    `${number}, bug 16: HUP from ${before} to ${after}, ${shown}: the new mode is in force`,
    async (t) => {
      const kinds = { wait: 'listener', nowait: 'connected' };
      for (const dialect of ['acceptd', 'debian', 'gnu'] as const) {
        const port = await freePort();
        const acceptd = await startAcceptd(t, { dialect, config: stays(port, before, 'before') });
        let running: Guest | undefined;
        if (state === 'busy') {
          running = await visit(port);
          t.match(await running.firstLine(), ` ${kinds[before]} before`, dialect);
        } else {
          t.match(await talkTo(port), ` ${kinds[before]} before`, dialect);
          await acceptd.waitFor(({ event }) => event === 'exited', 'the end of the first');
        }
        await acceptd.reload(stays(port, after, 'after'));
        const next = await visit(port);
        await running?.leave();
        t.match(await next.firstLine(), ` ${kinds[after]} after`, `${dialect}: the first client after it`);
        if (after === 'nowait')
          t.match(
            await talkTo(port),
            ' connected after',
            `${dialect}: the second, while the first is served`,
          );
        await next.leave();
        t.match(await talkTo(port), ` ${kinds[after]} after`, `${dialect}: the third`);
        await acceptd.stop();
      }
    },
  );

t.test('34: the same both ways for datagrams', async (t) => {
  const port = await freePort();
  const config = (wait: string, word: string) =>
    `127.0.0.1:${port} dgram udp ${wait} ${self} ${attend} attend reply ${word}\n`;
  const acceptd = await startAcceptd(t, { config: config('wait', 'first') });
  const ask = async () => (await exchangeDatagram(port, () => Buffer.from('x'))).toString();
  t.match(await ask(), / unconnected first x$/);
  await acceptd.reload(config('nowait', 'second'));
  for (let round = 0; round < 3; round++) t.match(await ask(), / connected second x$/);
  await acceptd.reload(config('wait', 'third'));
  for (let round = 0; round < 3; round++) t.match(await ask(), / unconnected third x$/);
});

t.test('36: a missing file at HUP changes nothing (bug 14: OpenBSD and Debian ended)', async (t) => {
  for (const dialect of ['acceptd', 'debian', 'netbsd'] as const) {
    const port = await freePort();
    const acceptd = await startAcceptd(t, { dialect, config: stays(port, 'nowait', 'here') });
    const running = await visit(port);
    await running.firstLine();
    const inodes = listenerInodes(port);
    rmSync(acceptd.configPath);
    const refused = await hangUp(acceptd);
    t.equal(refused.event, 'reload-refused', dialect);
    t.match(complaints(acceptd, 'error')[0], /cannot read .*: no such file or directory/);
    t.match(await talkTo(port), / connected here$/, `${dialect}: served as before`);
    t.same(listenerInodes(port), inodes);
    await running.leave();
    writeFileSync(acceptd.configPath, stays(port, 'nowait', 'again'));
    t.equal((await hangUp(acceptd)).event, 'applied', 'and it is read when it is there again');
    t.match(await talkTo(port), / connected again$/);
    await acceptd.stop();
  }
});

t.test('36: an empty file at HUP removes all services, running instances stay', async (t) => {
  const [port, wait] = await freePorts(2);
  const config = stays(port, 'nowait', 'here') + stays(wait, 'wait', 'server');
  const acceptd = await startAcceptd(t, { config });
  const guests = await Promise.all([visit(port ?? 0), visit(wait ?? 0)]);
  for (const guest of guests) await guest.firstLine();
  t.match((await acceptd.reload('')).fields, { services: 0, closed: 2 });
  t.ok(await isRefused(port ?? 0), 'nobody listens');
  for (const guest of guests) t.notOk(guest.socket.destroyed, 'an instance that runs goes on');
  for (const guest of guests) await guest.leave();
  await acceptd.waitFor(() => recordsOf(acceptd, 'exited').length === 2, 'the end of both');
  t.ok(await isRefused(wait ?? 0));
  await acceptd.reload(config);
  t.match(await talkTo(port ?? 0), / connected here$/, 'and they come back');
  t.match(await talkTo(wait ?? 0), / listener server$/);
});

t.test(
  '36: a mistake at HUP says where it is and changes nothing until it is mended (bug 21: it ended rlinetd)',
  async (t) => {
    for (const dialect of ['acceptd', 'debian', 'freebsd', 'gnu'] as const) {
      const [port, other] = await freePorts(2);
      const entry = (at: number | undefined, word: string) => stays(at, 'nowait', word, '');
      const config = entry(port, 'before') + entry(other, 'before');
      const acceptd = await startAcceptd(t, { dialect, config });
      const running = await visit(port ?? 0);
      const line = await running.firstLine();
      await acceptd.reload(`${port} stream tcp\n${entry(other, 'after')}`);
      t.match(complaints(acceptd, 'error'), [/^line 1: .* 3 of 6 fields/], `${dialect}: the place`);
      t.match(recordsOf(acceptd, 'reload-refused').at(-1)?.fields['why'], '1 new error');
      t.match(await talkTo(other ?? 0), / connected before$/, `${dialect}: the other entry is as it was`);
      t.match(
        await talkTo(port ?? 0),
        / connected before$/,
        `${dialect}: and so is the one with the mistake`,
      );
      t.equal(running.text(), `${line}\n`, `${dialect}: its instance goes on`);
      await acceptd.reload(entry(port, 'mended') + entry(other, 'after'));
      t.match(await talkTo(port ?? 0), / connected mended$/, `${dialect}: mended, it is in force`);
      t.match(await talkTo(other ?? 0), / connected after$/);
      await running.leave();
      await acceptd.stop();
    }
  },
);

t.test(
  '37: a port that is taken at start is opened when it is free: by itself, at ALRM, at HUP',
  async (t) => {
    const ports = await freePorts(3);
    const holders = await Promise.all(
      ports.map(
        (port) =>
          new Promise<ReturnType<typeof createServer>>((resolve) => {
            const server = createServer();
            server.listen(port, '127.0.0.1', () => resolve(server));
          }),
      ),
    );
    for (const holder of holders) t.teardown(() => holder.close());
    const release = (index: number) =>
      new Promise<void>((resolve) => {
        holders[index]?.close(() => resolve());
      });
    const config = ports.map((port) => stays(port, 'nowait', 'here')).join('');
    const acceptd = await startAcceptd(t, { config });
    t.equal(new Set(recordsOf(acceptd, 'listen-failed').map((record) => record.service)).size, 3);
    t.match(recordsOf(acceptd, 'listen-failed')[0]?.fields['msg'], /cannot bind .*: address already in use/);
    const service = (index: number) => `127.0.0.1:${ports[index]}/tcp`;
    const listening = (index: number) =>
      acceptd.waitFor(
        (record) => record.event === 'listening' && record.service === service(index),
        `${service(index)} to listen`,
      );
    await release(0);
    await listening(0);
    t.match(await talkTo(ports[0] ?? 0), / connected here$/, 'by itself, and it does listen');

    const failures = (index: number) => recordsOf(acceptd, 'listen-failed', service(index));
    const beforeNextTry = async (index: number, nudge: () => unknown): Promise<void> => {
      await acceptd.waitFor(
        () => failures(index).some((record) => numberIn(record, 'retryIn') >= 1_600),
        'a long pause',
      );
      await release(index);
      await nudge();
      const found = await listening(index);
      const last = failures(index).at(-1);
      const waited = timeOf(found) - timeOf(last ?? found);
      t.ok(waited < numberIn(last ?? found, 'retryIn'), `after ${waited} ms: not by the timer`);
      t.match(await talkTo(ports[index] ?? 0), / connected here$/);
    };
    await beforeNextTry(1, () => acceptd.signal('SIGALRM'));
    await beforeNextTry(2, () => acceptd.reload(config));
  },
);

t.test(
  'bug 17: from all addresses to one and back at HUP: the port is never dead, its clients are kept',
  async (t) => {
    for (const dialect of ['acceptd', 'debian', 'gnu', 'busybox'] as const) {
      const port = await freePort();
      const at = (host: string, word: string) =>
        `${host}${port} stream tcp nowait ${self} /bin/echo echo ${word}\n`;
      const acceptd = await startAcceptd(t, { dialect, config: at('', 'everywhere') });
      let isOver = false;
      const answers = new Set<string>();
      const knock = async (): Promise<void> => {
        for (let round = 0; round < 2000 && !isOver; round++) answers.add(await exchange(port, ''));
      };
      const knocking = knock();
      for (let round = 0; round < 3; round++) {
        await acceptd.reload(at('127.0.0.1:', 'local'));
        t.ok(await isRefused(port, '127.0.0.2'), `${dialect}: only there`);
        t.equal(await exchange(port, ''), 'local\n');
        await acceptd.reload(at('', 'everywhere'));
        t.equal(
          await exchange(port, '', { host: '127.0.0.2' }),
          'everywhere\n',
          `${dialect}: everywhere again`,
        );
      }
      isOver = true;
      // a refused or reset connection rejects
      await knocking;
      t.same([...answers].toSorted(), ['everywhere\n', 'local\n'], `${dialect}: every client was served`);
      t.same(recordsOf(acceptd, 'listen-failed'), [], `${dialect}: nothing had to be tried twice`);
      await acceptd.stop();
    }
  },
);

t.test('bug 17: the same for datagrams', async (t) => {
  const port = await freePort();
  const at = (host: string) => `${host}${port} dgram udp4 wait ${self} ${attend} attend reply here\n`;
  const acceptd = await startAcceptd(t, { config: at('') });
  const ask = async (host: string) =>
    (await exchangeDatagram(port, () => Buffer.from('x'), { host })).toString();
  t.match(await ask('127.0.0.2'), / here x$/);
  await acceptd.reload(at('127.0.0.1:'));
  t.match(await ask('127.0.0.1'), / here x$/);
  await acceptd.reload(at(''));
  t.match(await ask('127.0.0.2'), / here x$/);
  t.same(recordsOf(acceptd, 'listen-failed'), []);
});

t.test('a service that changes from stream to dgram at HUP changes', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, { dialect: 'debian', config: stays(port, 'nowait', 'stream') });
  t.match(await talkTo(port), / stream$/);
  await acceptd.reload(`127.0.0.1:${port} dgram udp wait ${self} ${attend} attend reply dgram\n`);
  t.ok(await isRefused(port));
  t.match((await exchangeDatagram(port, () => Buffer.from('x'))).toString(), / dgram x$/);
});

t.test('TERM: nothing new is accepted, what runs may end, acceptd leaves with 0', async (t) => {
  const [port, udp] = await freePorts(2);
  const acceptd = await startAcceptd(t, {
    config: `${stays(port, 'nowait', 'here')}127.0.0.1:${udp} dgram udp wait ${self} ${attend} attend reply\n`,
  });
  const guest = await visit(port ?? 0);
  const line = await guest.firstLine();
  const stopped = acceptd.stop();
  await acceptd.waitFor(({ event }) => event === 'draining', 'the drain');
  t.ok(await isRefused(port ?? 0), 'nobody listens any more');
  const probe = createSocket('udp4');
  await within(new Promise<void>((resolve) => probe.bind(udp, '127.0.0.1', resolve)), 'the datagram port');
  probe.close();
  t.notOk(guest.socket.readableEnded, 'the instance goes on');
  t.doesNotThrow(() => process.kill(Number(line.split(' ')[0]), 0), 'it lives');
  await guest.leave();
  t.equal(await stopped, 0, 'acceptd leaves when the last has ended');
  t.same(
    recordsOf(acceptd, 'exited').map(({ fields }) => fields['status']),
    [{ kind: 'exit', code: 0 }],
    'it was not killed',
  );
});

t.test('TERM, and the time to drain is over: TERM for what still runs', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: stays(port, 'nowait', 'here'),
    arguments: ['--drain', '0'],
  });
  const guest = await visit(port);
  const line = await guest.firstLine();
  t.equal(await acceptd.stop(), 0);
  t.equal(await guest.end(), `${line}\n`);
  t.match(recordsOf(acceptd, 'exited')[0]?.fields['status'], { kind: 'signal', signal: 15 });
});
