// The watch: who hears of which descriptor, how often, and of nothing afterwards.
import { connect } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { compileHandlers } from '../support/compile.ts';
import { connectTo, listenAt, loopback, openEngine, recipeOf, unixAt } from '../support/engine.ts';

const { kernel, ended } = openEngine(t);
const directory = compileHandlers('behave');
const behave = join(directory, 'behave');
const byte = Buffer.from('.');
const room = Buffer.alloc(65_536);

/** Collects what a watcher hears; `heard(n)` resolves at the nth time. */
const listenTo = (
  descriptor: Descriptor,
  how: 'level' | 'edge' | 'writable' | 'hangup',
  react = (): void => undefined,
) => {
  let times = 0;
  let wanted = 0;
  let tell = (): void => undefined;
  kernel.watch(
    descriptor,
    () => {
      times++;
      react();
      if (times >= wanted) tell();
    },
    how,
  );
  return {
    times: (): number => times,
    heard: (count: number): Promise<void> =>
      new Promise((resolve) => {
        wanted = count;
        tell = resolve;
        if (times >= wanted) resolve();
      }),
  };
};

/** Lets everything that the kernel knows now reach its watcher: a later event has come through. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) {
    const { ours, theirs } = kernel.openLogPair();
    const marker = listenTo(ours, 'edge');
    kernel.write(theirs, byte);
    await marker.heard(1);
    kernel.close(ours);
    kernel.close(theirs);
    await nextTurn();
  }
};

t.test('a level watcher hears as long as there is something', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  kernel.write(theirs, byte);
  const watcher = listenTo(ours, 'level');
  await watcher.heard(3);
  kernel.read(ours, room, 'take');
  const before = watcher.times();
  await settle();
  t.equal(watcher.times(), before);
  kernel.close(ours);
  kernel.close(theirs);
});

t.test('an edge watcher hears once of each arrival', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  const watcher = listenTo(ours, 'edge');
  kernel.write(theirs, byte);
  await watcher.heard(1);
  await settle();
  t.equal(watcher.times(), 1);
  kernel.write(theirs, byte);
  await watcher.heard(2);
  kernel.close(theirs);
  await watcher.heard(3);
  kernel.close(ours);
});

t.test('a writable watcher hears when there is room again', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  while (kernel.write(theirs, room) !== undefined);
  const watcher = listenTo(theirs, 'writable', () => kernel.unwatch(theirs));
  await settle();
  t.equal(watcher.times(), 0);
  while ((kernel.read(ours, room, 'take') ?? 0) > 0);
  await watcher.heard(1);
  t.ok((kernel.write(theirs, byte) ?? 0) > 0);
  kernel.close(ours);
  kernel.close(theirs);
});

t.test('a hangup watcher hears of nothing but the end', async (t) => {
  const listener = listenAt(kernel, unixAt(join(directory, 'hangup')));
  const { client, accepted } = await connectTo(kernel, listener, { path: join(directory, 'hangup') });
  const { times, heard } = listenTo(accepted.descriptor, 'hangup', () => kernel.unwatch(accepted.descriptor));
  client.write('text');
  const { heard: readable } = listenTo(listener, 'level', () => kernel.unwatch(listener));
  const other = connect(join(directory, 'hangup'));
  await readable(1);
  t.equal(times(), 0, 'what was said before is none');
  client.destroy();
  await heard(1);
  t.equal(times(), 1);
  other.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(listener);
});

t.test('what is watched again is watched in the new way', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  const level = listenTo(ours, 'level');
  const edge = listenTo(ours, 'edge');
  kernel.write(theirs, byte);
  await edge.heard(1);
  await settle();
  t.strictSame([level.times(), edge.times()], [0, 1]);
  kernel.close(ours);
  kernel.close(theirs);
});

t.test('a hangup is told apart from data', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  kernel.write(theirs, byte);
  const heard: boolean[] = [];
  await new Promise<void>((resolve) =>
    kernel.watch(ours, (isHangup) => {
      heard.push(isHangup);
      if (isHangup) resolve();
      else {
        kernel.read(ours, room, 'take');
        kernel.close(theirs);
      }
    }),
  );
  t.strictSame(heard, [false, true]);
  kernel.close(ours);
});

t.test('a watcher that is taken away in the middle of a batch hears nothing', async (t) => {
  const pairs = Array.from({ length: 10 }, () => kernel.openLogPair());
  let heard = 0;
  await new Promise<void>((resolve) => {
    for (const { ours } of pairs) {
      kernel.watch(ours, () => {
        heard++;
        for (const pair of pairs) kernel.unwatch(pair.ours);
        resolve();
      });
    }
    for (const { theirs } of pairs) kernel.write(theirs, byte);
  });
  await settle();
  t.equal(heard, 1);
  for (const { ours, theirs } of pairs) {
    kernel.close(ours);
    kernel.close(theirs);
  }
});

t.test(
  'a descriptor that takes the number of a closed one does not hear what was meant for that',
  async (t) => {
    const pairs = [kernel.openLogPair(), kernel.openLogPair()];
    const strangers: Descriptor[] = [];
    let heard = 0;
    await new Promise<void>((resolve) => {
      for (const { ours } of pairs) {
        kernel.watch(ours, () => {
          for (const pair of pairs) kernel.close(pair.ours);
          // takes the numbers of both, and has nothing to say
          for (let count = 0; count < 2; count++) {
            const { ours: stranger, theirs } = kernel.openLogPair();
            strangers.push(stranger, theirs);
            kernel.watch(stranger, () => heard++);
          }
          resolve();
        });
      }
      for (const { theirs } of pairs) kernel.write(theirs, byte);
    });
    t.ok(
      strangers.some((stranger) => pairs.some(({ ours }) => ours === stranger)),
      'a number was used again',
    );
    await settle();
    t.equal(heard, 0);
    for (const each of [...strangers, ...pairs.map(({ theirs }) => theirs)]) kernel.close(each);
  },
);

t.test('a closed descriptor is not heard of, although a handler still has it open', async (t) => {
  const { ours, theirs } = kernel.openLogPair();
  const { ours: input, theirs: keepsAlive } = kernel.openLogPair();
  const watcher = listenTo(ours, 'level');
  const recipe = recipeOf(kernel, behave, { arguments: ['behave', 'wait'], layout: [input, 'handed'] });
  const pid = kernel.spawn(recipe, ours, undefined, 'keep');
  kernel.close(ours);
  kernel.write(theirs, byte);
  await settle();
  t.equal(watcher.times(), 0);
  for (const each of [theirs, keepsAlive, input]) kernel.close(each);
  t.equal((await ended(pid)).status, 0);
});

t.test('what is not watched can be unwatched, what cannot be watched is an error', async (t) => {
  const socket = kernel.openSocket(4, 'stream');
  kernel.unwatch(socket);
  kernel.close(socket);
  t.throws(() => kernel.watch(socket, () => undefined), { code: 'EBADF' });
});

t.test('300 listeners that are ready at once are all heard', async (t) => {
  const listeners = Array.from({ length: 300 }, () => listenAt(kernel, loopback(4)));
  const heard = new Set<Descriptor>();
  const all = new Promise<void>((resolve) => {
    for (const listener of listeners) {
      kernel.watch(listener, () => {
        heard.add(listener);
        for (const { descriptor } of kernel.accept(listener, 64)) kernel.close(descriptor);
        if (heard.size === listeners.length) resolve();
      });
    }
  });
  const clients = listeners.map((listener) => connect({ host: '127.0.0.1', port: kernel.portOf(listener) }));
  for (const client of clients) client.on('error', () => undefined).resume();
  await all;
  t.equal(heard.size, 300);
  for (const client of clients) client.destroy();
  for (const listener of listeners) kernel.close(listener);
});

t.test('a connection is read, peeked at and written without waiting', async (t) => {
  const listener = listenAt(kernel, loopback(4));
  const { client, accepted } = await connectTo(kernel, listener, {
    host: '127.0.0.1',
    port: kernel.portOf(listener),
  });
  t.equal(kernel.read(accepted.descriptor, room, 'take'), undefined);
  const arrival = listenTo(accepted.descriptor, 'edge');
  client.end('text');
  await arrival.heard(1);
  t.equal(kernel.read(accepted.descriptor, room, 'peek'), 4);
  t.equal(kernel.read(accepted.descriptor, room, 'take'), 4);
  t.equal(room.toString('latin1', 0, 4), 'text');
  let written = 0;
  for (let taken: number | undefined = 1; taken !== undefined && taken > 0; ) {
    taken = kernel.write(accepted.descriptor, room);
    written += taken ?? 0;
  }
  t.ok(written > 0, 'until there is no room');
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(listener);
});
