// The last descriptor is taken, and nobody waits: the kernel says so all the same when it is asked for the next client.
import type { Socket } from 'node:net';
import t from 'tap';
import { type LogRecord, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange, exchangeDatagram } from '../support/client.ts';
import { hasProgram } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { me } from './scene.ts';

const descriptors = 80;

/** A client of a built-in that takes a descriptor for as long as the client stays. */
const enter = async (port: number): Promise<Socket> => {
  const socket = await connect(port);
  socket
    .on('error', () => undefined)
    .on('end', () => socket.end())
    .resume();
  return socket;
};

t.test(
  'a shortage refuses those who are turned away for it, and not the client that nobody has seen',
  { skip: hasProgram('/usr/bin/prlimit') ? false : 'needs prlimit' },
  async (t) => {
    const [port, other] = [await freePort(), await freePort()];
    const acceptd = await startAcceptd(t, {
      config: [
        `127.0.0.1:${port} stream tcp nowait ${me} internal discard`,
        `127.0.0.1:${other} stream tcp nowait ${me} internal echo`,
        `127.0.0.1:${other} dgram udp nowait ${me} /bin/cat cat`,
        '',
      ].join('\n'),
      under: ['prlimit', `--nofile=${descriptors}:${descriptors}`],
      arguments: ['--drain', '0'],
    });
    const recordsOf = (event: string): readonly LogRecord[] =>
      acceptd.records.filter((record) => record.event === event);
    const clients: Socket[] = [];
    // one after the other, so that nobody else waits when the last descriptor goes
    while (recordsOf('refused').length === 0 && clients.length < descriptors) {
      clients.push(await enter(port));
      await acceptd.waitFor(
        () => recordsOf('builtin-started').length + recordsOf('refused').length >= clients.length,
        `what becomes of client ${clients.length}`,
      );
    }
    const [shortage] = recordsOf('shortage');
    const [refused] = recordsOf('refused');
    t.match(shortage?.fields, { of: 'descriptors' });
    t.equal(recordsOf('builtin-started').length, clients.length - 1, 'all but the last are served');
    t.equal(recordsOf('refused').length, 1);
    t.match(refused?.fields, { reason: 'descriptors', peer: /^127\.0\.0\.1:\d+$/ }, 'and that one was seen');

    // a datagram is claimed with its socket, for which a new one is needed
    const from = acceptd.records.length;
    const answer = exchangeDatagram(other, () => Buffer.from('x'), { timeout: 60_000 });
    await acceptd.waitFor(
      ({ event, fields }) => event === 'shortage' && /datagram|socket/.test(`${fields['msg']}`),
      'the shortage that it meets',
      from,
    );
    for (const client of clients) client.destroy();
    t.equal(String(await answer), 'x', 'it has waited');
    t.equal(recordsOf('refused').length, 1, 'and was not refused');
    t.equal(await exchange(other, 'there', { timeout: 30_000 }), 'there');
    t.equal(await acceptd.stop(), 0);
  },
);
