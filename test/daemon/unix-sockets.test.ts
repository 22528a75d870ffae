// Unix sockets: whose file it is, who may come in, and what is left behind.
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { isRoot, run } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { connectUnix, me, readToEnd, unixInode } from './scene.ts';

const handlers = compileHandlers('answer-one', 'unix-client');
const answerOne = join(handlers, 'answer-one');
const client = join(handlers, 'unix-client');

const say = (path: string, word: string): string =>
  `${path} stream unix nowait ${me} /bin/echo echo ${word}\n`;

/** An acceptd with a service that is always there, and a place for sockets. */
const open = async (t: Parameters<typeof startAcceptd>[0], prepare: (directory: string) => string) => {
  const always = `127.0.0.1:${await freePort()} stream tcp nowait ${me} /bin/echo echo always\n`;
  const acceptd = await startAcceptd(t, { config: always });
  const from = acceptd.records.length;
  await acceptd.reload(always + prepare(acceptd.directory));
  return { acceptd, from, always };
};

t.test(
  'a file that is no socket stays as it is, and the error is told; when it has gone the service is there',
  async (t) => {
    const { acceptd, from } = await open(t, (directory) => {
      writeFileSync(join(directory, 'precious'), 'content');
      return say(join(directory, 'precious'), 'there');
    });
    const path = join(acceptd.directory, 'precious');
    const { fields } = await acceptd.waitFor(({ event }) => event === 'listen-failed', 'the error', from);
    t.match(String(fields['msg']), /precious: something that is not a socket is there/);
    t.equal(readFileSync(path, 'utf8'), 'content');
    rmSync(path);
    acceptd.signal('SIGALRM');
    await acceptd.waitFor(({ event }) => event === 'listening', 'the socket', from);
    t.equal(await readToEnd(await connectUnix(path)), 'there\n');
    t.equal(await acceptd.stop(), 0);
    t.notOk(existsSync(path), 'removed on stop');
  },
);

t.test('the socket of a live server is not stolen, one that a dead server left is replaced', async (t) => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('alive'));
  const { acceptd, from } = await open(t, (directory) => {
    server.listen(join(directory, 'socket'));
    return '';
  });
  const path = join(acceptd.directory, 'socket');
  if (!server.listening) await once(server, 'listening');
  await acceptd.reload(say(path, 'there'));
  const { fields } = await acceptd.waitFor(({ event }) => event === 'listen-failed', 'the error', from);
  t.match(String(fields['msg']), /another server listens there/);
  t.equal(await readToEnd(await connectUnix(path)), 'alive');
  // what a server leaves that is killed: a file without a server
  renameSync(path, `${path}.kept`);
  server.close();
  await once(server, 'close');
  renameSync(`${path}.kept`, path);
  acceptd.signal('SIGALRM');
  await acceptd.waitFor(({ event }) => event === 'listening', 'the socket', from);
  t.equal(await readToEnd(await connectUnix(path)), 'there\n');
  t.equal(await acceptd.stop(), 0);
});

t.test('a file that somebody else has put in its place is not removed', async (t) => {
  const { acceptd } = await open(t, (directory) => say(join(directory, 'socket'), 'there'));
  const path = join(acceptd.directory, 'socket');
  rmSync(path);
  writeFileSync(path, 'of somebody else');
  t.equal(await acceptd.stop(), 0);
  t.equal(readFileSync(path, 'utf8'), 'of somebody else');
});

t.test(
  'mode and owner are those that are asked for',
  { skip: !isRoot && 'only root gives files away' },
  async (t) => {
    const { acceptd } = await open(
      t,
      (directory) =>
        `owned on path = ${join(directory, 'socket')}, protocol = unix, user = ${me}, exec = /bin/echo, args = echo there, socket_user = nobody, socket_group = nogroup, socket_mode = 640 ;\n`,
    );
    const { mode, uid, gid } = statSync(join(acceptd.directory, 'socket'));
    t.strictSame([mode & 0o777, uid, gid], [0o640, 65_534, 65_534]);
    t.equal(await acceptd.stop(), 0);
  },
);

t.test(
  'a socket file that cannot be removed is told, and acceptd ends all the same',
  { skip: isRoot && 'root removes everything' },
  async (t) => {
    const { acceptd } = await open(t, (directory) => {
      mkdirSync(join(directory, 'place'));
      return say(join(directory, 'place', 'socket'), 'there');
    });
    chmodSync(join(acceptd.directory, 'place'), 0o500);
    t.equal(await acceptd.stop(), 0);
    t.ok(acceptd.records.some(({ event }) => event === 'impaired'));
    chmodSync(join(acceptd.directory, 'place'), 0o700);
  },
);

t.test('abstract names', async (t) => {
  const name = `@acceptd-test-${process.pid}`;
  const { acceptd, always } = await open(t, () => say(name, 'abstract'));
  // Node itself cannot connect to an abstract name of exact length
  t.equal((await run(client, ['stream', name, 'hello'])).stdout, 'abstract\n');
  t.ok(unixInode(name));
  await acceptd.reload(always);
  t.equal((await run(client, ['stream', name, 'hello'])).code, 2);
  t.equal(await acceptd.stop(), 0);
});

t.test('seqpacket nowait, and datagrams to a whole socket', async (t) => {
  const { acceptd } = await open(
    t,
    (directory) =>
      `${join(directory, 'packets')} seqpacket unix nowait ${me} /bin/cat cat\n` +
      `${join(directory, 'datagrams')} dgram unix wait ${me} ${answerOne} answer-one 0\n`,
  );
  const ask = async (kind: string, name: string): Promise<string> =>
    (await run(client, [kind, join(acceptd.directory, name), 'hello'])).stdout;
  t.equal(await ask('seqpacket', 'packets'), 'hello');
  t.equal(await ask('dgram', 'datagrams'), 'hello');
  t.equal(await ask('dgram', 'datagrams'), 'hello', 'and again, by another server');
  t.equal(await acceptd.stop(), 0);
});

t.test('a stream socket becomes a datagram socket at the same path', async (t) => {
  const { acceptd, always } = await open(t, (directory) => say(join(directory, 'socket'), 'there'));
  const path = join(acceptd.directory, 'socket');
  const from = acceptd.records.length;
  await acceptd.reload(`${always}${path} dgram unix wait ${me} ${answerOne} answer-one 0\n`);
  t.equal((await run(client, ['dgram', path, 'hello'])).stdout, 'hello');
  t.notOk(acceptd.records.slice(from).some(({ event }) => event === 'listen-failed'));
  t.equal(await acceptd.stop(), 0);
});
