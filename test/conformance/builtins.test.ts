// The built-in services: what they say on the wire, tcpmux, and clients that mean no good.
import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import t, { type Test } from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange, exchangeDatagram } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort, freePorts } from '../support/ports.ts';
import {
  askForReport,
  fewTicks,
  follow,
  needsRoot,
  ownHost,
  recordsOf,
  self,
  ticksWhileIdle,
  visit,
  within,
} from './stage.ts';

const report = `${compileHandlers('report')}/report`;

const officialPorts = { echo: 7, discard: 9, daytime: 13, chargen: 19, time: 37 } as const;
type Name = keyof typeof officialPorts;

/** Seconds from 1900 to 1970 (RFC 868). */
const epoch = 2_208_988_800;

const datagram = (port: number, text: string, host = '127.0.0.1'): Promise<Buffer> =>
  exchangeDatagram(port, () => Buffer.from(text), { host });

const checkTime = (t: Test, bytes: Buffer, what: string): void => {
  t.equal(bytes.length, 4, `${what}: 4 bytes (bug 3: GNU sends 8)`);
  const seconds = bytes.readUInt32BE(0) - epoch;
  t.ok(Math.abs(seconds - Date.now() / 1000) < 60, `${what}: the time it is`);
};

/** 24 characters of ctime(3) and CRLF, in local time. */
const daytimeForm =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 123]\d \d\d:\d\d:\d\d \d{4}\r\n$/;

/** Line `index` of chargen: 72 of the 95 printable characters, as a ring. */
const chargenLine = (index: number): string =>
  `${Array.from({ length: 72 }, (_, column) => String.fromCharCode(32 + ((index + column) % 95))).join('')}\r\n`;

const checkBuiltins = async (
  t: Test,
  portOf: (name: Name, protocol: 'tcp' | 'udp') => number,
  host: string,
): Promise<void> => {
  const text = 'echo\r\n\u0000\u00ff and more';
  t.equal(await exchange(portOf('echo', 'tcp'), text, { host }), text, 'echo/tcp');
  t.equal(await exchange(portOf('discard', 'tcp'), text, { host }), '', 'discard/tcp');
  t.match(await exchange(portOf('daytime', 'tcp'), '', { host }), daytimeForm, 'daytime/tcp');
  checkTime(t, Buffer.from(await exchange(portOf('time', 'tcp'), '', { host }), 'latin1'), 'time/tcp');

  const socket = await connect(portOf('chargen', 'tcp'), host);
  const length = 100 * 74;
  const characters = await within(
    new Promise<string>((resolve) => {
      let read = '';
      socket.setEncoding('latin1').on('data', (part: string) => {
        read += part;
        if (read.length >= length) resolve(read.slice(0, length));
      });
    }),
    '100 lines of chargen',
  );
  socket.destroy();
  t.equal(
    characters,
    Array.from({ length: 100 }, (_, index) => chargenLine(index)).join(''),
    'chargen/tcp: 100 lines, the 96th as the first',
  );

  const long = 'x'.repeat(9000);
  t.equal(
    (await datagram(portOf('echo', 'udp'), long, host)).toString(),
    long,
    'echo/udp: 9000 bytes, not cut',
  );
  t.equal((await datagram(portOf('echo', 'udp'), '', host)).length, 0, 'echo/udp: nothing, for nothing');
  t.match((await datagram(portOf('daytime', 'udp'), '', host)).toString(), daytimeForm, 'daytime/udp');
  checkTime(t, await datagram(portOf('time', 'udp'), '', host), 'time/udp');
  const lines = [
    (await datagram(portOf('chargen', 'udp'), '', host)).toString('latin1'),
    (await datagram(portOf('chargen', 'udp'), '', host)).toString('latin1'),
  ];
  const start = Array.from({ length: 95 }, (_, index) => index).find(
    (index) => chargenLine(index) === lines[0],
  );
  t.not(start, undefined, 'chargen/udp: one line of 74 bytes');
  t.equal(lines[1], chargenLine((start ?? 0) + 1), 'chargen/udp: the next line for the next');
  await t.rejects(
    exchangeDatagram(portOf('discard', 'udp'), () => Buffer.from('x'), { host, timeout: 200 }),
    'discard/udp: no answer',
  );
};

const names: readonly Name[] = ['echo', 'discard', 'daytime', 'chargen', 'time'];

t.test('38: echo, discard, daytime, chargen and time over TCP and UDP, on any port', async (t) => {
  const ports = await freePorts(names.length);
  const portOf = (name: Name): number => ports[names.indexOf(name)] ?? 0;
  await startAcceptd(t, {
    config: names
      .flatMap((name) => [
        `127.0.0.1:${portOf(name)} stream tcp nowait ${self} internal ${name}`,
        `127.0.0.1:${portOf(name)} dgram udp nowait ${self} internal ${name}`,
      ])
      .concat('')
      .join('\n'),
  });
  await checkBuiltins(t, portOf, '127.0.0.1');
});

