// Datagram nowait: a sender that nobody can answer gets no instance, and nobody else is disturbed by it.
import { createSocket, type Socket } from 'node:dgram';
import { join } from 'node:path';
import t from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { isRoot, mustRun } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { descriptorsOf, me, socketInode } from './scene.ts';

const forge = join(compileHandlers('forge-datagram'), 'forge-datagram');
/** A broadcast address: no datagram socket may be connected to it. */
const nobody = '127.255.255.255';

const open = (): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => resolve(socket));
  });

const ask = (socket: Socket, port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    socket.once('message', (message) => resolve(message.toString()));
    socket.send(text, port, '127.0.0.1');
  });

const countOf = (acceptd: Acceptd, event: string): number =>
  acceptd.records.filter((record) => record.event === event).length;

t.test(
  'who waits behind a sender that cannot be answered is served',
  { skip: isRoot ? false : 'only root can send under a foreign address' },
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} dgram udp nowait ${me} /bin/cat cat\n`,
      arguments: ['--drain', '0'],
    });
    const sockets = (): number => descriptorsOf(acceptd.pid).filter((link) => /^socket/.test(link)).length;
    const before = sockets();
    const alone = [nobody, '4711', '127.0.0.1', `${port}`];
    await mustRun(forge, [...alone, 'alone']);
    const { fields } = await acceptd.waitFor(({ event }) => event === 'start-failed', 'the failure');
    t.match(fields, { msg: /cannot connect a datagram socket: permission denied/i, peer: `${nobody}:4711` });
    t.ok(socketInode(port, 'udp'), 'somebody listens');
    t.equal(sockets(), before, 'none is left open');

    const clients = [await open(), await open()];
    // all of them come into one queue
    process.kill(acceptd.pid, 'SIGSTOP');
    await mustRun(forge, [...alone, 'first']);
    const answers = clients.map((client, index) => ask(client, port, `client ${index}`));
    await mustRun(forge, [...alone, 'last']);
    process.kill(acceptd.pid, 'SIGCONT');
    t.strictSame(await Promise.all(answers), ['client 0', 'client 1']);
    await acceptd.waitFor(() => countOf(acceptd, 'start-failed') === 3, 'all failures');
    // datagrams may overtake each other
    await acceptd.waitFor(() => countOf(acceptd, 'started') === 2, 'both instances');
    t.equal(countOf(acceptd, 'refused'), 0);
    for (const client of clients) client.close();
    t.equal(await acceptd.stop(), 0);
  },
);
