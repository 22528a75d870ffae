// Whole sockets and datagrams: who gets which socket, and that nothing which waits is thrown away.
import { createSocket, type Socket } from 'node:dgram';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Acceptd, type LogRecord, recordsUpTo, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange, exchangeDatagram } from '../support/client.ts';
import { isRoot } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { me, processorTime, readToEnd, socketInode, timeOf } from './scene.ts';

const handlers = compileHandlers('answer-one');
const answerOne = join(handlers, 'answer-one');

const starts = (acceptd: Acceptd): number =>
  acceptd.records.filter(({ event }) => event === 'started').length;

/** Sends these, and gives the answers when there are so many, sorted. */
const ask = async (
  port: number,
  texts: readonly string[],
  expected = texts.length,
): Promise<readonly string[]> => {
  const socket = createSocket('udp4');
  const answers: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${answers.length} answers: ${answers}`)), 60_000);
    socket.on('message', (message) => {
      answers.push(message.toString());
      if (answers.length < expected) return;
      clearTimeout(timer);
      resolve();
    });
    for (const text of texts) socket.send(text, port, '127.0.0.1');
  });
  socket.close();
  return answers.sort();
};

t.test(
  'stream wait: the server gets the listener, blocking; others queue; acceptd listens again',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} stream tcp wait ${me} ${answerOne} answer-one 100\n`,
    });
    const inode = socketInode(port);
    const clients = await Promise.all(Array.from({ length: 3 }, () => connect(port)));
    t.strictSame(await Promise.all(clients.map(readToEnd)), ['blocking\n', 'blocking\n', 'blocking\n']);
    t.equal(await exchange(port, ''), 'blocking\n');
    await acceptd.waitFor(() => starts(acceptd) === 4, 'four servers, one after the other');
    t.equal(socketInode(port), inode);
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('stream wait: a listener that its server shut down listens again', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp wait ${me} ${answerOne} answer-one 0 shutdown\n`,
  });
  t.equal(await exchange(port, ''), 'blocking\n');
  await acceptd.waitFor(({ event }) => event === 'exited', 'its end');
  t.equal(await exchange(port, ''), 'blocking\n');
  t.equal(await acceptd.stop(), 0);
  t.equal(starts(acceptd), 2, 'and it is not started for nothing');
});

t.test('dgram wait: 50 datagrams to a server that answers one at a time are all answered', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} dgram udp wait ${me} ${answerOne} answer-one 5\n`,
  });
  const texts = Array.from({ length: 50 }, (_, index) => `datagram ${String(index).padStart(2, '0')}`);
  t.strictSame(await ask(port, texts), texts);
  t.notOk(
    acceptd.records.some(({ event }) => event === 'respawning'),
    'it was never taken for a broken one',
  );
  t.equal(await acceptd.stop(), 0);
});

