// The consistency check: silent when all is well, and a sentence for each thing that is made not to be.
import t, { type Test } from 'tap';
import { createUsage, enterInstance } from '../../src/admission/limits.ts';
import { addressKey } from '../../src/model/address.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import type { ConnectionRecord } from '../../src/model/record.ts';
import type { ResolvedService } from '../../src/model/service.ts';
import { plainSocket } from '../../src/model/socket-settings.ts';
import { checkConsistency, type Tables } from '../../src/runtime/consistency.ts';
import { createDirectoryHold, createDirectoryKeeper } from '../../src/runtime/directory-holds.ts';
import { noDoubt } from '../../src/runtime/queue.ts';
import type { RunningListener, RunningService } from '../../src/runtime/running.ts';
import { connectTo, listenAt, openEngine, recipeOf } from '../support/engine.ts';
import { noLimits, resolved, tcp } from '../support/services.ts';

const engine = openEngine(t);
const { kernel } = engine;

const runningOf = (service: ResolvedService): RunningService => ({
  prepared: { service, recipe: undefined },
  usage: createUsage(),
  request: () => {
    throw new Error('nothing is started here');
  },
  log: undefined,
  openLog: () => undefined,
  daemon: undefined,
  directories: createDirectoryHold(
    { directories: createDirectoryKeeper(), observer: { observe: () => undefined, isWanted: () => false } },
    () => service.id,
  ),
  listeners: new Set(),
  isHeld: false,
  isPaused: false,
  rules: undefined,
  limits: service.limits,
  visitors: 0,
  toldVisitors: 0,
  suspension: undefined,
  suspendedUntil: undefined,
});

/** One service with a watched listener and an instance, as the runtime has them. */
const scene = async (t: Test) => {
  const descriptor = listenAt(kernel, tcp('127.0.0.1', 0));
  const address = tcp('127.0.0.1', kernel.portOf(descriptor));
  const service = runningOf(resolved('cat', [address], { limits: { ...noLimits, instances: 5 } }));
  const key = addressKey(address);
  const listener: RunningListener = {
    key,
    address,
    service,
    descriptor,
    inode: undefined,
    isWatched: true,
    isAsking: false,
    isChanging: false,
    isFiltered: false,
    tuning: '',
    settings: plainSocket,
    acceptedOptions: [],
    keeper: 'nobody',
    inheritedName: '',
    spare: undefined,
    owner: undefined,
    holder: undefined,
    opening: { failures: 0, cancel: undefined },
    respawning: { ...noDoubt(), cancel: undefined },
  };
  service.listeners.add(listener);
  const { client, accepted } = await connectTo(kernel, descriptor, { host: '127.0.0.1', port: address.port });
  kernel.watch(descriptor, () => undefined);
  const pid = kernel.spawn(recipeOf(kernel, '/bin/cat'), accepted.descriptor, accepted.record, 'give');
  enterInstance(service.usage, 1);
  const tables: Tables & { isDraining: boolean } = {
    services: new Map([['cat', service]]),
    listeners: new Map([[key, listener]]),
    instances: new Map([
      [
        pid,
        {
          pid,
          service,
          source: 1,
          record: undefined,
          startedAt: milliseconds(0),
          lent: undefined,
          daemon: undefined,
        },
      ],
    ]),
    builtins: new Map(),
    shortage: { of: 'descriptors', failures: 0, cancel: undefined },
    isDraining: false,
    isHandingOver: false,
  };
  t.teardown(async () => {
    client.destroy();
    await engine.ended(pid);
    kernel.close(descriptor);
  });
  return { tables, service, listener, pid, key, descriptor };
};

t.test('all is well', async (t) => {
  const { tables } = await scene(t);
  t.strictSame(checkConsistency(tables), []);
});

t.test('counts that nobody is there for, and instances that nobody has counted', async (t) => {
  const { tables, service } = await scene(t);
  enterInstance(service.usage, 2);
  t.strictSame(checkConsistency(tables), ['cat: 2 instances are counted and there are 1']);
  service.usage.live = 0;
  service.usage.perSource.clear();
  t.strictSame(checkConsistency(tables), [
    'cat: 0 instances are counted and there are 1',
    'cat: 0 instances are counted for source 1 and there are 1',
  ]);
  service.usage.live = 1;
  service.usage.perSource.set(2, 1);
  t.strictSame(checkConsistency(tables), ['cat: 0 instances are counted for source 1 and there are 1']);
});

