// The server's process: found by its address, and measured with all its children.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { parseState } from '../../src/measure/processes.ts';
import type { ServerUse } from '../../src/measure/result.ts';
import { createUseReader, findServer } from '../../src/measure/server-process.ts';
import type { LoadAddress } from '../../src/native/load.ts';
import { isRoot } from '../support/command.ts';
import { childEnvironment } from '../support/environment.ts';

const program = fileURLToPath(new URL('../support/measured-server.js', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'acceptd-measured-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/** A server of its own for a test: `ask` gives what it answers to a command. */
const startServer = (t: Test) => {
  const path = join(folder, `socket ${Math.random()}`);
  const child = spawn(process.execPath, ['--expose-gc', program, 'serve', path], {
    env: childEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended(child);
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command: string) => {
    child.stdin.write(`${command}\n`);
    return JSON.parse((await answers.next()).value ?? 'null');
  };
  return { pid: child.pid ?? -1, child, path, ask };
};

const must = (use: ServerUse | { readonly unknown: string }): ServerUse => {
  if ('unknown' in use) throw new Error(use.unknown);
  return use;
};

const at = (kind: 'tcp' | 'udp', host: string, port: number): LoadAddress => ({
  kind,
  version: host.includes(':') ? 6 : 4,
  host,
  port,
});

t.test('the process that listens at an address is found', async (t) => {
  const server = startServer(t);
  const { tcp, everywhere, six, udp } = await server.ask('where');
  t.equal(findServer(at('tcp', '127.0.0.1', tcp)), server.pid, 'at its own address');
  t.equal(findServer(at('tcp', '127.0.0.1', everywhere)), server.pid, 'at all addresses');
  t.equal(findServer(at('udp', '127.0.0.1', udp)), server.pid, 'for datagrams');
  t.equal(findServer({ kind: 'unix', path: server.path }), server.pid, 'at a path with a blank');
  if (six !== undefined) t.equal(findServer(at('tcp', '0:0::1', six)), server.pid, 'for IPv6');
  t.match(findServer(at('tcp', '127.0.0.2', tcp)), { unknown: /^nobody listens/ }, 'another address');
  t.match(findServer(at('udp', '127.0.0.1', tcp)), { unknown: /^nobody listens/ }, 'another protocol');
});

t.test('acceptd itself is found at an abstract name', async (t) => {
  const name = `@acceptd-measured-${process.pid}`;
  const main = fileURLToPath(new URL('../../acceptd/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, 'listen', name, '--', '/bin/cat'], {
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended(child);
  });
  const log = createInterface({ input: child.stderr });
  for await (const line of log) if (line.includes('"applied"')) break;
  t.equal(findServer({ kind: 'unix', path: name }), child.pid);
});

const needsRoot = !isRoot && 'needs root';
t.test('of a server of another user it is told whom to ask', { skip: needsRoot }, async (t) => {
  const server = startServer(t);
  const { tcp } = await server.ask('where');
  process.seteuid?.('nobody');
  try {
    t.match(findServer(at('tcp', '127.0.0.1', tcp)), { unknown: /belongs to another user; run as root/ });
  } finally {
    process.seteuid?.(0);
  }
  t.equal(findServer(at('tcp', '127.0.0.1', tcp)), server.pid, 'root may');
});

t.test('what cannot be found is told with the reason', async (t) => {
  t.match(findServer(at('tcp', '192.0.2.1', 80)), { unknown: /not an address of this machine/ });
  t.match(findServer(at('tcp', '2001:db8::1', 80)), { unknown: /not an address of this machine/ });
  t.match(findServer({ kind: 'unix', path: join(folder, 'nobody') }), { unknown: /^nobody listens at/ });
});

t.test(
  'of a parent and children with the same socket the parent serves; of siblings alone none',
  async (t) => {
    const server = startServer(t);
    const { tcp } = await server.ask('where');
    const children: readonly number[] = await server.ask('share');
    t.teardown(() => {
      for (const pid of children) process.kill(pid, 'SIGKILL');
    });
    t.equal(findServer(at('tcp', '127.0.0.1', tcp)), server.pid);
    server.child.kill('SIGKILL');
    await ended(server.child);
    const sorted = children.toSorted((one, other) => one - other).join(', ');
    t.match(findServer(at('tcp', '127.0.0.1', tcp)), {
      unknown: new RegExp(`several processes.*\\(${sorted}\\)`),
    });
  },
);

const burns = ['burn yourself', 'burn in a child', 'burn in a child that stays'] as const;
for (const burn of burns) {
  t.test(`the time is in the figures when told to ${burn}`, async (t) => {
    const server = startServer(t);
    await server.ask('burn yourself');
    const reader = createUseReader(server.pid);
    reader.start();
    const idle = must(reader.stop(10));
    t.ok(idle.userTimePerConnection + idle.systemTimePerConnection < 10_000, 'what was before is not');
    await server.ask(burn);
    const use = must(reader.stop(10));
    const total = use.userTimePerConnection + use.systemTimePerConnection;
    // 300 ms for 10 connections, but for two ticks of 10 ms; the start of a node comes on top of it
    t.ok(total >= 28_000 && total < 200_000, `${total} µs for each of 10`);
    t.equal(use.pid, server.pid);
    t.match(use.command, 'measured-server.js serve');
    t.equal(use.note, undefined);
  });
}

t.test('a child that was there before is no gain when it ends', async (t) => {
  const server = startServer(t);
  const child: number = await server.ask('burn in a child that stays');
  const reader = createUseReader(server.pid);
  reader.start();
  process.kill(child, 'SIGKILL');
  await server.ask('where');
  const use = must(reader.stop(1));
  t.ok(use.userTimePerConnection + use.systemTimePerConnection < 250_000, 'its 300 ms are in both looks');
});

t.test('the highest memory is that of the run where the kernel allows it', async (t) => {
  const server = startServer(t);
  await server.ask('grow');
  const reader = createUseReader(server.pid);
  reader.start();
  const use = must(reader.stop(1));
  const peak = use.peakKibibytes ?? 0;
  if (use.peakIs === 'of the run') t.ok(peak > 10_000 && peak < 200_000, `${peak} KiB`);
  else t.ok(peak > 256 * 1024, `${peak} KiB since its start`);
  await server.ask('grow');
  t.ok((must(reader.stop(1)).peakKibibytes ?? 0) > 256 * 1024, 'and sees what comes');
});

t.test('a process that ends, or never was, is told', async (t) => {
  const server = startServer(t);
  const reader = createUseReader(server.pid);
  t.match(reader.stop(1), { unknown: /no process/ }, 'never started');
  reader.start();
  t.match(reader.stop(0), { unknown: /no connection went well/ });
  server.child.kill('SIGKILL');
  await ended(server.child);
  t.match(reader.stop(1), { unknown: /ended during the run/ });
  reader.start();
  t.match(reader.stop(1), { unknown: /no process/ });
});

t.test('a server that ignores the end of its children gets a note', async (t) => {
  const child = spawn('env', ['--ignore-signal=CHLD', 'cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  child.stdin.write('ready\n');
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const reader = createUseReader(child.pid ?? -1);
  reader.start();
  t.match(must(reader.stop(1)).note, /ignores SIGCHLD/);
});

t.test('a process may be called anything', async (t) => {
  const rest = 'S 7 1 1 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 5555 1000 100';
  fc.assert(
    fc.property(fc.string({ maxLength: 15 }), (name) => {
      const state = parseState(`42 (${name}) ${rest}\n`);
      return (
        state?.name === name && state.parent === 7 && state.userTicks === 44 && state.startedAt === '5555'
      );
    }),
  );
  t.match(parseState(`42 (a) b) (S 1) ${rest}`), {
    pid: 42,
    name: 'a) b) (S 1',
    systemTicks: 66,
    hasEnded: false,
  });
  t.match(parseState(`42 (x) ${rest.replace('S', 'Z')}`), { hasEnded: true });
  t.equal(parseState(''), undefined);
  t.equal(parseState('42 (x) S 7'), undefined);
});
