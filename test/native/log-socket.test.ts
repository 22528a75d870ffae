// The way to the system's logger: many messages in one call, what was taken is told, nothing waits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { type LogSocket, openLogSocket, sendToLog } from '../../src/native/log-socket.ts';
import { listenAt, openEngine, unixAt } from '../support/engine.ts';

const { kernel } = openEngine(t);
const directory = mkdtempSync(join(tmpdir(), 'log-'));
t.teardown(() => rmSync(directory, { recursive: true }));

const bindAt = (name: string): Descriptor => {
  const descriptor = kernel.openSocket('unix', 'dgram');
  kernel.bindUnix(descriptor, unixAt(join(directory, name), 'dgram'));
  kernel.setBlocking(descriptor, false);
  return descriptor;
};

const open = (name: string): LogSocket => {
  const opened = openLogSocket(join(directory, name));
  if ('code' in opened) throw new Error(opened.reason);
  return opened;
};

const room = Buffer.alloc(262_144);
const read = (descriptor: Descriptor): string | undefined => {
  const length = kernel.read(descriptor, room, 'take');
  return length === undefined ? undefined : room.toString('utf8', 0, length);
};

const messages = (count: number): readonly Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(`message ${index}`));

t.test('messages arrive apart, the empty one too, and as many as were taken', (t) => {
  const logger = bindAt('apart');
  const socket = open('apart');
  t.equal(socket.isStream, false);
  t.strictSame(sendToLog(socket, [Buffer.from('one'), Buffer.from(''), Buffer.from('drei \u20ac')]), {
    kind: 'taken',
    count: 3,
  });
  t.strictSame(
    [read(logger), read(logger), read(logger), read(logger)],
    ['one', '', 'drei \u20ac', undefined],
  );
  t.strictSame(sendToLog(socket, []), { kind: 'taken', count: 0 });
  kernel.close(socket.descriptor);
  kernel.close(logger);
  t.end();
});

t.test('a logger that does not read is full, and takes the rest later', (t) => {
  const logger = bindAt('full');
  const socket = open('full');
  let taken = 0;
  const all = messages(100_000);
  let last = sendToLog(socket, all);
  for (; last.kind === 'taken' && taken < all.length; last = sendToLog(socket, all.slice(taken))) {
    t.ok(last.count <= 64, 'at most so many in one call');
    taken += last.count;
  }
  t.strictSame(last, { kind: 'full' });
  let got = 0;
  for (let text = read(logger); text !== undefined; text = read(logger)) t.equal(text, `message ${got++}`);
  t.equal(got, taken);
  t.strictSame(sendToLog(socket, [Buffer.from('again')]), { kind: 'taken', count: 1 });
  kernel.close(socket.descriptor);
  kernel.close(logger);
  t.end();
});

t.test('a stream is told from datagrams, and counts bytes with the NUL behind each message', (t) => {
  const listener = listenAt(kernel, unixAt(join(directory, 'stream')));
  const socket = open('stream');
  t.equal(socket.isStream, true);
  const [client] = kernel.accept(listener, 1);
  if (client === undefined) throw new Error('nobody has come');
  t.strictSame(sendToLog(socket, [Buffer.from('one'), Buffer.from('')]), { kind: 'taken', count: 5 });
  t.equal(read(client.descriptor), 'one\0\0');
  kernel.close(client.descriptor);
  t.match(sendToLog(socket, [Buffer.from('one')]), { kind: 'failed', error: { code: 'EPIPE' } });
  kernel.close(socket.descriptor);
  kernel.close(listener);
  t.end();
});

t.test('what is not there, is gone or does not fit has its errno', (t) => {
  t.match(openLogSocket(join(directory, 'nothing')), { code: 'ENOENT' });
  t.match(openLogSocket(`/${'x'.repeat(200)}`), { code: 'ENAMETOOLONG' });
  const logger = bindAt('gone');
  const socket = open('gone');
  t.match(sendToLog(socket, [Buffer.alloc(900_000, 'x'), Buffer.from('y')]), {
    kind: 'failed',
    error: { code: 'EMSGSIZE' },
  });
  kernel.close(logger);
  t.match(sendToLog(socket, [Buffer.from('x')]), { kind: 'failed', error: { code: 'ECONNREFUSED' } });
  t.match(openLogSocket(join(directory, 'gone')), { code: 'ECONNREFUSED' });
  kernel.close(socket.descriptor);
  t.end();
});
