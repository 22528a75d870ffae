// What a daemon gives into our keeping: as many as it may, each once, until it is given up or its other end is gone.
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Descriptor } from '../../../src/model/descriptor.ts';
import { openMemoryFile } from '../../../src/native/inquiry.ts';
import { openNotify, receiveNotify, sendNotify } from '../../../src/native/notify.ts';
import { createStore } from '../../../src/runtime/daemon/store.ts';
import { connectTo, listenAt, openEngine, readable, unixAt } from '../../support/engine.ts';

const { kernel } = openEngine(t);
const path = join(tmpdir(), `store-${process.pid}`);
const listener = listenAt(kernel, unixAt(path));
t.teardown(() => kernel.close(listener));

const countDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** The same open file once more, as a daemon gives it. */
const again = (descriptor: Descriptor): Descriptor => {
  const notify = openNotify(kernel);
  sendNotify(notify.address, 'FDSTORE=1', [descriptor]);
  const [copy] = receiveNotify(notify.descriptor)?.descriptors ?? [];
  kernel.close(notify.descriptor);
  if (copy === undefined) throw new Error('no descriptor has come');
  return copy;
};

const meet = async (): Promise<{ client: Socket; descriptor: Descriptor }> => {
  const { client, accepted } = await connectTo(kernel, listener, { path });
  return { client, descriptor: accepted.descriptor };
};

t.test('they are kept in their order under their names, and none twice', async (t) => {
  const before = countDescriptors();
  const store = createStore(kernel, 8);
  const [one, two, three] = [openMemoryFile('one'), openMemoryFile('two'), openMemoryFile('three')];
  t.strictSame(store.add([one, two], 'files', true), { kept: 2, known: 0, refused: 0 });
  t.strictSame(store.add([again(one), three], undefined, true), { kept: 1, known: 1, refused: 0 });
  t.strictSame(store.add([openMemoryFile('four')], 'a:b', false), { kept: 1, known: 0, refused: 0 });
  t.strictSame(
    store.list().map(({ name }) => name),
    ['files', 'files', 'stored', 'stored'],
  );
  t.strictSame(
    store
      .list()
      .slice(0, 3)
      .map(({ descriptor }) => descriptor),
    [one, two, three],
  );
  t.equal(store.remove('nothing'), 0);
  t.equal(store.remove('files'), 2);
  t.equal(store.list().length, 2);
  store.closeAll();
  t.strictSame(store.list(), []);
  t.equal(countDescriptors(), before);
});

t.test('beyond the limit they are closed and counted; one that is known already always fits', async (t) => {
  const before = countDescriptors();
  const store = createStore(kernel, 2);
  const one = openMemoryFile('one');
  t.strictSame(store.add([one, openMemoryFile('two'), openMemoryFile('three'), again(one)], 'x', true), {
    kept: 2,
    known: 1,
    refused: 1,
  });
  store.remove('x');
  t.strictSame(store.add([openMemoryFile('four')], 'x', true), { kept: 1, known: 0, refused: 0 });
  store.closeAll();
  const none = createStore(kernel, 0);
  t.strictSame(none.add([openMemoryFile('five')], 'x', true), { kept: 0, known: 0, refused: 1 });
  t.equal(countDescriptors(), before);
});

t.test('one whose other end has gone is dropped, unless nobody was to look', async (t) => {
  const lost: string[] = [];
  let tell = (): void => undefined;
  const store = createStore(kernel, 8, (name) => {
    lost.push(name);
    tell();
  });
  const [polled, other, quiet] = [await meet(), await meet(), await meet()];
  store.add([polled.descriptor], 'polled', true);
  store.add([other.descriptor], 'other', true);
  store.add([quiet.descriptor], 'quiet', false);
  const gone = new Promise<void>((resolve) => {
    tell = resolve;
  });
  other.client.write('what is said is for the daemon to read');
  quiet.client.destroy();
  polled.client.destroy();
  await gone;
  t.strictSame(lost, ['polled']);
  t.strictSame(
    store.list().map(({ name }) => name),
    ['other', 'quiet'],
  );
  store.closeAll();
  other.client.destroy();
});

t.test('what is given up or closed is watched no longer', async (t) => {
  const store = createStore(kernel, 8, () => t.fail('nobody is to hear of it'));
  const [one, two] = [await meet(), await meet()];
  store.add([one.descriptor], 'one', true);
  store.add([two.descriptor], 'two', true);
  store.remove('one');
  store.closeAll();
  // takes their numbers
  const [first, second] = [await meet(), await meet()];
  for (const { client } of [one, two, first, second]) client.destroy();
  const late = connect(path);
  await readable(kernel, listener);
  for (const { descriptor } of [first, second]) kernel.close(descriptor);
  late.destroy();
  t.pass('and nobody has heard');
});
