// A daemon is started by its first client, has all listeners of its service, and is started again after its end.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { plainDaemon } from '../../../src/model/daemon.ts';
import { milliseconds } from '../../../src/model/quantity.ts';
import { plainSurroundings } from '../../../src/model/service.ts';
import { ask, daemonService, openSupervisor, pidAt } from '../../support/daemons.ts';
import { unixAt } from '../../support/engine.ts';
import { freePort } from '../../support/ports.ts';
import { tcp } from '../../support/services.ts';

const { supervisor, events, until, directory } = openSupervisor(t);

const isConsistent = (test: Pick<typeof t, 'strictSame'>): void => {
  test.strictSame(supervisor.checkConsistency(), []);
};

t.test('the first client starts it, the next one meets the same', async (t) => {
  const port = await freePort();
  const since = events.length;
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)])]);
  t.equal(
    events.slice(since).some(({ kind }) => kind === 'started'),
    false,
    'nothing runs without a client',
  );
  const pid = await pidAt(port);
  t.equal(await pidAt(port), pid);
  const [state] = supervisor.state().services;
  t.match(state, { live: 1, listeners: [{ owner: pid, isWatched: false }] });
  isConsistent(t);
});

t.test('all sockets of its service are its own, of whatever kind', async (t) => {
  const port = await freePort();
  const path = join(directory, 'mixed');
  await supervisor.apply([
    daemonService(directory, [
      tcp('127.0.0.1', port),
      tcp('127.0.0.1', port, { socketType: 'dgram' }),
      unixAt(path),
    ]),
  ]);
  const client = createSocket('udp4');
  client.send('?', port, '127.0.0.1');
  const [answer] = await once(client, 'message');
  client.close();
  const pid = Number(/\d+/.exec(String(answer))?.[0]);
  t.equal(await pidAt(port), pid, 'a datagram has started it, and it serves the stream');
  const unix = createConnection(path);
  unix.write('names\n');
  const [text] = await once(unix, 'data');
  t.match(String(text), /^3 /);
  unix.destroy();
  isConsistent(t);
});

t.test('when it has ended the next client starts another one', async (t) => {
  const port = await freePort();
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)])]);
  const pid = await pidAt(port, 'exit 0');
  t.not(await pidAt(port), pid);
  isConsistent(t);
});

/** What a process was started with. */
const variableOf = (pid: number, name: string): string | undefined =>
  readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .find((each) => each.startsWith(`${name}=`))
    ?.slice(name.length + 1);

t.test('each run is told a number of its own, and what the configuration says by then', async (t) => {
  const port = await freePort();
  const id = 'told';
  const withVariable = (value: string) =>
    daemonService(directory, [tcp('127.0.0.1', port)], {
      id,
      rest: {
        surroundings: { ...plainSurroundings, stdin: 'null', environment: [{ name: 'SAID', value }] },
      },
    });
  await supervisor.apply([withVariable('once')]);
  const numbers = new Set<string | undefined>();
  const look = async (): Promise<string | undefined> => {
    const pid = await pidAt(port);
    const number = variableOf(pid, 'INVOCATION_ID');
    t.match(number, /^[0-9a-f]{32}$/);
    t.match(variableOf(pid, 'NOTIFY_SOCKET'), /^@/);
    numbers.add(number);
    return variableOf(pid, 'SAID');
  };
  t.equal(await look(), 'once');
  await ask(port, 'exit 0');
  t.equal(await look(), 'once');
  await ask(port, 'exit 0');
  t.equal(await look(), 'once');
  t.equal(await supervisor.restart(id), undefined);
  t.equal(await look(), 'once');
  await supervisor.apply([withVariable('again')]);
  t.equal(await supervisor.restart(id), undefined);
  t.equal(await look(), 'again');
  await ask(port, 'exit 0');
  t.equal(await look(), 'again');
  t.equal(numbers.size, 6);
});

t.test('several start at the same time', async (t) => {
  const ports = [await freePort(), await freePort(), await freePort()];
  await supervisor.apply(ports.map((port) => daemonService(directory, [tcp('127.0.0.1', port)])));
  const pids = await Promise.all(ports.map((port) => pidAt(port)));
  t.equal(new Set(pids).size, 3);
});