t.test('dgram wait: a server that is slower than its clients is not made to wait', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} dgram udp wait ${me} ${answerOne} answer-one 20\n`,
  });
  const socket = createSocket('udp4');
  const answers: string[] = [];
  let sent = 0;
  const send = (): void => socket.send(`datagram ${sent++}`, port, '127.0.0.1');
  await new Promise<void>((resolve) => {
    socket.on('message', (message) => {
      answers.push(message.toString());
      // two come for each that is answered
      if (sent < 60) for (let count = 0; count < 2; count++) send();
      if (answers.length === 60) resolve();
    });
    send();
    send();
  });
  socket.close();
  t.notOk(acceptd.records.some(({ event }) => event === 'respawning'));
  t.equal(await acceptd.stop(), 0);
});

/** A TCP and a unix listener: as clients have it, and as it is configured. */
const streams = (t: Test, port: number) => {
  // a test's own directory is too deep for a socket
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-modes-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'socket');
  return [
    { name: 'tcp', to: { port, host: '127.0.0.1' }, words: `127.0.0.1:${port} stream tcp wait` },
    { name: 'unix', to: { path }, words: `${path} stream unix wait` },
  ];
};

t.test('stream wait: one client a run, with others always waiting, is no reason for a pause', async (t) => {
  for (const { name, to, words } of streams(t, await freePort())) {
    const acceptd = await startAcceptd(t, { config: `${words} ${me} ${answerOne} answer-one 30\n` });
    const answers: Promise<string>[] = [];
    const come = (): void => {
      answers.push(readToEnd(createConnection(to)));
    };
    come();
    // the queue never gets shorter: two come while one is served
    for (let run = 0, from = 0; run < 30; run++) {
      await acceptd.waitFor(({ event }) => event === 'started', 'a run', from);
      from = acceptd.records.findIndex(({ event }, index) => index >= from && event === 'started') + 1;
      if (answers.length < 30) come();
      if (answers.length < 30) come();
    }
    await Promise.all(answers);
    t.notOk(
      acceptd.records.some(({ event }) => event === 'respawning'),
      name,
    );
    t.equal(await acceptd.stop(), 0);
  }
});

t.test('stream wait: a server that accepts nobody is started ever more seldom', async (t) => {
  for (const { name, to, words } of streams(t, await freePort())) {
    const acceptd = await startAcceptd(t, { config: `${words} ${me} /bin/true true\n` });
    const come = () => createConnection(to).on('error', () => {});
    const clients = [come(), come()];
    const grown = ({ event, fields }: LogRecord): boolean =>
      event === 'respawning' && Number(fields['pause']) >= 80;
    await acceptd.waitFor(grown, 'a pause');
    // who has left waits no more, but was not served either
    for (const client of clients) {
      if (name === 'tcp') client.resetAndDestroy();
      else client.destroy();
    }
    clients.push(come());
    await acceptd.waitFor(
      ({ event, fields }) => event === 'respawning' && Number(fields['pause']) >= 160,
      `${name}: a longer one`,
    );
    for (const client of clients) client.destroy();
    t.equal(await acceptd.stop(), 0);
  }
});

t.test('dgram wait: a server that does not read is started ever more seldom', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} dgram udp wait ${me} /bin/true true\n`,
  });
  const socket = createSocket('udp4');
  socket.send('unread', port, '127.0.0.1');
  const paused = await acceptd.waitFor(
    ({ event, fields }) => event === 'respawning' && Number(fields['pause']) >= 640,
    'a long pause',
  );
  socket.close();
  const begun = recordsUpTo(acceptd, paused).filter(({ event }) => event === 'started').length;
  t.ok(begun <= 20, `${begun} starts`);
  const before = processorTime(acceptd.pid);
  await acceptd.waitFor(
    ({ event, fields }) => event === 'respawning' && Number(fields['pause']) >= 1280,
    'a longer one',
  );
  t.ok(processorTime(acceptd.pid) - before <= 50, 'nothing runs meanwhile');
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'a whole-socket program that is missing is tried ever more seldom, and serves when it is there',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} dgram udp wait ${me} ./bin/server server 0\n`,
    });
    const answer = exchangeDatagram(port, () => Buffer.from('patience'));
    const paused = await acceptd.waitFor(
      ({ event, fields }) => event === 'respawning' && Number(fields['pause']) >= 80,
      'a pause',
    );
    t.ok(recordsUpTo(acceptd, paused).filter(({ event }) => event === 'start-failed').length <= 6);
    mkdirSync(join(acceptd.directory, 'bin'));
    copyFileSync(answerOne, join(acceptd.directory, 'bin', 'server'));
    t.equal(String(await answer), 'patience', 'the datagram has waited');
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('ALRM ends the pause of a server', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} dgram udp wait ${me} ./server server 0\n`,
  });
  const answer = exchangeDatagram(port, () => Buffer.from('now'));
  const paused = await acceptd.waitFor(
    ({ event, fields }) => event === 'respawning' && Number(fields['pause']) >= 2_560,
    'a pause',
  );
  copyFileSync(answerOne, join(acceptd.directory, 'server'));
  acceptd.signal('SIGALRM');
  t.equal(String(await answer), 'now');
  const from = acceptd.records.indexOf(paused);
  const started = await acceptd.waitFor(({ event }) => event === 'started', 'the start', from);
  const waited = timeOf(started) - timeOf(paused);
  t.ok(waited < Number(paused.fields['pause']), `after ${waited} ms: not by the timer`);
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'dgram nowait: an instance for each sender, with a socket of its own; the listener stays',
  async (t) => {
    const port = await freePort();
    // cat answers whoever its socket is connected to, and stays
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} dgram udp nowait ${me} /bin/cat cat\n`,
      arguments: ['--drain', '0'],
    });
    const open = (): Promise<Socket> =>
      new Promise((resolve) => {
        const socket = createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => resolve(socket));
      });
    const talk = (socket: Socket, text: string): Promise<string> =>
      new Promise((resolve) => {
        socket.once('message', (message) => resolve(message.toString()));
        socket.send(text, port, '127.0.0.1');
      });
    const [first, second] = [await open(), await open()];
    t.equal(await talk(first, 'one'), 'one');
    t.equal(await talk(second, 'two'), 'two');
    t.equal(await talk(first, 'three'), 'three');
    t.equal(await talk(second, 'four'), 'four');
    await acceptd.waitFor(() => starts(acceptd) === 2, 'two instances');
    t.ok(socketInode(port, 'udp'));
    first.close();
    second.close();
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('dgram nowait: senders that come at once each get their own answer', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} dgram udp nowait ${me} /bin/cat cat\n`,
    arguments: ['--drain', '0'],
  });
  // while acceptd is stopped, all of them come into one queue
  process.kill(acceptd.pid, 'SIGSTOP');
  const senders = await Promise.all(
    Array.from(
      { length: 8 },
      (_, index) =>
        new Promise<{ readonly socket: Socket; readonly answers: string[] }>((resolve) => {
          const socket = createSocket('udp4');
          const answers: string[] = [];
          socket.on('message', (message) => answers.push(message.toString()));
          socket.send(`sender ${index}`, port, '127.0.0.1', () => resolve({ socket, answers }));
        }),
    ),
  );
  process.kill(acceptd.pid, 'SIGCONT');
  if (isRoot) {
    await acceptd.waitFor(() => starts(acceptd) === 8, 'eight instances');
    // each asks once more, so that all that could come has come when the second answer is there
    await Promise.all(
      senders.map(
        ({ socket, answers }, index) =>
          new Promise<void>((resolve) => {
            const look = (): void => {
              if (answers.includes(`again ${index}`)) resolve();
            };
            socket.on('message', look);
            socket.send(`again ${index}`, port, '127.0.0.1');
          }),
      ),
    );
    t.strictSame(
      senders.map(({ answers }) => answers),
      senders.map((_, index) => [`sender ${index}`, `again ${index}`]),
    );
  } else {
    await acceptd.waitFor(({ event }) => event === 'datagrams-lost', 'the loss to be told');
  }
  for (const { socket } of senders) socket.close();
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'an ordinary user loses the datagrams of others in the queue, and says so',
  { skip: !isRoot && 'only root can become another user' },
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} dgram udp nowait nobody /bin/cat cat\n`,
      user: { uid: 65_534, gid: 65_534 },
      arguments: ['--drain', '0'],
    });
    process.kill(acceptd.pid, 'SIGSTOP');
    const sockets = await Promise.all(
      Array.from(
        { length: 4 },
        () =>
          new Promise<Socket>((resolve) => {
            const socket = createSocket('udp4');
            socket.send('lost', port, '127.0.0.1', () => resolve(socket));
          }),
      ),
    );
    process.kill(acceptd.pid, 'SIGCONT');
    const { fields } = await acceptd.waitFor(
      ({ event }) => event === 'datagrams-lost',
      'the loss to be told',
    );
    t.equal(fields['count'], 4);
    for (const socket of sockets) socket.close();
    t.equal(String(await exchangeDatagram(port, () => Buffer.from('alone'))), 'alone');
    t.equal(await acceptd.stop(), 0);
  },
);
