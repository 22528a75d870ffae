// A server behind a relay: started for the first client, held while somebody is connected, stopped when nobody is; and what the end of acceptd does to daemons.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { plainDaemon, plainLifetime } from '../../../src/model/daemon.ts';
import { milliseconds } from '../../../src/model/quantity.ts';
import { plainRelay, plainSurroundings } from '../../../src/model/service.ts';
import { exchange } from '../../support/client.ts';
import { daemonService, openSupervisor, pidAt } from '../../support/daemons.ts';
import { freePort } from '../../support/ports.ts';
import { resolved, tcp } from '../../support/services.ts';

const { supervisor, events, until, directory } = openSupervisor(t);
const redis = '/usr/bin/redis-server';
const skip = existsSync(redis) ? false : 'redis-server is not there';

const redisBehind = (port: number, readiness: 'type' | 'probe') => {
  const path = join(directory, 'redis.sock');
  const words = ['redis-server', '--port', '0', '--unixsocket', path, '--save', '', '--logfile', ''];
  const backend = {
    file: redis,
    arguments: [...words, ...(readiness === 'type' ? ['--supervised', 'systemd'] : [])],
  };
  return resolved('redis', [tcp('127.0.0.1', port)], {
    answer: {
      kind: 'relay',
      host: path,
      port: '',
      connectTimeout: milliseconds(5000),
      ...plainRelay,
      backend,
    },
    targets: [{ version: 'unix', path }],
    surroundings: { ...plainSurroundings, stdin: 'null', stdout: 'log', stderr: 'log' },
    daemon: {
      ...plainDaemon,
      type: readiness === 'type' ? 'notify' : 'simple',
      readiness: { kind: readiness },
      idleStop: milliseconds(500),
    },
    lifetime: plainLifetime,
  });
};

const ping = (port: number): Promise<string> => exchange(port, 'PING\r\n', { until: /PONG/ });

for (const readiness of ['type', 'probe'] as const) {
  t.test(`redis behind a relay, awaited by ${readiness}`, { skip }, async (t) => {
    const port = await freePort();
    await supervisor.apply([]);
    const since = events.length;
    await supervisor.apply([redisBehind(port, readiness)]);
    const answers = await Promise.all([ping(port), ping(port), ping(port)]);
    t.strictSame(answers, ['+PONG\r\n', '+PONG\r\n', '+PONG\r\n']);
    t.equal(events.slice(since).filter(({ kind }) => kind === 'started').length, 1, 'one server for all');
    const { pid } = await until('daemon-stopping', ({ why }) => why === 'idle', since);
    await until('exited', (event) => event.pid === pid, since);
    const client = createConnection({ port, host: '127.0.0.1' });
    client.write('PING\r\n');
    await once(client, 'data');
    const held = events.length;
    const { service } = await until('daemon-ready', () => true, since);
    t.equal(await supervisor.restart(service), undefined);
    t.notOk(events.slice(held).some((event) => event.kind === 'daemon-stopping' && event.why === 'idle'));
    client.destroy();
    t.strictSame(supervisor.checkConsistency(), []);
  });
}

t.test('who waits for a server that cannot come up is told', { skip }, async (t) => {
  const port = await freePort();
  await supervisor.apply([]);
  const since = events.length;
  const service = redisBehind(port, 'type');
  const { answer } = service;
  if (answer.kind !== 'relay') throw new Error('it is a relay');
  const backend = { file: '/nonexistent/redis', arguments: ['redis'] };
  await supervisor.apply([{ ...service, answer: { ...answer, backend } }]);
  t.equal(await exchange(port, 'PING\r\n'), '');
  t.match(await until('daemon-failed', () => true, since), {
    failure: { what: /cannot execute \/nonexistent/ },
  });
});

t.test('at the end of acceptd daemons are stopped as their service says', async (t) => {
  const ports = [await freePort(), await freePort()];
  await supervisor.apply(
    ports.map((port, index) =>
      daemonService(directory, [tcp('127.0.0.1', port)], {
        id: `stubborn${index}`,
        words: ['stubborn', 'child'],
        ending: { timeout: milliseconds(200) },
      }),
    ),
  );
  const pids = await Promise.all(ports.map((port) => pidAt(port)));
  await supervisor.stop(milliseconds(0));
  for (const pid of pids)
    t.match(await until('exited', (event) => event.pid === pid, 0), { status: { signal: 9 } });
  t.equal(supervisor.state().instances.length, 0);
});