t.test('a built-in counts as its service has it', async (t) => {
  const { tables, service } = await scene(t);
  const stop = (): void => undefined;
  const record = new Uint8Array(64) as ConnectionRecord;
  tables.builtins.set(stop, { service, what: 'built-in', record, startedAt: milliseconds(0) });
  t.strictSame(checkConsistency(tables), ['cat: 1 instances are counted and there are 2']);
  enterInstance(service.usage, 1);
  t.strictSame(checkConsistency(tables), []);
});

t.test('a pid that is no child of ours', async (t) => {
  const { tables, service } = await scene(t);
  const [[pid, instance] = [0, undefined]] = [...tables.instances];
  if (instance === undefined) throw new Error('there is no instance');
  tables.instances.delete(pid);
  tables.instances.set(1, { ...instance, pid: 1 });
  t.strictSame(checkConsistency(tables), ['instance 1 of cat: is no child of this process']);
  tables.instances.set(1, { ...instance, pid });
  t.match(checkConsistency(tables)[0], /instance 1 of cat: calls itself \d+/);
  t.equal(service.usage.live, 1);
});

t.test("a listener whose descriptor is closed, or another's socket", async (t) => {
  const { tables, listener, key } = await scene(t);
  const closed = kernel.openNull();
  kernel.close(closed);
  listener.descriptor = closed;
  t.strictSame(checkConsistency(tables), [
    `listener ${key}: the kernel does not watch it`,
    `listener ${key}: descriptor ${closed} is no socket of it: bad file descriptor`,
  ]);
  const other = listenAt(kernel, tcp('127.0.0.2', 0));
  kernel.watch(other, () => undefined);
  listener.descriptor = other;
  t.strictSame(checkConsistency(tables), [
    `listener ${key}: descriptor ${other} is bound to 127.0.0.2:${kernel.portOf(other)}`,
  ]);
  kernel.close(other);
  const silent = kernel.openSocket(4, 'stream');
  kernel.watch(silent, () => undefined);
  listener.descriptor = silent;
  t.strictSame(checkConsistency(tables), [`listener ${key}: descriptor ${silent} does not listen`]);
  kernel.close(silent);
  const datagrams = kernel.openSocket(4, 'dgram');
  kernel.watch(datagrams, () => undefined);
  listener.descriptor = datagrams;
  t.strictSame(checkConsistency(tables), [`listener ${key}: descriptor ${datagrams} is no stream socket`]);
  kernel.close(datagrams);
});

t.test('a listener that is watched and should not be, in the table and in the kernel', async (t) => {
  const { tables, service, listener, key, descriptor } = await scene(t);
  service.isHeld = true;
  t.strictSame(checkConsistency(tables), [`listener ${key}: is watched`, 'cat: is held and has room']);
  service.isHeld = false;
  kernel.unwatch(descriptor);
  t.strictSame(checkConsistency(tables), [`listener ${key}: the kernel does not watch it`]);
  listener.isWatched = false;
  t.strictSame(checkConsistency(tables), [`listener ${key}: is not watched`]);
});

t.test('tables that do not agree on whose a listener is', async (t) => {
  const { tables, service, listener, key } = await scene(t);
  service.listeners.delete(listener);
  t.strictSame(checkConsistency(tables), [`listener ${key}: cat does not know it`]);
  service.listeners.add(listener);
  tables.listeners.delete(key);
  t.strictSame(checkConsistency(tables), [`cat: listener ${key} is not in the table`]);
  tables.listeners.set('elsewhere', listener);
  t.strictSame(checkConsistency(tables), [
    `cat: listener ${key} is not in the table`,
    `listener elsewhere: calls itself ${key}`,
  ]);
  tables.listeners.delete('elsewhere');
  tables.listeners.set(key, listener);
  tables.services.delete('cat');
  t.strictSame(checkConsistency(tables), [`listener ${key}: its service cat is gone`]);
});

t.test('a socket that is lent, and somebody who does not know of it', async (t) => {
  const { tables, listener, key, pid, descriptor } = await scene(t);
  listener.owner = pid;
  listener.isWatched = false;
  kernel.unwatch(descriptor);
  t.strictSame(checkConsistency(tables), [`listener ${key}: pid ${pid} does not have it`]);
  const instance = tables.instances.get(pid);
  if (instance === undefined) throw new Error('there is no instance');
  tables.instances.set(pid, {
    ...instance,
    lent: { listener, waiting: { length: 0, first: undefined, clients: undefined } },
  });
  t.strictSame(checkConsistency(tables), []);
  listener.owner = undefined;
  t.match(checkConsistency(tables), [
    `listener ${key}: is not watched`,
    new RegExp(`instance ${pid} of cat: has the socket of ${key}`),
  ]);
});
