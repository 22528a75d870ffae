// Sockets that others have, or wait at, across an upgrade: datagrams, whole sockets, files, the logs of handlers.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type LogRecord, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePorts } from '../support/ports.ts';
import { connectUnix, me, readSome, readToEnd } from './scene.ts';
import { mustUpgrade, talk } from './upgrade-scene.ts';

t.setTimeout(240_000);
const serve = join(compileHandlers('serve'), 'serve');
const patient = { timeout: 60_000 };

const of =
  (service: string, event: string) =>
  (record: LogRecord): boolean =>
    record.service?.includes(service) === true && record.event === event;

/** Says it until somebody answers: a datagram may be lost. */
const askFor = async (socket: Socket, port: number, text: string): Promise<string> => {
  const late = AbortSignal.timeout(60_000);
  const saying = setInterval(() => socket.send(text, port, '127.0.0.1'), 500);
  socket.send(text, port, '127.0.0.1');
  const [answer] = await once(socket, 'message', { signal: late }).finally(() => clearInterval(saying));
  return String(answer);
};

const openSender = async (t: Test): Promise<Socket> => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return socket;
};

t.test('datagrams go to who has their sender, and a whole socket to who has it', async (t) => {
  const [claimed = 0, whole = 0, stream = 0] = await freePorts(3);
  // of inetd's kind: its socket is its standard input
  const server = join(t.testdir(), 'server');
  writeFileSync(server, `#!/bin/sh\nLISTEN_FDS=1 exec ${serve} 3<&0\n`, { mode: 0o755 });
  const acceptd = await startAcceptd(t, {
    config: `claimed on bind = 127.0.0.1, port = ${claimed}, socktype = dgram, wait = no, user = ${me}, exec = /bin/cat;
whole on bind = 127.0.0.1, port = ${whole}, socktype = dgram, wait = yes, user = ${me}, exec = ${server};
stream on bind = 127.0.0.1, port = ${stream}, wait = yes, user = ${me}, exec = ${server};
`,
  });
  const [one, two, three] = [await openSender(t), await openSender(t), await openSender(t)];
  t.equal(await askFor(one, claimed, 'begin'), 'begin');
  const first = await acceptd.waitFor(of('claimed', 'started'), 'the first instance');
  const main = await askFor(three, whole, 'who');
  t.match(main, /^pid \d+\n$/);
  const other = await exchange(stream, 'pid\n', patient);

  for (const round of [1, 2]) await mustUpgrade(t, acceptd, `round ${round}`);
  const from = acceptd.records.length;
  t.equal(await askFor(one, claimed, 'still I'), 'still I');
  t.equal(await askFor(two, claimed, 'another'), 'another');
  const second = await acceptd.waitFor(of('claimed', 'started'), 'the second instance', from);
  t.not(second.pid, first.pid);
  t.equal(await askFor(three, whole, 'who'), main);
  t.equal(await exchange(stream, 'exit 0\n', patient), other);
  await acceptd.waitFor(of('stream', 'exited'), 'its end', from);
  let next = await exchange(stream, 'pid\n', patient);
  while (next === other) next = await exchange(stream, 'pid\n', patient);
  t.match(next, /^pid \d+\n$/, 'the next client has started another one');
  process.kill(Number(main.slice(4)), 'SIGKILL');
  await acceptd.waitFor(of('whole', 'exited'), 'the end of the other', from);
  let another = await askFor(three, whole, 'who');
  while (another === main) another = await askFor(three, whole, 'who');
  t.match(another, /^pid \d+\n$/);
  for (const record of acceptd.records)
    if (
      record.event === 'started' &&
      record.pid !== undefined &&
      record.service?.includes('claimed') === true
    )
      process.kill(record.pid, 'SIGKILL');
  t.equal(await acceptd.stop(), 0);
});

t.test('files of sockets are the same files, and their clients the same clients', async (t) => {
  // a path of a socket has 107 bytes
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-files-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const [socket, fifo] = [join(directory, 'socket'), join(directory, 'fifo')];
  const acceptd = await startAcceptd(t, {
    config: `unix on listen = "unix,mode=0640:${socket}", user = ${me}, exec = /bin/cat;
fifo on listen = "fifo,mode=0600:${fifo}", wait = yes, user = ${me}, exec = /usr/bin/head, args = head -n 1;
`,
  });
  const look = () =>
    [socket, fifo].map((path) => [statSync(path).ino, statSync(path).mode & 0o777, statSync(path).uid]);
  const before = look();
  t.strictSame(
    before.map(([, mode]) => mode),
    [0o640, 0o600],
  );
  const session = await connectUnix(socket);
  t.equal(await talk(session, 'begin'), 'begin');
  const writer = openSync(fifo, 'w');
  await mustUpgrade(t, acceptd);
  t.strictSame(look(), before);
  t.equal(await talk(session, 'still here'), 'still here');
  const late = await connectUnix(socket);
  t.equal(await talk(late, 'late'), 'late');
  writeSync(writer, 'a line for the next one\n');
  closeSync(writer);
  await acceptd.waitFor(of('fifo', 'exited'), 'the reader of the fifo');
  for (const each of [session, late]) {
    each.end();
    t.equal(await readToEnd(each), '');
  }
  t.equal(await acceptd.stop(), 0);
});

t.test('what handlers say before, during and after it is told, line by line', async (t) => {
  const [port = 0] = await freePorts(1);
  const directory = t.testdir();
  const script = join(directory, 'script');
  writeFileSync(
    script,
    '#!/bin/sh\necho begun >&2\nprintf "half a " >&2\necho ready\nread word\necho "line $word" >&2\necho done\n',
    { mode: 0o755 },
  );
  const acceptd = await startAcceptd(t, {
    config: `said on bind = 127.0.0.1, port = ${port}, user = ${me}, exec = ${script};\n`,
  });
  const session = await connect(port);
  t.equal(await readSome(session), 'ready\n');
  await acceptd.waitFor(of('said', 'handler-said'), 'its first line');
  const from = acceptd.records.length;
  acceptd.signal('SIGUSR2');
  await acceptd.waitFor(({ event }) => event === 'upgrading', 'the upgrade', from);
  // it speaks whenever it likes, also when nobody listens yet
  session.write('again\n');
  t.equal(await readSome(session), 'done\n');
  await acceptd.waitFor(({ event }) => event === 'upgraded', 'the next version', from);
  await acceptd.waitFor(of('said', 'exited'), 'its end', from);
  const lines = acceptd.records.filter(of('said', 'handler-said')).map(({ fields }) => fields['msg']);
  t.equal(lines.length, 2);
  t.match(lines, [/begun$/, /half a line again$/]);
  session.destroy();
  t.equal(await acceptd.stop(), 0);
});
