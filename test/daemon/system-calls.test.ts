// How many system calls acceptd makes for a connection: they are what it adds to the cost of the exec.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type LoadPlan, startLoad } from '../../src/native/load.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { hasProgram } from '../support/command.ts';

import { freePort } from '../support/ports.ts';

const strace = '/usr/bin/strace';
const connections = 2000;

/** The last column but one of `strace -c`'s last line. */
const readTotal = (file: string): number => {
  const total = /^100\.00\s+[\d.]+\s+(?:\d+\s+)?(\d+)\s.*total$/m.exec(readFileSync(file, 'utf8'));
  return Number(total?.[1] ?? Number.NaN);
};

t.test(
  'at most ten system calls a connection where clients keep coming',
  { skip: hasProgram(strace) ? false : 'there is no strace' },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'acceptd-calls-'));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
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
    const counts = join(directory, 'counts');
    // the main thread alone: what handlers do is theirs
    const tracer = spawn(strace, ['-c', '-o', counts, '-p', String(acceptd.pid)], { env: {} });
    let said = '';
    tracer.stderr.on('data', (text: Buffer) => {
      said += text;
    });
    while (!said.includes('attached') && tracer.exitCode === null) await once(tracer.stderr, 'data');
    await startLoad(plan).ended;
    tracer.kill('SIGINT');
    await once(tracer, 'exit');
    const each = readTotal(counts) / connections;
    t.ok(each > 4 && each <= 10, `${each.toFixed(2)} for each of ${connections}`);
    t.comment(`${each.toFixed(2)} system calls a connection`);
    t.equal(await acceptd.stop(), 0);
  },
);
