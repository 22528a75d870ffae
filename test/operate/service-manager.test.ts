// What a service manager is told and when: at the start, while acceptd lives, and in the end; and what the environment says of it.
import t from 'tap';
import { descriptorOf } from '../../src/model/descriptor.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import { SystemError } from '../../src/native/addon.ts';
import { openServiceManager } from '../../src/operate/service-manager.ts';
import { takeStartEnvironment } from '../../src/operate/start-environment.ts';
import { isStoredName, storedName } from '../../src/runtime/stored-name.ts';
import { createTestClock } from '../support/clock.ts';

const counts = { services: 2, listening: 3, failed: 1, live: 0 };

const scene = (watchdog: number | undefined, storeLimit = 2, inherited: readonly string[] = []) => {
  const clock = createTestClock();
  const told: string[] = [];
  const state = { error: undefined as SystemError | undefined, counts, failures: 0 };
  const manager = openServiceManager(
    {
      address: '@manager',
      watchdog: watchdog === undefined ? undefined : milliseconds(watchdog),
      storeLimit,
      isGuard: false,
    },
    inherited.map((name, index) => ({ name, descriptor: descriptorOf(100 + index) })),
    (address, text, descriptors) => {
      if (state.error !== undefined) throw state.error;
      told.push(
        `${address} ${text.replaceAll('\n', ' ')}${descriptors.map((each) => ` (${each})`).join('')}`,
      );
    },
    clock,
    () => {
      state.failures += 1;
    },
  );
  return { clock, told, state, manager };
};

t.test('the start, the end, and between them only what has changed', (t) => {
  const { clock, told, state, manager } = scene(undefined);
  t.strictSame(told, [], 'nothing before everything listens');
  manager.enterReady(() => state.counts);
  const status = '2 services, 3 listeners, 1 cannot be opened';
  t.strictSame(told.splice(0), [`@manager READY=1 STATUS=${status}, 0 instances`]);
  clock.advance(120_000);
  t.strictSame(told, [], 'nothing has changed');
  state.counts = { ...counts, live: 1 };
  clock.advance(60_000);
  t.strictSame(told.splice(0), [`@manager STATUS=${status}, 1 instance`]);
  manager.enterStopping(milliseconds(1_500));
  t.strictSame(told.splice(0), [
    `@manager STOPPING=1 STATUS=draining, ${status}, 1 instance EXTEND_TIMEOUT_USEC=1500000`,
  ]);
  manager.end();
  t.equal(clock.waiting(), 0);
  t.end();
});

t.test('a reload has the time of its beginning', (t) => {
  const { told, manager } = scene(undefined);
  const before = process.hrtime.bigint() / 1000n;
  manager.enterReloading();
  manager.leaveReloading();
  const [begin = '', end] = told;
  const at = BigInt(/^@manager RELOADING=1 MONOTONIC_USEC=([0-9]+)$/.exec(begin)?.[1] ?? 0);
  t.ok(at >= before && at <= process.hrtime.bigint() / 1000n);
  t.match(end, /^@manager READY=1 /);
  t.end();
});

t.test('the watchdog hears of us twice in its time, from the start on and to the end', (t) => {
  const { clock, told, manager } = scene(1_000);
  clock.advance(5_000);
  t.strictSame(told, []);
  manager.enterReady(() => counts);
  told.length = 0;
  clock.advance(499);
  t.strictSame(told, []);
  clock.advance(1);
  t.strictSame(told.splice(0), ['@manager WATCHDOG=1']);
  manager.enterStopping(milliseconds(0));
  told.length = 0;
  clock.advance(1_000);
  t.equal(told.length, 2, 'a drain may take long');
  manager.end();
  clock.advance(5_000);
  t.equal(told.length, 2);
  t.end();
});

t.test('a manager that does not read now is told later, in order', (t) => {
  const { clock, told, state, manager } = scene(undefined);
  state.error = new SystemError('notify', 'EAGAIN', 'full');
  manager.enterReady(() => counts);
  manager.enterReloading();
  clock.advance(1_000);
  t.strictSame(told, []);
  state.error = undefined;
  clock.advance(1_000);
  t.match(told, [/READY=1/, /RELOADING=1/]);
  t.equal(state.failures, 0);
  t.end();
});

t.test('a manager that has gone is no failure of ours, and is told about once', (t) => {
  const { clock, state, manager } = scene(1_000);
  state.error = new SystemError('notify', 'ECONNREFUSED', 'nobody is there');
  manager.enterReady(() => counts);
  clock.advance(10_000);
  t.equal(state.failures, 1);
  manager.end();
  t.end();
});

