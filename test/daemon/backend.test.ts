// Servers that take no sockets, started behind a relay by their first client: Redis, PostgreSQL, and some that fail.
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Acceptd, type LogRecord, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { hasProgram, isRoot, mustRun } from '../support/command.ts';
import { readToEnd } from '../support/flows.ts';
import { freePort, freePorts } from '../support/ports.ts';

t.setTimeout(240_000);

const folderFor = (t: Test, owner?: { readonly uid: number; readonly gid: number }): string => {
  // paths of sockets are short
  const folder = mkdtempSync('/tmp/backend-');
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const user = isRoot ? 'root' : '-';

const start = (t: Test, config: string, words: readonly string[] = []): Promise<Acceptd> =>
  startAcceptd(t, { config, arguments: ['--log-level', 'debug', ...words] });

const isKind =
  (kind: string) =>
  ({ event }: LogRecord): boolean =>
    event === kind;

const redis = '/usr/bin/redis-server';
const hasRedis = hasProgram(redis) && hasProgram('/usr/bin/redis-cli');

const redisService = (port: number, folder: string, ...more: readonly string[]): string =>
  `redis on
    bind = 127.0.0.1
    port = ${port}
    user = ${user}
    redirect = ${join(folder, 'redis.sock')}
    exec = ${redis}
    args = redis-server --port 0 --unixsocket ${join(folder, 'redis.sock')} --supervised systemd --save "" --dir ${folder}
    notify = yes
    ready = type
    ${more.join('\n    ')}
;
`;

const ping = (port: number): Promise<string> => exchange(port, '*1\r\n$4\r\nPING\r\n', { until: /PONG/ });

t.test(
  'Redis starts for its first clients, stops when nobody is there, and starts again',
  { skip: hasRedis ? false : 'needs redis' },
  async (t) => {
    const port = await freePort();
    const acceptd = await start(t, redisService(port, folderFor(t), 'idle_stop = 300ms'));
    t.notOk(acceptd.records.some(isKind('daemon-ready')), 'nothing runs yet');
    t.strictSame(
      new Set(await Promise.all(Array.from({ length: 20 }, () => ping(port)))),
      new Set(['+PONG\r\n']),
    );
    const stopping = await acceptd.waitFor(isKind('daemon-stopping'), 'the idle stop');
    t.match(stopping.fields, { why: 'idle' });
    const readies = (): number => acceptd.records.filter(isKind('daemon-ready')).length;
    t.equal(readies(), 1, 'one server for all');
    t.equal(await ping(port), '+PONG\r\n', 'the next one finds it again');
    await acceptd.waitFor(() => readies() === 2, 'another one');
    t.equal(await acceptd.stop(), 0);
  },
);

t.test(
  'a server that refuses right after it is ready is tried again',
  { skip: hasRedis ? false : 'needs redis' },
  async (t) => {
    const port = await freePort();
    const hasty = redisService(port, folderFor(t), 'connect_timeout = 20s');
    const acceptd = await start(
      t,
      hasty.replace('notify = yes', '').replace('ready = type', 'ready = delay 1ms'),
    );
    t.equal(await ping(port), '+PONG\r\n');
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('one that dies is told, its clients get their end, and the next one may try', async (t) => {
  const [port = 0, back = 0] = await freePorts(2);
  const acceptd = await start(
    t,
    `x on bind = 127.0.0.1, port = ${port}, user = ${user}, redirect = 127.0.0.1 ${back}, exec = /bin/false, restart = no, ready = probe;\n`,
  );
  for (let round = 1; round <= 2; round++) {
    const from = acceptd.records.length;
    t.equal(await exchange(port, 'hello'), '');
    const { fields } = await acceptd.waitFor(isKind('start-failed'), 'the failure', from);
    t.match(fields, { service: 'x/tcp', peer: /^127\.0\.0\.1:/ });
    t.equal(acceptd.records.slice(from).filter(isKind('start-failed')).length, 1, 'once for each client');
  }
  t.equal(await acceptd.stop(), 0);
});

t.test('who waits for a server is sent away when acceptd ends', async (t) => {
  const [port = 0, back = 0] = await freePorts(2);
  const acceptd = await start(
    t,
    `x on bind = 127.0.0.1, port = ${port}, user = ${user}, redirect = 127.0.0.1 ${back}, exec = /bin/sleep, args = sleep 600, ready = probe;\n`,
    ['--drain', '60'],
  );
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect(port)));
  const [gone, ...others] = clients;
  for (let count = 0; count < 5; count++)
    await acceptd.waitFor(isKind('builtin-started'), 'the clients', count);
  // one that goes away meanwhile does not wait any more
  const from = acceptd.records.length;
  gone?.resetAndDestroy();
  await acceptd.waitFor(isKind('builtin-ended'), 'its end', from);
  const answers = Promise.all(others.map((socket: Socket) => readToEnd(socket).then(String)));
  acceptd.signal('SIGTERM');
  t.strictSame(
    await answers,
    others.map(() => ''),
  );
  t.equal(await acceptd.ended(), 0);
  const refused = acceptd.records.filter(isKind('refused'));
  t.strictSame(
    refused.map(({ fields }) => fields['reason']),
    others.map(() => 'draining'),
  );
});

t.test('so many wait for one server, the next ones do so in the queue, and nobody is refused', async (t) => {
  const [port = 0, back = 0] = await freePorts(2);
  const acceptd = await start(
    t,
    `x on bind = 127.0.0.1, port = ${port}, user = ${user}, redirect = 127.0.0.1 ${back}, exec = /bin/sleep, args = sleep 600, ready = probe, backlog = 1024;\n`,
  );
  const clients = await Promise.all(Array.from({ length: 300 }, () => connect(port)));
  for (const client of clients) client.on('error', () => undefined);
  const { fields } = await acceptd.waitFor(isKind('held'), 'the limit');
  t.equal(fields['limit'], 256);
  t.equal(acceptd.records.filter(isKind('builtin-started')).length, 256);
  acceptd.signal('SIGABRT');
  const check = await acceptd.waitFor(isKind('consistency'), 'the look at the tables');
  t.equal(check.fields['findings'], 0);
  const from = acceptd.records.length;
  clients[0]?.resetAndDestroy();
  await acceptd.waitFor(isKind('builtin-started'), 'the next one', from);
  t.notOk(acceptd.records.some(isKind('refused')));
  for (const client of clients) client.destroy();
  t.equal(await acceptd.stop(), 0);
});

const postgres = '/usr/lib/postgresql/15/bin/postgres';
const initdb = '/usr/lib/postgresql/15/bin/initdb';

t.test(
  'PostgreSQL starts for its first client',
  { skip: isRoot && hasProgram(postgres) ? false : 'needs root and postgresql' },
  async (t) => {
    const [port = 0, back = 0] = await freePorts(2);
    const ids = await mustRun('id', ['-u', 'postgres']);
    const uid = Number(ids);
    const gid = Number(await mustRun('id', ['-g', 'postgres']));
    const folder = folderFor(t, { uid, gid });
    const data = join(folder, 'data');
    const asPostgres = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
    await mustRun('setpriv', [...asPostgres, initdb, '-D', data, '--auth=trust', '--no-sync'], {
      timeout: 120_000,
    });
    const acceptd = await start(
      t,
      `pg on
    bind = 127.0.0.1
    port = ${port}
    user = postgres
    redirect = 127.0.0.1 ${back}
    exec = ${postgres}
    args = postgres -D ${data} -c port=${back} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c fsync=off
    notify = yes
    ready = type
    kill_signal = INT
    idle_stop = 500ms
;
`,
    );
    const select = (word: number) =>
      mustRun(
        'psql',
        ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-Atc', `select ${word}`, 'postgres'],
        { timeout: 60_000 },
      );
    t.strictSame(await Promise.all([1, 2, 3].map(select)), ['1\n', '2\n', '3\n']);
    await acceptd.waitFor(isKind('daemon-stopping'), 'the idle stop');
    t.equal(await select(4), '4\n');
    t.equal(await acceptd.stop(), 0);
  },
);
