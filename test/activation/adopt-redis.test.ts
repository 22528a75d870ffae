// Redis takes no sockets from anybody: it binds, and gets ours.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openEngine, unixAt } from '../support/engine.ts';
import { freePort } from '../support/ports.ts';
import { tcp } from '../support/services.ts';
import { ask, makeDirectory, openScene } from './adopt-scene.ts';

const redis = '/usr/bin/redis-server';
const engine = openEngine(t);
const options = { skip: !existsSync(redis) && 'redis-server is not installed' };
const plain = ['--save', '', '--logfile', ''];

t.test('Redis answers its very first client, and its next run the next one', options, async (t) => {
  const port = await freePort();
  const at = { host: '127.0.0.1', port };
  const command = [
    redis,
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    makeDirectory(t),
    ...plain,
  ] as const;
  const scene = openScene(t, engine, [tcp('127.0.0.1', port)], command);
  for (const round of ['first', 'second']) {
    const answer = ask(at, 'PING\r\n', /\r\n/);
    const adopted = await scene.startAtFirstClient();
    t.equal(await answer, '+PONG\r\n', `${round} run`);
    await adopted.listening;
    t.match(await ask(at, 'INFO clients\r\n', /connected_clients/), /connected_clients:/);
    t.match(scene.addresses(adopted), [{ host: '127.0.0.1', port }]);
    t.match(await scene.stop(adopted), /Ready to accept connections/);
    t.same(adopted.failures, []);
  }
});

t.test('Redis on all addresses gets the one that is configured', options, async (t) => {
  const port = await freePort();
  const command = [redis, '--port', `${port}`, '--bind', '*', '--dir', makeDirectory(t), ...plain] as const;
  const scene = openScene(t, engine, [tcp('127.0.0.1', port)], command);
  const answer = ask({ host: '127.0.0.1', port }, 'PING\r\n', /\r\n/);
  const adopted = await scene.startAtFirstClient();
  t.equal(await answer, '+PONG\r\n');
  t.same(
    adopted.events.map(({ kind }) => kind),
    ['adopted'],
  );
  await scene.stop(adopted);
});

t.test(
  'clients of Redis are served while acceptd does nothing: it does not stand between',
  options,
  async (t) => {
    const port = await freePort();
    const command = [
      redis,
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--dir',
      makeDirectory(t),
      ...plain,
    ] as const;
    const scene = openScene(t, engine, [tcp('127.0.0.1', port)], command);
    const answer = ask({ host: '127.0.0.1', port }, 'PING\r\n', /\r\n/);
    const adopted = await scene.startAtFirstClient();
    t.equal(await answer, '+PONG\r\n');
    // a connection for each request, and the event loop waits for the end of it all
    const load = ['-p', `${port}`, '-t', 'ping_mbulk', '-n', '500', '-c', '5', '-k', '0', '-q'];
    const { status, stdout } = spawnSync('redis-benchmark', load, { encoding: 'utf8', timeout: 60_000 });
    t.equal(status, 0);
    t.match(stdout, /requests per second/);
    await scene.stop(adopted);
  },
);

t.test(
  'Redis removes the file of its unix socket first, and is found there all the same',
  options,
  async (t) => {
    const directory = makeDirectory(t);
    const path = join(directory, 'redis.sock');
    const port = await freePort();
    const command = [
      redis,
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--unixsocket', path, '--unixsocketperm', '700'],
      ...['--dir', directory, ...plain],
    ] as const;
    const scene = openScene(t, engine, [unixAt(path), tcp('127.0.0.1', port)], command);
    const answer = ask({ path }, 'PING\r\n', /\r\n/);
    const adopted = await scene.startAtFirstClient();
    t.equal(await answer, '+PONG\r\n');
    t.equal(await ask({ path }, 'PING\r\n', /\r\n/), '+PONG\r\n', 'a client that comes later');
    t.equal(await ask({ host: '127.0.0.1', port }, 'PING\r\n', /\r\n/), '+PONG\r\n');
    t.equal(scene.addresses(adopted).length, 2);
    await scene.stop(adopted);
  },
);