t.test('listeners are left and taken back, as many as there is room for', (t) => {
  const { told, manager } = scene(undefined, 2);
  const { store } = manager;
  t.equal(store?.keep('acceptd.a', descriptorOf(7)), true);
  t.equal(store?.keep('acceptd.b', descriptorOf(8)), true);
  t.equal(store?.keep('acceptd.c', descriptorOf(9)), false);
  store?.forget('acceptd.c');
  store?.forget('acceptd.a');
  t.equal(store?.keep('acceptd.c', descriptorOf(9)), true);
  t.strictSame(told, [
    '@manager FDSTORE=1 FDPOLL=0 FDNAME=acceptd.a (7)',
    '@manager FDSTORE=1 FDPOLL=0 FDNAME=acceptd.b (8)',
    '@manager FDSTOREREMOVE=1 FDNAME=acceptd.a',
    '@manager FDSTORE=1 FDPOLL=0 FDNAME=acceptd.c (9)',
  ]);
  t.end();
});

t.test('a listener that is closed before it could be left is not left', (t) => {
  const { clock, told, state, manager } = scene(undefined);
  state.error = new SystemError('notify', 'EAGAIN', 'full');
  manager.store?.keep('acceptd.a', descriptorOf(7));
  manager.store?.keep('acceptd.b', descriptorOf(8));
  manager.store?.forget('acceptd.a');
  state.error = undefined;
  clock.advance(1_000);
  t.strictSame(told, [
    '@manager FDSTORE=1 FDPOLL=0 FDNAME=acceptd.b (8)',
    '@manager FDSTOREREMOVE=1 FDNAME=acceptd.a',
  ]);
  t.end();
});

t.test('what came back from the store is in it', (t) => {
  const { told, manager } = scene(undefined, 2, ['acceptd.a', 'web.socket']);
  t.equal(manager.store?.keep('acceptd.b', descriptorOf(8)), true);
  t.equal(manager.store?.keep('acceptd.c', descriptorOf(9)), false);
  manager.store?.forget('acceptd.a');
  t.match(told[1], /FDSTOREREMOVE=1 FDNAME=acceptd.a/);
  t.end();
});

t.test('without a store nothing is left, without a manager nothing is told', (t) => {
  t.equal(scene(undefined, 0).manager.store, undefined);
  const silent = openServiceManager(
    undefined,
    [],
    () => t.fail('somebody is told'),
    createTestClock(),
    () => undefined,
  );
  silent.enterReady(() => counts);
  silent.enterStopping(milliseconds(1));
  silent.end();
  t.end();
});

const environmentOf = (more: Record<string, string>): Record<string, string | undefined> => ({
  LISTEN_PID: String(process.pid),
  LISTEN_FDS: '0',
  HOME: '/root',
  ...more,
});

t.test('the environment is read once and its words are taken out', (t) => {
  const environment = environmentOf({
    LISTEN_FDNAMES: '',
    LISTEN_PIDFDID: '1',
    NOTIFY_SOCKET: '@manager',
    WATCHDOG_USEC: '2000000',
    WATCHDOG_PID: String(process.pid),
    FDSTORE: '12',
  });
  t.strictSame(takeStartEnvironment(environment), {
    inherited: [],
    manager: { address: '@manager', watchdog: 2_000, storeLimit: 12, isGuard: false },
    restart: undefined,
  });
  t.strictSame(environment, { HOME: '/root' });
  t.end();
});

t.test('words that are for others, or mean nothing, are no words', (t) => {
  const managerOf = (more: Record<string, string>) => takeStartEnvironment(environmentOf(more)).manager;
  t.equal(managerOf({}), undefined);
  t.equal(managerOf({ NOTIFY_SOCKET: '' }), undefined);
  t.equal(managerOf({ NOTIFY_SOCKET: 'vsock:2:1' }), undefined);
  t.match(managerOf({ NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '1', WATCHDOG_PID: '1' }), {
    watchdog: undefined,
  });
  for (const WATCHDOG_USEC of ['0', '-1', 'x', ''])
    t.match(managerOf({ NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC }), { watchdog: undefined });
  t.match(managerOf({ NOTIFY_SOCKET: '/run/n', FDSTORE: '-3' }), { storeLimit: 0 });
  const inheritedOf = (more: Record<string, string>) => takeStartEnvironment(environmentOf(more)).inherited;
  t.strictSame(inheritedOf({ LISTEN_FDS: '-1' }), []);
  t.strictSame(inheritedOf({ LISTEN_FDS: '1', LISTEN_PID: '1' }), []);
  t.strictSame(inheritedOf({ LISTEN_FDS: '1', LISTEN_PIDFDID: 'x' }), []);
  t.end();
});

t.test('a stored name has nothing that a name must not have, and is the same for the same listener', (t) => {
  const keys = [
    'tcp4:127.0.0.1:79',
    'unix-stream:/run/ä\n.sock',
    'tcp6+4:[::]:80',
    `unix-stream:/${'ü'.repeat(80)}`,
  ];
  for (const key of keys) {
    const name = storedName(key);
    t.match(name, /^acceptd\.[\x21-\x39\x3b-\x7e]{1,247}$/);
    t.equal(storedName(key), name);
    t.ok(isStoredName(name));
  }
  t.equal(new Set(keys.map(storedName)).size, keys.length);
  t.notOk(isStoredName('web.socket'));
  t.end();
});
