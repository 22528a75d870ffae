// A unix socket whose daemon unlinks the file at its end is there again, with everybody who waits in its queue.
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { UnixAddress } from '../../src/model/address.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import {
  dropSpare,
  healSocketFile,
  isKept,
  type KeptFile,
  keepSocketFile,
} from '../../src/runtime/socket-file.ts';
import { socketFileInode } from '../../src/runtime/socket-place.ts';
import { isRoot } from '../support/command.ts';
import { listenAt, openEngine, readAll, unixAt } from '../support/engine.ts';

const { kernel } = openEngine(t);

type Scene = { readonly directory: string; readonly address: UnixAddress; readonly listener: Descriptor };

const open = (t: { readonly teardown: (end: () => void) => unknown }): Scene => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const address = unixAt(join(directory, 'fpm.sock'));
  return { directory, address, listener: listenAt(kernel, address) };
};

const keep = ({ address }: Scene): KeptFile => {
  const kept = keepSocketFile(address, socketFileInode(address));
  if (!isKept(kept)) throw new Error('the file is not kept');
  return kept;
};

const call = async (path: string): Promise<Socket> => {
  const client = connect(path);
  await once(client, 'connect');
  return client;
};

/** Answers everybody who waits. */
const answerAll = (listener: Descriptor): number => {
  const clients = kernel.accept(listener, 64);
  for (const { descriptor } of clients) {
    kernel.write(descriptor, Buffer.from('answer'));
    kernel.close(descriptor);
  }
  return clients.length;
};

t.test('who connected before the file was unlinked is answered, and who comes later too', async (t) => {
  const scene = open(t);
  const { address, listener } = scene;
  const kept = keep(scene);
  const inode = lstatSync(address.path).ino;
  const early = await call(address.path);
  unlinkSync(address.path);
  t.strictSame(healSocketFile(kernel, kept), { kind: 'healed' });
  t.equal(lstatSync(address.path).ino, inode);
  const late = await call(address.path);
  const answers = [readAll(early), readAll(late)];
  t.equal(answerAll(listener), 2);
  t.strictSame(await Promise.all(answers), ['answer', 'answer']);
  kernel.close(listener);
});

t.test('it is healed as often as it is unlinked, and nothing is done where nothing is wrong', async (t) => {
  const scene = open(t);
  const kept = keep(scene);
  t.strictSame(healSocketFile(kernel, kept), { kind: 'intact' });
  for (let round = 0; round < 3; round++) {
    unlinkSync(scene.address.path);
    t.strictSame(healSocketFile(kernel, kept), { kind: 'healed' });
  }
  t.strictSame(keep(scene), kept, 'a second daemon finds what the first one had');
  kernel.close(scene.listener);
});

t.test(
  'what the daemon has bound there itself and left is replaced; what somebody serves is not',
  async (t) => {
    const scene = open(t);
    const kept = keep(scene);
    unlinkSync(scene.address.path);
    const other = listenAt(kernel, scene.address);
    t.strictSame(healSocketFile(kernel, kept), { kind: 'taken' });
    kernel.closeListener(other);
    t.strictSame(healSocketFile(kernel, kept), { kind: 'healed' });
    const client = await call(scene.address.path);
    const answer = readAll(client);
    t.equal(answerAll(scene.listener), 1);
    t.equal(await answer, 'answer');
    // also once more
    unlinkSync(scene.address.path);
    t.strictSame(healSocketFile(kernel, kept), { kind: 'healed' });
    writeFileSync(join(scene.directory, 'content'), '');
    unlinkSync(scene.address.path);
    writeFileSync(scene.address.path, 'no socket');
    t.strictSame(healSocketFile(kernel, kept), { kind: 'taken' });
    kernel.close(scene.listener);
  },
);

t.test('where the second name is gone too, that is told', async (t) => {
  const scene = open(t);
  const kept = keep(scene);
  unlinkSync(kept.spare);
  t.strictSame(healSocketFile(kernel, kept), { kind: 'intact' });
  unlinkSync(scene.address.path);
  t.match(healSocketFile(kernel, kept), { kind: 'lost', failure: { code: 'ENOENT', what: /fpm\.sock/ } });
  kernel.close(scene.listener);
});

t.test('the second name is hidden, one for each path, and goes with the listener', async (t) => {
  const scene = open(t);
  const kept = keep(scene);
  t.strictSame(readdirSync(scene.directory).sort(), ['.fpm.sock.acceptd', 'fpm.sock']);
  // left behind by a crash, beside the socket of the next start
  kernel.close(scene.listener);
  unlinkSync(scene.address.path);
  const listener = listenAt(kernel, scene.address);
  const again = keep(scene);
  t.equal(again.spare, kept.spare);
  t.equal(lstatSync(again.spare).ino, lstatSync(scene.address.path).ino);
  dropSpare(scene.address);
  t.strictSame(readdirSync(scene.directory), ['fpm.sock']);
  kernel.close(listener);
});

t.test('a file of another socket, an abstract name and a FIFO are not kept', async (t) => {
  const { address, listener } = open(t);
  t.equal(keepSocketFile(address, 1), undefined);
  t.equal(keepSocketFile({ ...address, path: '@name' }, undefined), undefined);
  t.equal(
    keepSocketFile({ ...address, kind: 'fifo', socketType: 'fifo' }, socketFileInode(address)),
    undefined,
  );
  t.notOk(existsSync(`${address.path}.acceptd`));
  kernel.close(listener);
});

const readOnly = { skip: isRoot ? 'root may write anywhere' : false };
t.test('where no second name can be made, that is told', readOnly, async (t) => {
  const { address, listener, directory } = open(t);
  chmodSync(directory, 0o500);
  t.match(keepSocketFile(address, socketFileInode(address)), { code: 'EACCES' });
  chmodSync(directory, 0o700);
  kernel.close(listener);
});

t.test('where something else has the second name, that is told', async (t) => {
  const { address, listener, directory } = open(t);
  writeFileSync(join(directory, '.fpm.sock.acceptd'), 'content');
  t.match(keepSocketFile(address, socketFileInode(address)), { code: 'EEXIST' });
  kernel.close(listener);
});
