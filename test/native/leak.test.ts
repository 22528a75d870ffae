// No descriptor of acceptd's reaches a handler, whatever is opened and closed while it starts.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { compileHandlers } from '../support/compile.ts';
import {
  connectTo,
  listenAt,
  loopback,
  openEngine,
  openManyListeners,
  readAll,
  recipeOf,
} from '../support/engine.ts';
import { readReport } from '../support/report.ts';

const report = join(compileHandlers('report'), 'report');
const { kernel, ended } = openEngine(t);
const concurrent = 200;

/** Opens and closes listeners at low and high numbers, as a reload does. */
const createCommotion = () => {
  const open: Descriptor[] = [];
  return {
    stir: (): void => {
      const listener = listenAt(kernel, loopback(4));
      open.push(open.length % 2 === 0 ? kernel.raise(listener) : listener);
      const oldest = open.length > 10 ? open.shift() : undefined;
      if (oldest !== undefined) kernel.close(oldest);
    },
    settle: (): void => {
      for (const each of open) kernel.close(each);
    },
  };
};

const testLeaks = async (t: Test): Promise<void> => {
  const listener = listenAt(kernel, loopback(4));
  const where = { host: '127.0.0.1', port: kernel.portOf(listener) };
  const recipe = recipeOf(kernel, report);
  const commotion = createCommotion();
  const connections = [];
  for (let count = 0; count < concurrent; count++) {
    connections.push(await connectTo(kernel, listener, where));
    commotion.stir();
  }
  const outputs = connections.map(({ client }) => readAll(client));
  const pids = connections.map(({ accepted }) => {
    commotion.stir();
    const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give');
    commotion.stir();
    return pid;
  });
  const ends = await Promise.all(pids.map(ended));
  t.strictSame(new Set(ends.map(({ status }) => status)), new Set([0]));
  const found = (await Promise.all(outputs)).map((text) => readReport(text).all('descriptor'));
  const inodes = new Set<string>();
  for (const descriptors of found) {
    const inode = descriptors[0]?.split(' ').at(-1) ?? '';
    inodes.add(inode);
    const expected = [0, 1, 2].map((number) => `${number} socket blocking ${inode}`);
    if (descriptors.join() !== expected.join()) t.strictSame(descriptors, expected);
  }
  t.equal(inodes.size, concurrent, 'each has its own connection and nothing else');
  commotion.settle();
  kernel.close(listener);
};

t.test('200 handlers that start at once inherit nothing from a copied table', testLeaks);

t.test('200 handlers that start at once inherit nothing from the shared table', async (t) => {
  const many = openManyListeners(kernel);
  await testLeaks(t);
  for (const each of many) kernel.close(each);
});

t.test('more short-lived descriptors than there are low numbers harm nobody', async (t) => {
  const many = openManyListeners(kernel);
  // what comes now stands at high numbers, as the 1,024th connection does
  const low = [kernel.openNull()];
  while ((low.at(-1) ?? 1024) < 1024) low.push(kernel.openNull());
  await testLeaks(t);
  for (const each of [...low, ...many]) kernel.close(each);
});

t.test('a descriptor that is kept may be closed right after the start', async (t) => {
  const many = openManyListeners(kernel);
  const listener = listenAt(kernel, loopback(4));
  const where = { host: '127.0.0.1', port: kernel.portOf(listener) };
  const recipe = recipeOf(kernel, report);
  for (let count = 0; count < 50; count++) {
    const { client, accepted } = await connectTo(kernel, listener, where);
    const output = readAll(client);
    const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'keep');
    kernel.close(accepted.descriptor);
    // whatever takes its number must not become the handler's connection
    const stranger = kernel.openNull();
    const { failure } = await ended(pid);
    const kinds = readReport(await output)
      .all('descriptor')
      .map((each) => each.split(' ')[1]);
    kernel.close(stranger);
    if (failure !== undefined || kinds.join() !== 'socket,socket,socket') {
      t.strictSame([failure, kinds], [undefined, ['socket', 'socket', 'socket']]);
    }
  }
  t.pass('50 handlers had their connection');
  for (const each of [listener, ...many]) kernel.close(each);
});
