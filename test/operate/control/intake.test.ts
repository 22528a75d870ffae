// Where clients come from, when there are no descriptors and when HTTP cannot be loaded.
import t from 'tap';
import { type Descriptor, descriptorOf } from '../../../src/model/descriptor.ts';
import type { ConnectionRecord } from '../../../src/model/record.ts';
import { SystemError } from '../../../src/native/addon.ts';
import type { Accepted, Kernel } from '../../../src/native/kernel.ts';
import { createIntake, type Front } from '../../../src/operate/control/intake.ts';
import { createTestClock } from '../../support/clock.ts';

const listener = descriptorOf(1000);
const limits = { connections: 2, others: 1, surplus: 1 };

/** A kernel of one listener, at which clients are put. */
const createFakeKernel = () => {
  let watcher: (() => void) | undefined;
  let next = 1;
  let isShort = false;
  const waiting: Accepted[] = [];
  const closed: Descriptor[] = [];
  const kernel: Pick<Kernel, 'watch' | 'unwatch' | 'accept' | 'close' | 'tryRaise'> = {
    watch: (_descriptor, call) => {
      watcher = () => call(false);
    },
    unwatch: () => {
      watcher = undefined;
    },
    accept: () => {
      if (isShort) throw new SystemError('accept a connection', 'EMFILE', 'too many open files');
      return waiting.splice(0);
    },
    close: (descriptor) => void closed.push(descriptor),
    tryRaise: (descriptor) => descriptor,
  };
  return {
    kernel,
    closed,
    isWatched: () => watcher !== undefined,
    setShort: (isNow: boolean) => {
      isShort = isNow;
    },
    come: (count: number): void => {
      const record = new Uint8Array(64) as ConnectionRecord;
      for (let index = 0; index < count; index++) waiting.push({ descriptor: descriptorOf(next++), record });
      watcher?.();
    },
  };
};

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const peer = { kind: 'unix', pid: 1, uid: 0, gid: 0 } as const;

t.test('without descriptors nobody is accepted for a while, and the loop does not spin', async (t) => {
  const { kernel, come, setShort, isWatched } = createFakeKernel();
  const clock = createTestClock();
  const taken: Descriptor[] = [];
  const front: Front = { take: (descriptor) => void taken.push(descriptor) };
  const intake = createIntake(
    kernel,
    clock,
    limits,
    async () => front,
    () => t.fail(),
  );
  intake.serve(listener, () => ({ role: 'owner', peer }));
  setShort(true);
  come(1);
  t.notOk(isWatched());
  setShort(false);
  clock.advance(1_000);
  t.ok(isWatched());
  come(0);
  await settle();
  t.equal(taken.length, 1);
  setShort(true);
  come(1);
  intake.end();
  clock.advance(1_000);
  t.notOk(isWatched(), 'after the end nobody is');
});

t.test('others cannot take all the places of the owner', async (t) => {
  const { kernel, come, closed } = createFakeKernel();
  const taken: string[] = [];
  const ends: (() => void)[] = [];
  let role: 'reader' | 'owner' = 'reader';
  const front: Front = {
    take: (_descriptor, caller, isSurplus, onClosed) => {
      taken.push(`${caller.role}${isSurplus ? ' too many' : ''}`);
      ends.push(onClosed);
    },
  };
  const intake = createIntake(
    kernel,
    createTestClock(),
    limits,
    async () => front,
    () => t.fail(),
  );
  intake.serve(listener, () => ({ role, peer }));
  come(3);
  role = 'owner';
  come(1);
  await settle();
  t.strictSame(taken, ['reader', 'reader too many', 'owner']);
  t.equal(closed.length, 1, 'the third reader is closed at once');
  for (const end of ends.splice(0)) end();
  role = 'reader';
  come(1);
  await settle();
  t.equal(taken.at(-1), 'reader', 'there is room again');
});

t.test('where HTTP cannot be loaded the client is closed, and the next one tries again', async (t) => {
  const { kernel, come, closed } = createFakeKernel();
  let tries = 0;
  const failures: unknown[] = [];
  const taken: Descriptor[] = [];
  const load = async (): Promise<Front> => {
    tries += 1;
    if (tries === 1) throw new Error('too many open files');
    return { take: (descriptor) => void taken.push(descriptor) };
  };
  const intake = createIntake(kernel, createTestClock(), limits, load, (error) => failures.push(error));
  intake.serve(listener, () => ({ role: 'owner', peer }));
  come(1);
  await settle();
  t.strictSame([closed.length, failures.length, taken.length], [1, 1, 0]);
  come(2);
  await settle();
  t.strictSame([closed.length, failures.length, taken.length], [1, 1, 2]);
});
