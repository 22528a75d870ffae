// How many system calls acceptd makes for a connection, and for a run of a daemon: they are what it adds to the cost of the exec.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type LoadPlan, startLoad } from '../../src/native/load.ts';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { hasProgram } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';

const strace = '/usr/bin/strace';

/** The last column but one of `strace -c`'s last line. */
const readTotal = (file: string): number => {
  const total = /^100\.00\s+[\d.]+\s+(?:\d+\s+)?(\d+)\s.*total$/m.exec(readFileSync(file, 'utf8'));
  return Number(total?.[1] ?? Number.NaN);
};

const missing = hasProgram(strace) ? false : 'there is no strace';
const handlers = compileHandlers('answer-one');
const none = new Uint8Array(0);

const planOf = (port: number, clients: number, count: number): LoadPlan => ({
  address: { kind: 'tcp', version: 4, host: '127.0.0.1', port },
  clients,
  arrivals: undefined,
  warmUp: 0,
  duration: Number.POSITIVE_INFINITY,
  count,
  timeout: 20e9,
  sends: none,
  expects: none,
  endsAt: 'end of file',
  shutsDown: false,
  resets: true,
  tellsPorts: false,
  sources: undefined,
});

/** System calls of acceptd's main thread alone while these clients come: what handlers do is theirs. */
const countCalls = async (t: Test, acceptd: Acceptd, plan: LoadPlan): Promise<number> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-calls-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const counts = join(directory, 'counts');
  const tracer = spawn(strace, ['-c', '-o', counts, '-p', String(acceptd.pid)], { env: {} });
  let said = '';
  tracer.stderr.on('data', (text: Buffer) => {
    said += text;
  });
  while (!said.includes('attached') && tracer.exitCode === null) await once(tracer.stderr, 'data');
  await startLoad(plan).ended;
  tracer.kill('SIGINT');
  await once(tracer, 'exit');
  return readTotal(counts);
};

t.test('at most ten system calls a connection where clients keep coming', { skip: missing }, async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: `calls on
      bind = 127.0.0.1
      port = ${port}
      protocol = tcp4
      socktype = stream
      user = ${userInfo().username}
      exec = /bin/echo
      args = echo here
      instances = 1000
      address_variables = no
    ;`,
  });
  const connections = 2000;
  await startLoad(planOf(port, 16, 100)).ended;
  const each = (await countCalls(t, acceptd, planOf(port, 16, connections))) / connections;
  t.ok(each > 4 && each <= 10, `${each.toFixed(2)} for each of ${connections}`);
  t.comment(`${each.toFixed(2)} system calls a connection`);
  t.equal(await acceptd.stop(), 0);
});

const oneClientDaemon = (port: number): string => `daemon on
  bind = 127.0.0.1
  port = ${port}
  protocol = tcp4
  user = ${userInfo().username}
  exec = ${handlers}/answer-one
  activation = inetd
  start_limit = none
  stderr = null
;
`;

/** Beside it some of another service are alive, so that acceptd has children whatever the daemon has left behind. */
const neighbour = (port: number): string => `neighbour on
  bind = 127.0.0.1
  port = ${port}
  protocol = tcp4
  socktype = stream
  user = ${userInfo().username}
  exec = /bin/cat
;
`;

const runs = 200;

t.test(
  'at most 36 system calls a run of a daemon that leaves nobody behind',
  { skip: missing },
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, { config: oneClientDaemon(port) });
    await startLoad(planOf(port, 1, 20)).ended;
    const each = (await countCalls(t, acceptd, planOf(port, 1, runs))) / runs;
    t.ok(each > 10 && each <= 36, `${each.toFixed(2)} for each of ${runs}`);
    t.comment(`${each.toFixed(2)} system calls a run`);
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('hardly more beside processes of other services', { skip: missing }, async (t) => {
  const [port, other] = [await freePort(), await freePort()];
  const config = `${oneClientDaemon(port)}${neighbour(other)}`;
  const acceptd = await startAcceptd(t, { config });
  const neighbours = Array.from({ length: 20 }, () => createConnection(other, '127.0.0.1'));
  for (const each of neighbours) {
    each.write('there?');
    await once(each, 'data');
  }
  await startLoad(planOf(port, 1, 20)).ended;
  const each = (await countCalls(t, acceptd, planOf(port, 1, runs))) / runs;
  t.ok(each > 10 && each <= 45, `${each.toFixed(2)} for each of ${runs}`);
  t.comment(`${each.toFixed(2)} system calls a run`);
  for (const each of neighbours) each.destroy();
  t.equal(await acceptd.stop(), 0);
});
