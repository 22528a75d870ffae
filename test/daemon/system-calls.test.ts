// How many system calls acceptd makes for a connection, and for a run of a daemon: they are what it adds to the cost of the exec.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { userInfo } from 'node:os';
import t from 'tap';
import { type LoadPlan, startLoad } from '../../src/native/load.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { countSystemCalls, withoutStrace } from '../support/system-calls.ts';

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

t.test(
  'at most ten system calls a connection where clients keep coming',
  { skip: withoutStrace },
  async (t) => {
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
    const each =
      (await countSystemCalls(acceptd.pid, () => startLoad(planOf(port, 16, connections)).ended)) /
      connections;
    t.ok(each > 4 && each <= 10, `${each.toFixed(2)} for each of ${connections}`);
    t.comment(`${each.toFixed(2)} system calls a connection`);
    t.equal(await acceptd.stop(), 0);
  },
);

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
  { skip: withoutStrace },
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, { config: oneClientDaemon(port) });
    await startLoad(planOf(port, 1, 20)).ended;
    const each = (await countSystemCalls(acceptd.pid, () => startLoad(planOf(port, 1, runs)).ended)) / runs;
    t.ok(each > 10 && each <= 36, `${each.toFixed(2)} for each of ${runs}`);
    t.comment(`${each.toFixed(2)} system calls a run`);
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('hardly more beside processes of other services', { skip: withoutStrace }, async (t) => {
  const [port, other] = [await freePort(), await freePort()];
  const config = `${oneClientDaemon(port)}${neighbour(other)}`;
  const acceptd = await startAcceptd(t, { config });
  const neighbours = Array.from({ length: 20 }, () => createConnection(other, '127.0.0.1'));
  for (const each of neighbours) {
    each.write('there?');
    await once(each, 'data');
  }
  await startLoad(planOf(port, 1, 20)).ended;
  const each = (await countSystemCalls(acceptd.pid, () => startLoad(planOf(port, 1, runs)).ended)) / runs;
  t.ok(each > 10 && each <= 45, `${each.toFixed(2)} for each of ${runs}`);
  t.comment(`${each.toFixed(2)} system calls a run`);
  for (const each of neighbours) each.destroy();
  t.equal(await acceptd.stop(), 0);
});
