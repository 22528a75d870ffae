// No process can be made for the server of a whole socket: its clients wait and nobody is turned away, until one can.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { type Acceptd, type AcceptdOptions, startAcceptd } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';
import { hasProgram, isRoot } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePorts } from '../support/ports.ts';

const handlers = compileHandlers('serve', 'answer-one');
const skip =
  isRoot && hasProgram('/usr/bin/prlimit') ? false : 'needs root, who can become a user, and prlimit';
const mostProcesses = 24;

/** Clients of cat, one process each, until there are no more. */
const takeProcesses = async (acceptd: Acceptd, port: number): Promise<readonly Socket[]> => {
  const clients: Socket[] = [];
  const isOver = (): boolean => acceptd.records.some(({ event }) => event === 'refused');
  while (!isOver() && clients.length < mostProcesses) {
    const client = await connect(port);
    clients.push(client.on('error', () => undefined).resume());
    await acceptd.waitFor(
      () => isOver() || acceptd.records.filter(({ event }) => event === 'started').length >= clients.length,
      `what becomes of client ${clients.length}`,
    );
  }
  return clients;
};

type Scene = {
  readonly name: string;
  readonly question: string;
  readonly answer: RegExp;
  readonly configure: (
    port: number,
    filler: number,
    uid: number,
  ) => Pick<AcceptdOptions, 'config' | 'isDirectory'>;
};

const scenes: readonly Scene[] = [
  {
    name: 'a server with wait',
    question: 'x',
    answer: /./,
    configure: (port, filler, uid) => ({
      config: [
        `127.0.0.1:${filler} stream tcp nowait ${uid} /bin/cat cat`,
        `127.0.0.1:${port} stream tcp wait ${uid} ${handlers}/answer-one answer-one 0`,
        '',
      ].join('\n'),
    }),
  },
  {
    name: 'the daemon of a unit',
    question: 'pid\n',
    answer: /^pid \d+/,
    configure: (port, filler) => ({
      config: {
        'whole.socket': `[Socket]\nListenStream=127.0.0.1:${port}\n`,
        'whole.service': `[Service]\nExecStart=${handlers}/serve\n`,
        'filler.socket': `[Socket]\nListenStream=127.0.0.1:${filler}\nAccept=yes\n`,
        'filler@.service': '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n',
      },
      isDirectory: true,
    }),
  },
];

for (const { name, question, answer, configure } of scenes) {
  t.test(`${name} that cannot be started for want of processes`, { skip }, async (t) => {
    const [port = 0, filler = 0] = await freePorts(2);
    // a number that nobody has: all processes of this user are ours
    const user = { uid: 62_000 + (process.pid % 1000), gid: 62_000 };
    const acceptd = await startAcceptd(t, {
      ...configure(port, filler, user.uid),
      user,
      under: ['prlimit', `--nproc=${mostProcesses}:${mostProcesses}`],
      arguments: ['--drain', '0'],
    });
    const others = await takeProcesses(acceptd, filler);
    const from = acceptd.records.length;
    const client = await connect(port);
    client.on('error', () => undefined);
    client.write(question);
    const heard = once(client, 'data');
    const { fields } = await acceptd.waitFor(({ event }) => event === 'shortage', 'its own shortage', from);
    t.equal(fields['of'], 'processes');
    for (const other of others) other.destroy();
    t.match(String((await heard)[0]), answer, 'who has waited is served');
    const told = acceptd.records.slice(from).filter(({ event }) => /^(refused|start-failed)$/.test(event));
    t.strictSame(told, [], 'and nobody was told of as turned away');
    client.destroy();
    t.equal(await acceptd.stop(), 0);
  });
}