t.test('one that is not on demand runs from the start, and again after its end', async (t) => {
  const port = await freePort();
  const since = events.length;
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port)], { daemon: { onDemand: false } }),
  ]);
  const first = await until('started', () => true, since);
  t.equal(await pidAt(port, 'exit 0'), first.pid);
  const second = await until('started', ({ pid }) => pid !== first.pid, since);
  t.equal(await pidAt(port), second.pid);
});

t.test('a service that goes takes its daemon along', async (t) => {
  const port = await freePort();
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)])]);
  const pid = await pidAt(port);
  const ended = until('exited', (event) => event.pid === pid);
  await supervisor.apply([]);
  t.match(await ended, { status: { kind: 'signal', signal: 15 } });
});

t.test('one that changes keeps running, and is another one at its next start', async (t) => {
  const port = await freePort();
  const more = await freePort();
  const id = 'changing';
  const since = events.length;
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)], { id })]);
  const pid = await pidAt(port);
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port), tcp('127.0.0.1', more)], { id, words: ['child'] }),
  ]);
  t.equal(await pidAt(port), pid);
  t.match(await until('impaired', () => true, since), { failure: { what: /restart it/ } });
  isConsistent(t);
  t.equal(await supervisor.restart(id), undefined);
  const next = await pidAt(more);
  t.not(next, pid);
  t.equal(await pidAt(port), next);
  t.equal((await ask(more, 'names')).slice(0, 2), '2 ');
  isConsistent(t);
});

t.test('one whose program is missing does not spin, and clients wait', async (t) => {
  const port = await freePort();
  const since = events.length;
  const service = daemonService(directory, [tcp('127.0.0.1', port)], {
    daemon: { startLimit: undefined },
    rest: { answer: { kind: 'program', file: '/nonexistent/server', arguments: ['server'] } },
  });
  await supervisor.apply([service]);
  const client = createConnection({ port, host: '127.0.0.1' });
  await once(client, 'connect');
  t.match(await until('daemon-failed', () => true, since), {
    failure: { what: /cannot execute \/nonexistent\/server/ },
  });
  await until('respawning', ({ failures }) => failures >= 3, since);
  t.ok(events.slice(since).filter(({ kind }) => kind === 'start-failed').length <= 4);
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)], { id: service.id })]);
  client.write('pid\n');
  const [text] = await once(client, 'data');
  t.match(String(text), /^pid \d+/, 'who has waited is served once it can be');
  client.destroy();
});

t.test('one that never accepts is told of, and is not started again and again', async (t) => {
  const port = await freePort();
  const since = events.length;
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port)], {
      words: ['end=0'],
      daemon: { startLimit: undefined },
    }),
  ]);
  const client = createConnection({ port, host: '127.0.0.1' });
  await once(client, 'connect');
  const { failures } = await until('respawning', () => true, since);
  t.equal(failures, 9);
  client.destroy();
});

t.test('beyond its start limit clients wait for the rest of the window', async (t) => {
  const port = await freePort();
  const since = events.length;
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port)], {
      daemon: { startLimit: { count: 2, window: milliseconds(5_000) } },
    }),
  ]);
  await pidAt(port, 'exit 0');
  await pidAt(port, 'exit 0');
  const third = pidAt(port, 'exit 0');
  t.match(await until('suspended', () => true, since), { reason: 'rate' });
  t.match(supervisor.snapshot(), [{ isSuspended: true }]);
  t.ok((await third) > 0, 'and are served then');
});

t.test('restart= says whether it is started without a client', async (t) => {
  const port = await freePort();
  const since = events.length;
  const restart = { ...plainDaemon.restart, when: 'on-failure' as const, pause: milliseconds(10) };
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)], { daemon: { restart } })]);
  const pid = await pidAt(port, 'exit 3');
  t.match(await until('daemon-failed', () => true, since), {
    failure: { what: /ended with exit status 3/ },
    restartIn: 10,
  });
  const next = await until('started', (event) => event.pid !== pid, since);
  t.equal(await pidAt(port, 'exit 0'), next.pid);
  await until('exited', (event) => event.pid === next.pid, since);
  t.equal(supervisor.state().instances.length, 0);
  isConsistent(t);
});
