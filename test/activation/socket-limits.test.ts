// Limits of socket units with real clients: triggers and polls are pauses that end, sources are networks.

import { spawn, spawnSync } from 'node:child_process';
import { createConnection, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { readToEnd } from '../daemon/scene.ts';
import { type Acceptd, type AcceptdOptions, startAcceptd } from '../support/acceptd.ts';
import { becomes } from '../support/becomes.ts';
import { exchange } from '../support/client.ts';
import { hasProgram, isRoot, searchPath } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { pidAt } from '../support/daemons.ts';
import { freePort } from '../support/ports.ts';

t.setTimeout(180_000);
const handlers = compileHandlers('serve');

const accepting = (
  t: Test,
  socket: readonly string[],
  script: string,
  options: Partial<AcceptdOptions> = {},
): Promise<Acceptd> =>
  startAcceptd(t, {
    config: {
      'it.socket': ['[Socket]', 'Accept=yes', ...socket, ''].join('\n'),
      'it@.service': ['[Service]', 'StandardInput=socket', `ExecStart=${script}`, ''].join('\n'),
    },
    arguments: ['--drain', '0'],
    ...options,
  });

const countOf = (acceptd: Acceptd, event: string): number =>
  acceptd.records.filter((record) => record.event === event).length;

t.test('PollLimit...= lets the others wait, who are served after the interval', async (t) => {
  const port = await freePort();
  const acceptd = await accepting(
    t,
    [`ListenStream=127.0.0.1:${port}`, 'PollLimitIntervalSec=3s', 'PollLimitBurst=2'],
    '/bin/echo served',
  );
  const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(port, '', { timeout: 60_000 })));
  t.strictSame([...new Set(answers)], ['served\n']);
  const pauses = countOf(acceptd, 'suspended');
  t.ok(pauses >= 1, `${pauses} pauses`);
  // the record comes on its way, as the answer does
  await becomes(() => countOf(acceptd, 'resumed') >= pauses);
  t.equal(countOf(acceptd, 'refused'), 0);
  t.equal(await acceptd.stop(), 0);
});

t.test('without either limit nobody waits', async (t) => {
  const port = await freePort();
  const acceptd = await accepting(
    t,
    [`ListenStream=127.0.0.1:${port}`, 'MaxConnections=1000'],
    '/bin/echo served',
  );
  // systemd has 200 connections in two seconds kill the port
  const answers: string[] = [];
  for (let round = 0; round < 15; round++)
    answers.push(
      ...(await Promise.all(Array.from({ length: 20 }, () => exchange(port, '', { timeout: 60_000 })))),
    );
  t.equal(answers.filter((answer) => answer === 'served\n').length, 300);
  t.equal(countOf(acceptd, 'suspended'), 0);
  t.equal(await acceptd.stop(), 0);
});

for (const limit of ['TriggerLimit', 'PollLimit'] as const) {
  t.test(`${limit}...= of a daemon's socket counts its starts by clients`, async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: {
        'it.socket': `[Socket]\nListenStream=127.0.0.1:${port}\n${limit}IntervalSec=6s\n${limit}Burst=2\n`,
        'it.service': `[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=${handlers}/serve\n`,
      },
    });
    const pids = new Set<number>();
    for (let client = 0; client < 3; client++) {
      const pid = await pidAt(port, 'exit 0');
      pids.add(pid);
      await acceptd.waitFor((record) => record.event === 'exited' && record.pid === pid, `the end of ${pid}`);
    }
    t.equal(pids.size, 3, 'all are served');
    t.equal(countOf(acceptd, 'suspended'), 1, 'the third after a pause');
    await becomes(() => countOf(acceptd, 'resumed') === 1);
    t.equal(await acceptd.stop(), 0);
  });
}

/** A client that stays; from which address. */
const visit = (t: Test, port: number, from: string, to = '127.0.0.1'): Socket => {
  const socket = createConnection({ port, host: to, localAddress: from, allowHalfOpen: true });
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  return socket;
};