t.test('38: the same on their own ports, as the classic dialects have them', needsRoot, async (t) => {
  for (const dialect of ['debian', 'netbsd', 'gnu', 'busybox'] as const) {
    const acceptd = await startAcceptd(t, {
      dialect,
      // names that services(5) knows; datagram built-ins wait in the files that people have
      config: names
        .flatMap((name) => [
          `${ownHost}:${name} stream tcp nowait root internal`,
          `${ownHost}:${name} dgram udp wait root internal`,
        ])
        .concat('')
        .join('\n'),
    });
    t.same(recordsOf(acceptd, 'listen-failed'), [], 'nobody else has these ports');
    await t.test(dialect, (t) => checkBuiltins(t, (name) => officialPorts[name], ownHost));
    t.equal(await acceptd.stop(), 0);
  }
});

const loopServices = async (t: Test): Promise<Acceptd> =>
  startAcceptd(t, {
    config: (['echo', 'daytime', 'chargen', 'time'] as const)
      .map((name) => `${ownHost}:${officialPorts[name]} dgram udp nowait root internal ${name}\n`)
      .join(''),
  });

t.test('UDP built-ins answer a client on this machine', needsRoot, async (t) => {
  await loopServices(t);
  t.equal((await datagram(7, 'hello', ownHost)).toString(), 'hello', 'Debian did not');
});

t.test('UDP built-ins do not answer one another: a forged packet starts no storm', needsRoot, async (t) => {
  const acceptd = await loopServices(t);
  const other = `127.63.${ownHost.split('.').slice(2).join('.')}`;
  // the port of an echo service on another host; and an answer of our own echo, sent to our daytime
  for (const from of [7, 13, 19, 37, 2049, 1023]) {
    const socket = createSocket('udp4');
    t.teardown(() => socket.close());
    let heard = 0;
    socket.on('message', () => heard++);
    await within(new Promise<void>((resolve) => socket.bind(from, other, resolve)), `port ${from}`);
    for (const to of Object.values(officialPorts)) if (to !== 9) socket.send('forged', to, ownHost);
    // an ordinary client that comes after it is answered: then the forged ones had their turn
    for (const to of [7, 13, 19, 37]) await datagram(to, 'honest', ownHost);
    t.equal(heard, 0, `no answer to port ${from}`);
  }
  t.ok(recordsOf(acceptd, 'loop-source-refused').length >= 4, 'it is told');
  t.ok(recordsOf(acceptd, 'loop-source-refused').length <= 12, 'but not each time');
  t.ok((await ticksWhileIdle(acceptd.pid)) < fewTicks, 'and nothing goes round');
});

t.test('bug 21: no client of a built-in can end the daemon', async (t) => {
  const ports = await freePorts(names.length);
  const acceptd = await startAcceptd(t, {
    config: names
      .map((name, index) => `127.0.0.1:${ports[index]} stream tcp nowait ${self} internal ${name}\n`)
      .join(''),
  });
  for (const [index, port] of ports.entries()) {
    const ways: readonly ((socket: Awaited<ReturnType<typeof connect>>) => unknown)[] = [
      (socket) => socket.destroy(),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end('x'.repeat(100_000)),
      (socket) => socket.write('x'.repeat(100_000), () => socket.resetAndDestroy()),
      (socket) => socket.once('data', () => socket.resetAndDestroy()).write('x'),
    ];
    for (const leave of ways) {
      const socket = await connect(port);
      socket.on('error', () => undefined).resume();
      leave(socket);
      // chargen speaks for as long as we let it
      setImmediate(() => socket.destroySoon());
    }
    const service = `127.0.0.1:${port}/tcp`;
    await acceptd.waitFor(
      () => recordsOf(acceptd, 'builtin-ended', service).length === ways.length,
      `the end of all conversations of ${names[index]}`,
    );
    t.pass(`${names[index]} outlived them`);
  }
  t.equal(await exchange(ports[0] ?? 0, 'alive'), 'alive');
  t.match(await exchange(ports[2] ?? 0, ''), daytimeForm);
  t.equal(await acceptd.stop(), 0);
});

const notAvailable = '-Service not available\r\n';

/** What a tcpmux client hears that sends `request` and keeps its side open. */
const request = (port: number, text: string, host?: string): Promise<string> =>
  exchange(port, text, { halfClose: false, ...(host === undefined ? {} : { host }) });

