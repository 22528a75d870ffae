// wait and nowait, for streams and for datagrams: who gets which socket, and when.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import t, { type Test } from 'tap';
import { recordsUpTo, startAcceptd } from '../support/acceptd.ts';
import { exchange, exchangeDatagram } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { fewTicks, numberIn, recordsOf, self, ticksWhileIdle, visit, within } from './stage.ts';

const attend = `${compileHandlers('attend')}/attend`;

const pidIn = (line: string): number => Number(line.split(' ')[0]);

/** A datagram client that sends several times from one port and collects what comes back. */
const correspond = async (t: Test, port: number) => {
  const socket: DatagramSocket = createSocket('udp4');
  t.teardown(() => socket.close());
  const answers: string[] = [];
  let notify = (): void => undefined;
  socket.on('message', (message) => {
    answers.push(message.toString());
    notify();
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    answers,
    say: (text: string): void => socket.send(text, port, '127.0.0.1'),
    hear: (count: number): Promise<void> =>
      within(
        new Promise((resolve) => {
          notify = () => {
            if (answers.length >= count) resolve();
          };
          notify();
        }),
        `${count} answers`,
      ),
  };
};

t.test(
  '28: stream wait: the server has the listener, and the next client waits until it has ended',
  async (t) => {
    for (const dialect of ['acceptd', 'debian', 'gnu', 'busybox'] as const) {
      const port = await freePort();
      const acceptd = await startAcceptd(t, {
        dialect,
        config: `127.0.0.1:${port} stream tcp wait ${self} ${attend} attend stay server\n`,
      });
      const first = await visit(port);
      const firstLine = await first.firstLine();
      t.match(firstLine, / listener server$/, `${dialect}: the first at once; descriptor 0 listens`);
      const second = await visit(port);
      await acceptd.waitFor(({ event }) => event === 'started', 'the record of the first start');
      t.equal(recordsOf(acceptd, 'started').length, 1, 'nothing is started for the second');
      await first.leave();
      const secondLine = await second.firstLine();
      t.match(secondLine, / listener server$/, `${dialect}: the second after it`);
      t.not(pidIn(secondLine), pidIn(firstLine), 'by another server');
      await second.leave();
      await acceptd.waitFor(({ event, pid }) => event === 'exited' && pid === pidIn(secondLine), 'its end');
      t.same(
        acceptd.records
          .filter(({ event }) => event === 'started' || event === 'exited')
          .map(({ event }) => event),
        ['started', 'exited', 'started', 'exited'],
        'one after the other',
      );
      await acceptd.stop();
    }
  },
);

for (const [socket, protocol] of [
  ['stream', 'tcp'],
  ['dgram', 'udp'],
] as const)
  t.test(
    `29: ${socket} wait: a server that leaves what waits is started ever more rarely, and nothing is lost`,
    async (t) => {
      const port = await freePort();
      const config = (action: string) =>
        `127.0.0.1:${port} ${socket} ${protocol} wait ${self} ${attend} attend ${action} patient\n`;
      const acceptd = await startAcceptd(t, { config: config('refuse') });
      const answer =
        socket === 'stream'
          ? (await visit(port)).firstLine()
          : exchangeDatagram(port, () => Buffer.from('kept')).then((text) => `${text}`);
      const paused = await acceptd.waitFor(
        (record) => record.event === 'respawning' && numberIn(record, 'pause') >= 640,
        'a pause of 640 ms',
      );
      t.ok((await ticksWhileIdle(acceptd.pid)) < fewTicks, 'acceptd does nothing meanwhile');
      const told = recordsUpTo(acceptd, paused);
      const pauses = told
        .filter(({ event }) => event === 'respawning')
        .map((record) => numberIn(record, 'pause'));
      t.same(
        pauses,
        pauses.map((_, index) => 10 * 2 ** index),
        'each pause is twice the one before it',
      );
      const starts = told.filter(({ event }) => event === 'started').length;
      t.ok(starts <= pauses.length + 9, `${starts} starts, few of them without a pause`);
      await acceptd.reload(config(socket === 'stream' ? 'stay' : 'reply'));
      t.match(await answer, socket === 'stream' ? / listener patient$/ : / unconnected patient kept$/);
    },
  );

t.test('30: dgram wait: a datagram that comes while the server runs is answered after its end', async (t) => {
  for (const dialect of ['acceptd', 'debian', 'gnu', 'busybox'] as const) {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      dialect,
      config: `127.0.0.1:${port} dgram udp wait ${self} ${attend} attend linger server\n`,
      // the last server waits for one more datagram
      arguments: ['--drain', '0'],
    });
    const client = await correspond(t, port);
    client.say('one');
    await client.hear(1);
    t.match(client.answers[0], / unconnected server one$/, `${dialect}: the server has the bound socket`);
    // this one ends the first server, which does not take it
    client.say('two');
    await client.hear(2);
    t.match(client.answers[1], / unconnected server two$/, `${dialect}: the second is answered`);
    t.not(pidIn(client.answers[0] ?? ''), pidIn(client.answers[1] ?? ''), 'by another server');
    client.say('three');
    await client.hear(3);
    t.match(client.answers[2], / server three$/);
    await acceptd.stop();
  }
});

