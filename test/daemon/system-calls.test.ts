// How many system calls acceptd makes for a connection: they are what it adds to the cost of the exec.
import { userInfo } from 'node:os';
import t from 'tap';
import { type LoadPlan, startLoad } from '../../src/native/load.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { freePort } from '../support/ports.ts';
import { countSystemCalls, withoutStrace } from '../support/system-calls.ts';

const connections = 2000;

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
    const none = new Uint8Array(0);
    const plan: LoadPlan = {
      address: { kind: 'tcp', version: 4, host: '127.0.0.1', port },
      clients: 16,
      arrivals: undefined,
      warmUp: 0,
      duration: Number.POSITIVE_INFINITY,
      count: connections,
      timeout: 20e9,
      sends: none,
      expects: none,
      endsAt: 'end of file',
      shutsDown: false,
      resets: true,
      tellsPorts: false,
      sources: undefined,
    };
    await startLoad({ ...plan, count: 100 }).ended;
    const each = (await countSystemCalls(acceptd.pid, () => startLoad(plan).ended)) / connections;
    t.ok(each > 4 && each <= 10, `${each.toFixed(2)} for each of ${connections}`);
    t.comment(`${each.toFixed(2)} system calls a connection`);
    t.equal(await acceptd.stop(), 0);
  },
);