const checkMux = async (t: Test, port: number, host?: string): Promise<void> => {
  const list = (await request(port, 'help\r\n', host)).split('\r\n');
  t.same(list, ['date', 'plain', ''], 'help: the names, one a line, in the order of the file');
  t.equal(await request(port, 'HELP\n', host), 'date\r\nplain\r\n', 'help in any case, after LF alone');
  t.match(
    await request(port, 'DATE\n', host),
    /^\+Go\r\n\d{4}\n$/,
    'a name in any case: +Go and the program',
  );
  t.equal(await request(port, 'plain\r\n', host), 'plain speech\n', 'without a plus: the program alone');
  for (const name of ['+date', 'nosuch', '', 'dat', 'date ', 'tcpmux/date'])
    t.equal(await request(port, `${name}\r\n`, host), notAvailable, `'${name}' is not there`);
  t.equal(await request(port, `${'x'.repeat(300)}`, host), notAvailable, 'a name that has no end');
};

const members = [
  'tcpmux/+date stream tcp nowait USER /bin/date date +%Y',
  'tcpmux/plain stream tcp nowait USER /bin/echo echo plain speech',
  '',
]
  .join('\n')
  .replaceAll('USER', self);

t.test('40: tcpmux: help, names, what is not there, and a client that says nothing', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait ${self} internal tcpmux\n${members}`,
  });
  const before = performance.now();
  const idle = await visit(port);
  const half = await visit(port);
  half.socket.write('dat');
  await checkMux(t, port);
  await acceptd.waitFor(
    ({ event, fields }) => event === 'mux-refused' && fields['requested'] === 'nosuch',
    'what was asked for in vain is told',
  );
  t.equal(await idle.end(), '', 'the silent one is closed');
  t.equal(await half.end(), '', 'and so is half a name');
  t.ok(performance.now() - before > 5_000, 'after a while, not at once');
});

t.test('40: tcpmux in the dialects that have it, on its own port', needsRoot, async (t) => {
  for (const dialect of ['netbsd', 'gnu'] as const) {
    const acceptd = await startAcceptd(t, {
      dialect,
      config: `${ownHost}:tcpmux stream tcp nowait root internal\n${members}`,
    });
    await t.test(dialect, (t) => checkMux(t, 1, ownHost));
    await acceptd.stop();
  }
});

t.test('40: what a client sends together with the name reaches the program', async (t) => {
  const port = await freePort();
  await startAcceptd(t, {
    config: [
      `127.0.0.1:${port} stream tcp nowait ${self} internal tcpmux`,
      `tcpmux/+cat stream tcp nowait ${self} /bin/cat cat`,
      '',
    ].join('\n'),
  });
  t.equal(await exchange(port, 'cat\r\nin one packet\n'), '+Go\r\nin one packet\n');
  t.equal(await exchange(port, 'cat\nafter LF\n'), '+Go\r\nafter LF\n');
  const slow = follow(await connect(port));
  for (const character of 'cat\r\n') slow.socket.write(character);
  t.equal(await slow.firstLine(), '+Go\r', 'a name that comes character by character');
  slow.socket.write('later\n');
  t.equal(await slow.leave(), '+Go\r\nlater\n');
});

t.test('40: a member of tcpmux is started as any other handler', async (t) => {
  const port = await freePort();
  await startAcceptd(t, {
    config: [
      `127.0.0.1:${port} stream tcp nowait ${self} internal tcpmux`,
      `tcpmux/report stream tcp nowait ${self} ${report} report`,
      '',
    ].join('\n'),
  });
  const text = await request(port, 'report\r\n');
  t.match(text, /^descriptor 0 socket blocking /m, 'with a blocking connection');
  t.match(text, /^environment REMOTE_ADDR=127\.0\.0\.1$/m);
  t.match(text, /^SigIgn 0+$/m);
  const numbers = [...text.matchAll(/^descriptor (\d+)/gm)].map((found) => found[1]);
  t.same(numbers.toSorted(), ['0', '1', '2', '3'], 'and nothing of the tcpmux listener');
});

t.test('an ident service hides its users', async (t) => {
  const port = await freePort();
  await startAcceptd(t, { config: `127.0.0.1:${port} stream tcp nowait ${self} internal ident\n` });
  t.equal(await exchange(port, '6193, 23\r\n'), '6193 , 23 : ERROR : HIDDEN-USER\r\n');
  t.equal(await exchange(port, '0, 70000\r\n'), '0 , 70000 : ERROR : INVALID-PORT\r\n');
});

t.test('a client from port 20 is served as any other', needsRoot, async (t) => {
  const port = await freePort();
  await startAcceptd(t, {
    dialect: 'debian',
    config: `127.0.0.1:${port} stream tcp nowait ${self} ${report} report\n`,
  });
  const text = await follow(
    createConnection({ port, host: '127.0.0.1', localAddress: ownHost, localPort: 20 }),
  ).end();
  t.match(text, /^argument report$/m, 'acceptd judges by address and rate, not by the port of a client');
  t.same((await askForReport(port)).all('argument'), ['report']);
});