t.test('30: of many datagrams at once none is thrown away, though each server takes only one', async (t) => {
  const port = await freePort();
  await startAcceptd(t, {
    config: `127.0.0.1:${port} dgram udp wait ${self} ${attend} attend reply server\n`,
  });
  const client = await correspond(t, port);
  const sent = Array.from({ length: 60 }, (_, index) => `datagram-${index}`);
  for (const text of sent) client.say(text);
  await client.hear(sent.length);
  t.same(
    client.answers.map((answer) => answer.split(' ').at(-1)),
    sent,
    'all, each once, in order',
  );
});

t.test('dgram nowait: one instance for each sender, connected to it, and the listener stays', async (t) => {
  for (const dialect of ['acceptd', 'debian', 'gnu', 'busybox'] as const) {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      dialect,
      config: `127.0.0.1:${port} dgram udp nowait ${self} ${attend} attend talk instance\n`,
    });
    const first = await correspond(t, port);
    const second = await correspond(t, port);
    first.say('hello');
    await first.hear(1);
    t.match(first.answers[0], / connected instance hello$/, dialect);
    second.say('hello');
    await second.hear(1);
    t.match(second.answers[0], / connected instance hello$/, `${dialect}: another sender meanwhile`);
    first.say('again');
    await first.hear(2);
    t.equal(
      pidIn(first.answers[1] ?? ''),
      pidIn(first.answers[0] ?? ''),
      'who writes again has the same instance',
    );
    await acceptd.waitFor(() => recordsOf(acceptd, 'started').length >= 2, 'the records of both starts');
    t.equal(recordsOf(acceptd, 'started').length, 2, `${dialect}: exactly one instance each`);
    first.say('end');
    second.say('end');
    await Promise.all([first.hear(3), second.hear(2)]);
    await acceptd.waitFor(() => recordsOf(acceptd, 'exited').length === 2, 'the end of both');
    first.say('anew');
    await first.hear(4);
    t.match(first.answers[3], / connected instance anew$/, 'a new one after its end');
    first.say('end');
    await first.hear(5);
    await acceptd.stop();
  }
});

t.test('dgram nowait: an instance that does not read at once is no reason to start more', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: [
      `127.0.0.1:${port} dgram udp nowait ${self} /bin/sh sh -c "read never </dev/null; exec ${attend} reply late"`,
      `127.0.0.1:${port} stream tcp nowait ${self} /bin/echo echo alive`,
      '',
    ].join('\n'),
  });
  t.match((await exchangeDatagram(port, () => Buffer.from('hello'))).toString(), / connected late hello$/);
  t.equal(await exchange(port, ''), 'alive\n');
  await acceptd.waitFor(
    ({ event, service }) => event === 'exited' && service?.endsWith('/udp') === true,
    'its end',
  );
  t.equal(recordsOf(acceptd, 'started', `127.0.0.1:${port}/udp`).length, 1, 'one instance for one datagram');
});

t.test('a wait server that leaves the listener non-blocking does not harm the next one', async (t) => {
  const port = await freePort();
  await startAcceptd(t, { config: `127.0.0.1:${port} stream tcp wait ${self} ${attend} attend unblock\n` });
  for (let client = 0; client < 3; client++) {
    const guest = await visit(port);
    t.match(await guest.firstLine(), / listener blocking$/, `client ${client}`);
    await guest.leave();
  }
});