/** Lets them come one after the other, and says of each whether it was let in. */
const admit = async (
  acceptd: Acceptd,
  visits: readonly (() => unknown)[],
): Promise<readonly ('started' | 'refused')[]> => {
  const found: ('started' | 'refused')[] = [];
  for (const come of visits) {
    const from = acceptd.records.length;
    come();
    const { event } = await acceptd.waitFor(
      ({ event }) => event === 'started' || event === 'refused',
      'what becomes of a client',
      from,
    );
    found.push(event === 'started' ? 'started' : 'refused');
  }
  return found;
};

t.test(
  'MaxConnectionsPerSource= counts an address, or the network that X-SourcePrefix= makes of it',
  async (t) => {
    for (const [prefix, expected] of [
      [[], ['started', 'refused', 'started', 'started']],
      [['X-SourcePrefix=24 64'], ['started', 'refused', 'refused', 'started']],
    ] as const) {
      const port = await freePort();
      const acceptd = await accepting(
        t,
        [`ListenStream=127.0.0.1:${port}`, 'MaxConnectionsPerSource=1', ...prefix],
        '/bin/cat',
      );
      const visits = ['127.9.8.7', '127.9.8.7', '127.9.8.8', '127.9.9.1'].map(
        (from) => () => visit(t, port, from),
      );
      t.strictSame(await admit(acceptd, visits), expected, prefix.join());
      t.equal(await acceptd.stop(), 0);
    }
  },
);

t.test('a place is free again when its client has gone', async (t) => {
  const port = await freePort();
  const acceptd = await accepting(
    t,
    [`ListenStream=127.0.0.1:${port}`, 'MaxConnectionsPerSource=1'],
    '/bin/cat',
  );
  const first = visit(t, port, '127.9.8.7');
  await acceptd.waitFor(({ event }) => event === 'started', 'the first');
  const end = readToEnd(first);
  first.end();
  await end;
  await acceptd.waitFor(({ event }) => event === 'exited', 'its end');
  t.strictSame(await admit(acceptd, [() => visit(t, port, '127.9.8.7')]), ['started']);
  t.equal(await acceptd.stop(), 0);
});

t.test('an IPv4 client of an IPv6 socket is the same source as at an IPv4 one', async (t) => {
  const port = await freePort();
  const acceptd = await accepting(t, [`ListenStream=${port}`, 'MaxConnectionsPerSource=1'], '/bin/cat');
  const visits = ['127.9.8.7', '127.9.8.7', '127.9.8.8'].map((from) => () => visit(t, port, from));
  t.strictSame(await admit(acceptd, visits), ['started', 'refused', 'started']);
  t.equal(await acceptd.stop(), 0);
});

const ownNetwork = ['unshare', '--net', 'sh', '-ec'];
const whyNoNetwork = (): string | false => {
  if (!isRoot || !hasProgram('/usr/bin/nsenter') || !hasProgram('/usr/bin/nc'))
    return 'needs root, nsenter and nc';
  const trial = ['sh', '-ec', 'ip link set lo up; ip -6 addr add fd00:1::1/128 dev lo nodad'];
  const { status } = spawnSync('unshare', ['--net', ...trial], {
    env: { PATH: searchPath },
    stdio: 'ignore',
  });
  return status === 0 ? false : 'needs a network of its own with IPv6';
};

t.test('of IPv6 a /64 is one source', { skip: whyNoNetwork() }, async (t) => {
  const port = await freePort();
  const addresses = ['fd00:1::1', 'fd00:1::2', 'fd00:2::1'];
  const setUp = ['ip link set lo up', ...addresses.map((each) => `ip -6 addr add ${each}/128 dev lo nodad`)];
  const acceptd = await accepting(t, [`ListenStream=[::]:${port}`, 'MaxConnectionsPerSource=1'], '/bin/cat', {
    under: [...ownNetwork, `${setUp.join('; ')}; exec "$@"`, 'sh'],
  });
  const visits = addresses.map((from) => () => {
    const words = ['-t', `${acceptd.pid}`, '-n', 'nc', '-6', '-s', from, 'fd00:1::1', `${port}`];
    const client = spawn('nsenter', words, {
      env: { PATH: searchPath },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    t.teardown(() => client.kill('SIGKILL'));
  });
  t.strictSame(await admit(acceptd, visits), ['started', 'refused', 'started']);
  t.equal(await acceptd.stop(), 0);
});
