// The moments of a connection, stamped in the engine: in order, whole, and only while somebody wants them.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Moments } from '../../src/model/event.ts';
import { openKernel, type Trace } from '../../src/native/kernel.ts';
import { compileHandlers } from '../support/compile.ts';
import {
  connectTo,
  listenAt,
  loopback,
  openManyListeners,
  readAll,
  recipeOf,
  unixAt,
} from '../support/engine.ts';
import { isInstrumented } from '../support/environment.ts';

const handlers = compileHandlers('behave');
const behave = join(handlers, 'behave');
const rounds = isInstrumented ? 20 : 100;

type End = { readonly isFailure: boolean; readonly trace: Trace | undefined };
const ends = new Map<number, End>();
let tellEnd = (): void => undefined;
const kernel = openKernel({
  onEnded: ({ pid, failure }, trace) => {
    ends.set(pid, { isFailure: failure !== undefined, trace });
    tellEnd();
  },
  copiesMemory: process.env['ACCEPTD_TEST_COPIES_MEMORY'] === '1',
});
t.teardown(() => kernel.shutDown());
const listener = listenAt(kernel, loopback(4));
const where = { host: '127.0.0.1', port: kernel.portOf(listener) };
const recipe = recipeOf(kernel, behave, { arguments: ['behave', 'exit', '0'] });
const missing = recipeOf(kernel, '/nowhere/program');

const endOf = async (pid: number): Promise<End> => {
  for (;;) {
    const end = ends.get(pid);
    if (end !== undefined) {
      ends.delete(pid);
      return end;
    }
    await new Promise<void>((resolve) => {
      tellEnd = resolve;
    });
  }
};

/** A client's connection, answered; the client's port and what was stamped. */
const serveOne = async (how = recipe): Promise<End & { readonly port: number | undefined }> => {
  const { client, accepted } = await connectTo(kernel, listener, where);
  const { localPort: port } = client;
  const text = readAll(client);
  const end = await endOf(kernel.spawn(how, accepted.descriptor, accepted.record, 'give'));
  await text;
  return { ...end, port };
};

const checkOrder = (t: Test, moments: Moments, after: number): void => {
  const { ready, accepted, spawning, spawned, childBegan, executing, reaped } = moments;
  const inOrder = [after, ready, accepted, spawning, childBegan, executing, reaped];
  t.strictSame(
    inOrder,
    inOrder.toSorted((a, b) => a - b),
    'one after the other',
  );
  t.ok(spawning <= spawned && spawned <= reaped, `clone returned meanwhile: ${JSON.stringify(moments)}`);
};

const testOrder = async (t: Test): Promise<void> => {
  let latest = 0;
  for (let round = 0; round < rounds; round++) {
    const { trace, port } = await serveOne();
    if (trace === undefined) {
      t.fail('it was not traced');
      return;
    }
    t.equal(trace.port, port);
    // the next client comes when this one has been reaped
    checkOrder(t, trace.moments, latest);
    latest = trace.moments.reaped;
  }
};

t.test('nothing is stamped as long as nobody wants it', async (t) => {
  t.equal((await serveOne()).trace, undefined);
});

t.test('every connection has all its moments, one after the other', async (t) => {
  kernel.traceConnections(true);
  await t.test('where the child copies the descriptors', testOrder);
  const many = openManyListeners(kernel);
  await t.test('where it shares them', testOrder);
  for (const each of many) kernel.close(each);
});

t.test("moments survive that the slot is another child's before the reaping", async (t) => {
  const waiting = recipeOf(kernel, behave, { arguments: ['behave', 'wait'], layout: ['handed'] });
  const clients = [];
  for (let count = 0; count < 20; count++) {
    const { client, accepted } = await connectTo(kernel, listener, where);
    clients.push({
      client,
      port: client.localPort,
      pid: kernel.spawn(waiting, accepted.descriptor, accepted.record, 'give'),
    });
    // as long as the others live, their slots serve these
    t.not((await serveOne()).trace, undefined);
  }
  for (const { client, pid, port } of clients) {
    const text = readAll(client);
    client.end();
    const { trace } = await endOf(pid);
    await text;
    t.equal(trace?.port, port);
    if (trace !== undefined) checkOrder(t, trace.moments, 0);
  }
});

t.test('a unix client has no port', async (t) => {
  const path = join(handlers, 'socket');
  const unix = listenAt(kernel, unixAt(path));
  const { client, accepted } = await connectTo(kernel, unix, { path });
  const text = readAll(client);
  const { trace } = await endOf(kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give'));
  await text;
  t.equal(trace?.port, 0);
  if (trace !== undefined) checkOrder(t, trace.moments, 0);
  kernel.close(unix);
});

t.test('what came through no accept is not traced', async (t) => {
  const { trace } = await endOf(kernel.spawn(recipe, kernel.openNull(), undefined, 'give'));
  t.equal(trace, undefined);
});

t.test('a start that fails says so, and does not stand in the way', async (t) => {
  t.equal((await serveOne(missing)).isFailure, true);
  t.not((await serveOne()).trace, undefined);
});

t.test('nothing is stamped any more when nobody wants it any more', async (t) => {
  const { client, accepted } = await connectTo(kernel, listener, where);
  const text = readAll(client);
  kernel.traceConnections(false);
  const { trace } = await endOf(kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give'));
  await text;
  t.equal(trace, undefined);
  t.equal((await serveOne()).trace, undefined);
});
