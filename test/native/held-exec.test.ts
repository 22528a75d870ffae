// A program whose execution is held up holds up nobody but its own client.
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
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

const handlers = compileHandlers('report', 'hold', 'behave');
const slow = join(handlers, 'slow');
copyFileSync(join(handlers, 'report'), slow);
const { kernel, ended } = openEngine(t);
const listener = listenAt(kernel, loopback(4));
const where = { host: '127.0.0.1', port: kernel.portOf(listener) };

type Holder = {
  /** Resolves when so many more executions are held. */
  readonly held: (count: number) => Promise<void>;
  readonly letGo: () => void;
  readonly end: () => Promise<void>;
};

/** Starts the program that holds `slow`; a text when the kernel does not allow it. */
const openHolder = async (): Promise<Holder | string> => {
  const { client, accepted } = await connectTo(kernel, listener, where);
  const recipe = recipeOf(kernel, join(handlers, 'hold'), { arguments: ['hold', slow] });
  const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give');
  const lines = createInterface(client)[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.value !== 'ready') return `fanotify: ${first.value}`;
  return {
    held: async (count) => {
      for (let seen = 0; seen < count; seen++) await lines.next();
    },
    letGo: () => void client.write('.'),
    end: async () => {
      client.end();
      await ended(pid);
    },
  };
};

const holder = await openHolder();
const skip = typeof holder === 'string' ? `executions cannot be held up here: ${holder}` : false;

const start = async (
  file: string,
  name: string,
): Promise<{ readonly client: Socket; readonly pid: number; readonly output: Promise<string> }> => {
  const { client, accepted } = await connectTo(kernel, listener, where);
  const recipe = recipeOf(kernel, file, {
    arguments: [name],
    environment: [`NAME=${name}`],
    addressVariables: [{ name: 'REMOTE_PORT', field: 'remotePort' }],
    pidVariables: ['LISTEN_PID'],
  });
  const output = readAll(client);
  const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give');
  return { client, pid, output };
};

const testHeld = (t: Test, { held, letGo }: Holder): void => {
  t.test('another handler starts and ends meanwhile', async (t) => {
    const waiting = await start(slow, 'slow');
    await held(1);
    const other = await start(join(handlers, 'report'), 'other');
    t.equal(readReport(await other.output).environment['NAME'], 'other');
    t.equal((await ended(other.pid)).status, 0);
    letGo();
    t.equal(readReport(await waiting.output).environment['NAME'], 'slow');
    t.equal((await ended(waiting.pid)).status, 0);
  });

  t.test('another client gets its end of file meanwhile', async (t) => {
    const other = await connectTo(kernel, listener, where);
    const waiting = await start(slow, 'slow');
    await held(1);
    const end = once(other.client.resume(), 'end');
    kernel.close(other.accepted.descriptor);
    await end;
    t.pass('it came while the execution was held up');
    letGo();
    await waiting.output;
    await ended(waiting.pid);
  });

  t.test('50 that wait keep what was prepared for them while others come and go', async (t) => {
    const waiting = [];
    for (let count = 0; count < 50; count++) waiting.push(await start(slow, `slow-${count}`));
    const ports = waiting.map(({ client }) => client.localPort);
    await held(50);
    for (let count = 0; count < 100; count++) {
      const other = await start(join(handlers, 'report'), `other-${count}`);
      await Promise.all([other.output, ended(other.pid)]);
    }
    letGo();
    const found = (await Promise.all(waiting.map(({ output }) => output))).map(readReport);
    t.strictSame(
      found.map(({ one, environment }) => [one('argument'), environment]),
      waiting.map(({ pid }, index) => [
        `slow-${index}`,
        { NAME: `slow-${index}`, LISTEN_PID: `${pid}`, REMOTE_PORT: `${ports[index]}` },
      ]),
    );
    await Promise.all(waiting.map(({ pid }) => ended(pid)));
  });

  t.test('one that waits can be killed', async (t) => {
    const waiting = await start(slow, 'slow');
    await held(1);
    t.ok(kernel.kill(waiting.pid, 'SIGKILL'));
    t.equal(await waiting.output, '');
    const { status, failure } = await ended(waiting.pid);
    t.strictSame([status, failure], [9, undefined]);
    letGo();
  });
};

if (typeof holder === 'string') {
  t.test('a held execution', { skip }, async () => undefined);
} else {
  t.test('while a handler with a copied table is held up', async (t) => testHeld(t, holder));
  t.test('while a handler with a shared table is held up', async (t) => {
    const many = openManyListeners(kernel);
    testHeld(t, holder);
    t.test('and in the end all descriptors are closed', async () => {
      for (const each of many) kernel.close(each);
      await holder.end();
    });
  });
}
