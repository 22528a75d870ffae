// A server that only knows bind(2) and listen(2) gets our sockets, as it has its own.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ListenAddress } from '../../src/model/address.ts';
import type { ResolvedService } from '../../src/model/service.ts';
import { plainSocket } from '../../src/model/socket-settings.ts';
import { type Adopted, openAdoptionStage } from '../support/adoption.ts';
import { compileHandlers } from '../support/compile.ts';
import { openEngine, openManyListeners, readAll, unixAt } from '../support/engine.ts';
import { childEnvironment } from '../support/environment.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { tcp } from '../support/services.ts';

const handlers = compileHandlers('bind-and-serve', 'with-call-listener');
const server = join(handlers, 'bind-and-serve');
const outer = join(handlers, 'with-call-listener');
const directory = mkdtempSync(join(tmpdir(), 'acceptd-adopt-'));
chmodSync(directory, 0o777);
const engine = openEngine(t);
const { kernel } = engine;
t.teardown(() => rmSync(directory, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
const needsRoot = !isRoot && 'needs root';
const nobody = 65_534;

type To = { readonly host: string; readonly port: number } | { readonly path: string };

/** The first client is there before the server is started. */
const adopt = async (
  addresses: readonly ListenAddress[],
  steps: readonly string[],
  how: {
    readonly clients?: readonly To[];
    readonly service?: Partial<ResolvedService>;
    readonly recipe?: Parameters<ReturnType<typeof openAdoptionStage>['start']>[2];
  } = {},
): Promise<Adopted & { readonly text: string; readonly answers: readonly string[] }> => {
  const stage = openAdoptionStage(engine, addresses, how.service);
  const sockets = (how.clients ?? []).map((to) => connect(to));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  // whom the server does not take is reset
  const answers = sockets.map((socket) => readAll(socket).catch(() => ''));
  const adopted = stage.start(server, steps, how.recipe);
  const text = await adopted.output;
  const { failure } = await adopted.ended;
  t.equal(failure, undefined);
  adopted.end();
  stage.close();
  return { ...adopted, text, answers: await Promise.all(answers) };
};

const kindsOf = ({ events }: Adopted): readonly string[] => events.map(({ kind }) => kind);

t.test('the very first client is served by a server that binds itself', async (t) => {
  const port = await freePort();
  const steps = ['socket=inet', `bind=127.0.0.1:${port}`, 'listen=5', 'accept=hello'];
  const run = await adopt([tcp('127.0.0.1', port)], steps, { clients: [{ host: '127.0.0.1', port }] });
  t.equal(run.text, 'socket ok\nbind ok\nlisten ok\naccept ok\n');
  t.same(run.answers, ['hello']);
  await run.listening;
  t.equal(run.listeningCount(), 1);
  t.match(run.events, [
    { kind: 'adopted', service: 'adopted', pid: run.pid, address: { host: '127.0.0.1', port } },
  ]);
  t.same(run.failures, []);
});

t.test('so it is where children start in the shared table of descriptors', async (t) => {
  const many = openManyListeners(kernel);
  const port = await freePort();
  const steps = ['socket=inet', `bind=127.0.0.1:${port}`, 'listen=5', 'accept=hello', 'descriptors'];
  const run = await adopt([tcp('127.0.0.1', port)], steps, { clients: [{ host: '127.0.0.1', port }] });
  t.match(run.text, /accept ok\ndescriptors 3\n/);
  t.same(run.answers, ['hello']);
  for (const each of many) kernel.close(each);
});

t.test('the server finds no descriptor but its own', async (t) => {
  const port = await freePort();
  const run = await adopt([tcp('127.0.0.1', port)], ['descriptors', 'socket=inet', 'descriptors']);
  t.equal(run.text, 'descriptors\nsocket ok\ndescriptors 3\n');
});

t.test('what is none of ours is bound as ever', async (t) => {
  const [port = 0, other = 0] = await freePorts(2);
  const steps = [
    ...['socket=inet', `bind=127.0.0.1:${other}`, 'listen=5', 'show'],
    ...['socket=inet', 'bind=127.0.0.1:0', 'listen=5'],
    ...['socket=unix', `bind=${join(directory, 'own')}`, 'listen=5'],
    ...['socket=inet', 'bind=203.0.113.1:80'],
    ...['close', `bind=127.0.0.1:${port}`],
  ];
  const run = await adopt([tcp('127.0.0.1', port)], steps);
  t.match(run.text, /listening=1\n/);
  t.match(run.text, /bind EADDRNOTAVAIL\n/);
  t.match(run.text, /close ok\nbind EBADF\n$/);
  t.equal(run.text.match(/(?:bind|listen) ok\n/g)?.length, 6);
  t.same(kindsOf(run), []);
  t.equal(run.listeningCount(), 0);
});

t.test('flags of the descriptor and of the file are as the server had them', async (t) => {
  const port = await freePort();
  const steps = ['socket=inet', `bind=127.0.0.1:${port}`, 'show'];
  const plain = await adopt([tcp('127.0.0.1', port)], steps);
  t.match(plain.text, /nonblock=0\ncloexec=0\n/);
  const other = await freePort();
  const flagged = ['socket=inet', 'nonblock', 'cloexec', `bind=127.0.0.1:${other}`, 'show'];
  t.match((await adopt([tcp('127.0.0.1', other)], flagged)).text, /nonblock=1\ncloexec=1\n/);
});

t.test('who wanted it non-blocking never comes to wait because of another', async (t) => {
  const port = await freePort();
  const bind = `bind=127.0.0.1:${port}`;
  const steps = ['socket=inet', 'nonblock', bind, 'listen=5', 'fork', 'socket=inet', bind, 'show'];
  const run = await adopt([tcp('127.0.0.1', port)], steps);
  t.match(run.text, /nonblock=1/);
  t.same(kindsOf(run), ['adopted', 'adopted']);
  t.equal(run.listeningCount(), 1);
});

t.test('what it had set on its socket is set on ours, but for what is configured', async (t) => {
  const port = await freePort();
  const set = ['nodelay=1', 'keepalive=1', 'rcvbuf=20000', 'linger=7'];
  const steps = ['socket=inet', ...set, `bind=127.0.0.1:${port}`, 'show'];
  const run = await adopt([tcp('127.0.0.1', port)], steps);
  t.match(run.text, /nodelay=1\nkeepalive=1\nrcvbuf=40000\nlistening=1\nlinger=1,7\n/);
  const other = await freePort();
  const configured = { ...plainSocket, receiveBuffer: 30_000 as typeof plainSocket.receiveBuffer };
  const again = await adopt(
    [tcp('127.0.0.1', other)],
    ['socket=inet', ...set, `bind=127.0.0.1:${other}`, 'show'],
    { service: { socket: configured } },
  );
  t.match(again.text, /nodelay=1\nkeepalive=1\nrcvbuf=60000\n/);
});

t.test('the queue does not become shorter', async (t) => {
  const port = await freePort();
  const stage = openAdoptionStage(engine, [tcp('127.0.0.1', port)]);
  const run = stage.start(server, ['socket=inet', `bind=127.0.0.1:${port}`, 'listen=1']);
  t.equal(await run.output, 'socket ok\nbind ok\nlisten ok\n');
  run.end();
  const clients = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  for (const client of clients) client.destroy();
  stage.close();
});

t.test('workers and threads that bind get it too, and a second bind of the same is none', async (t) => {
  const port = await freePort();
  const bind = `bind=127.0.0.1:${port}`;
  const steps = [
    'socket=inet',
    bind,
    bind,
    'thread',
    'socket=inet',
    bind,
    'fork',
    'socket=inet',
    bind,
    'accept=x',
  ];
  const run = await adopt([tcp('127.0.0.1', port)], steps, { clients: [{ host: '127.0.0.1', port }] });
  t.equal(run.text, `socket ok\nbind ok\nbind ok\n${'socket ok\nbind ok\n'.repeat(2)}accept ok\n`);
  t.same(run.answers, ['x']);
  const pids = run.events.map((event) => (event.kind === 'adopted' ? event.pid : 0));
  t.same(pids.slice(0, 3), [run.pid, run.pid, run.pid], 'a thread is its process');
  t.not(pids[3], run.pid);
});

t.test('a server goes on being answered when its first process has ended', async (t) => {
  const port = await freePort();
  const steps = ['daemonize', 'socket=inet', `bind=127.0.0.1:${port}`, 'listen=5', 'accept=x'];
  const run = await adopt([tcp('127.0.0.1', port)], steps, { clients: [{ host: '127.0.0.1', port }] });
  t.same(run.answers, ['x']);
});

t.test('when the run is over nothing is given any more, and nobody is kept from binding', async (t) => {
  const [port = 0, other = 0] = await freePorts(2);
  const stage = openAdoptionStage(engine, [tcp('127.0.0.1', port)]);
  const steps = [
    'socket=inet',
    `bind=127.0.0.1:${port}`,
    'socket=inet',
    `bind=127.0.0.1:${other}`,
    'listen=5',
  ];
  const run = stage.start(server, steps);
  run.end();
  t.equal(await run.output, 'socket ok\nbind EADDRINUSE\nsocket ok\nbind ok\nlisten ok\n');
  t.same(run.events, []);
  t.equal(run.listeningCount(), 0);
  stage.close();
});

t.test('datagrams: ready when it binds', async (t) => {
  const port = await freePort();
  const run = await adopt(
    [tcp('127.0.0.1', port), { ...tcp('127.0.0.1', port), socketType: 'dgram' }],
    ['socket=inet-dgram', `bind=127.0.0.1:${port}`],
  );
  t.equal(run.text, 'socket ok\nbind ok\n');
  t.equal(run.listeningCount(), 1);
  t.match(run.events, [{ kind: 'adopted', address: { socketType: 'dgram' } }]);
});

t.test('unix sockets by any of their names', async (t) => {
  const path = join(directory, 'named');
  symlinkSync(directory, join(directory, 'other-name'));
  const ways = [
    ['socket=unix', `bind=${path}`],
    [`chdir=${directory}`, 'socket=unix', 'bind=./named'],
    ['socket=unix', `bind=${directory}/other-name//named`],
  ];
  for (const steps of ways) {
    const run = await adopt([unixAt(path)], [...steps, 'listen=5', 'accept=hello'], { clients: [{ path }] });
    t.match(run.text, /bind ok\nlisten ok\naccept ok\n$/, steps.join(' '));
    t.same(run.answers, ['hello']);
  }
  const name = `@acceptd-adopt-${process.pid}`;
  const steps = ['socket=unix', `bind=${name}`, 'listen=5'];
  const run = await adopt([unixAt(name)], steps);
  t.match(run.text, /bind ok\nlisten ok\n$/);
  t.same(kindsOf(run), ['adopted']);
});

t.test('a server that removes the file of its socket before it binds it gets it back', async (t) => {
  const path = join(directory, 'removed');
  const steps = [`unlink=${path}`, 'socket=unix', `bind=${path}`, 'listen=5', 'accept=old'];
  const run = await adopt([unixAt(path)], steps, { clients: [{ path }] });
  t.match(run.text, /^unlink ok\nsocket ok\nbind ok\nlisten ok\naccept ok\n$/);
  t.same(run.answers, ['old'], 'who waited before');
  t.ok(lstatSync(path).isSocket());
});

t.test('a unix socket of another type or in another directory is not ours', async (t) => {
  const path = join(directory, 'typed');
  const steps = [
    ...['socket=unix-dgram', `bind=${path}`],
    ...['socket=unix', `bind=${join(directory, '..', `typed-${process.pid}`)}`],
    `unlink=${join(directory, '..', `typed-${process.pid}`)}`,
  ];
  const run = await adopt([unixAt(path)], steps);
  t.equal(run.text, 'socket ok\nbind EADDRINUSE\nsocket ok\nbind ok\nunlink ok\n');
  t.same(run.events, []);
});

t.test('a wildcard of the server means whatever of it is configured', async (t) => {
  const port = await freePort();
  const wildcards = [
    { steps: ['socket=inet', `bind=0.0.0.0:${port}`], ours: tcp('127.0.0.1', port), family: 'inet' },
    { steps: ['socket=inet6', 'v6only=0', `bind=:::${port}`], ours: tcp('127.0.0.1', port), family: 'inet' },
    { steps: ['socket=inet6', 'v6only=1', `bind=:::${port}`], ours: tcp('::1', port), family: 'inet6' },
    {
      steps: ['socket=inet', `bind=0.0.0.0:${port}`],
      ours: tcp('::', port, { takesMapped: true }),
      family: 'inet6',
    },
    {
      steps: ['socket=inet6', `bind=::ffff:127.0.0.1:${port}`],
      ours: tcp('127.0.0.1', port),
      family: 'inet',
    },
  ];
  for (const { steps, ours, family } of wildcards) {
    const host = ours.host === '::1' ? '::1' : '127.0.0.1';
    const run = await adopt([ours], [...steps, 'show', 'listen=5', 'accept=x'], {
      clients: [{ host, port }],
    });
    t.match(run.text, new RegExp(`family=${family}\n`), steps.join(' '));
    t.same(run.answers, ['x']);
    t.same(kindsOf(run), ['adopted']);
  }
});

t.test('a server that asks for one address is not opened to all', async (t) => {
  const port = await freePort();
  const run = await adopt([tcp('0.0.0.0', port)], ['socket=inet', 'reuse=1', `bind=127.0.0.1:${port}`]);
  t.equal(run.text, 'socket ok\nbind EADDRINUSE\n');
  t.match(run.events, [{ kind: 'not-adopted', pid: run.pid, place: `127.0.0.1:${port}`, why: /0\.0\.0\.0/ }]);
});

t.test('a server with one socket for both families is told that ours are two', async (t) => {
  const port = await freePort();
  const run = await adopt(
    [tcp('0.0.0.0', port), tcp('::', port)],
    ['socket=inet6', 'v6only=0', `bind=:::${port}`, 'listen=5'],
  );
  t.same(kindsOf(run), ['adopted', 'not-adopted']);
  t.match(run.events[1], { place: `[::]:${port}`, why: /nobody accepts at tcp 0\.0\.0\.0/ });
});

t.test('each of several addresses is given once before one is given again', async (t) => {
  const port = await freePort();
  const wildcard = ['socket=inet', `bind=0.0.0.0:${port}`];
  const run = await adopt(
    [tcp('127.0.0.1', port), tcp('127.0.0.2', port)],
    [...wildcard, ...wildcard, ...wildcard],
  );
  const hosts = run.events.flatMap((event) =>
    event.kind === 'adopted' && event.address.kind === 'internet' ? [event.address.host] : [],
  );
  t.same(new Set(hosts.slice(0, 2)), new Set(['127.0.0.1', '127.0.0.2']));
  t.equal(hosts.length, 3);
});

t.test(
  'root with its rights: set-uid programs of the server keep their meaning',
  { skip: needsRoot },
  async (t) => {
    const port = await freePort();
    const steps = ['socket=inet', `bind=127.0.0.1:${port}`, 'show', 'listen=5', 'accept=x'];
    const run = await adopt([tcp('127.0.0.1', port)], steps, {
      clients: [{ host: '127.0.0.1', port }],
      recipe: { credentials: { uid: nobody, gid: nobody, groups: [] } },
    });
    t.match(run.text, /nnp=0\nuid=65534\n/);
    t.same(run.answers, ['x']);
  },
);

t.test('root, and the server drops to another user by itself', { skip: needsRoot }, async (t) => {
  const port = await freePort();
  const steps = [`uid=${nobody}`, 'socket=inet', `bind=127.0.0.1:${port}`, 'show', 'listen=5', 'accept=x'];
  const run = await adopt([tcp('127.0.0.1', port)], steps, { clients: [{ host: '127.0.0.1', port }] });
  t.match(run.text, /uid=65534\n/);
  t.same(run.answers, ['x']);
});

type Elsewhere = {
  readonly text: string;
  readonly answer: string;
  readonly failure: { readonly code: string; readonly what: string } | undefined;
  readonly failures: readonly { readonly code: string; readonly what: string }[];
};

/** In a process of its own, started by `starter`. */
const adoptElsewhere = (
  starter: readonly string[],
  uid: number | undefined,
  steps: readonly string[],
): Elsewhere => {
  const [file = process.execPath, ...before] = [...starter, process.execPath];
  const script = fileURLToPath(new URL('../support/adopt-elsewhere.js', import.meta.url));
  const { stdout, stderr } = spawnSync(file, [...before, script, server, `${uid ?? ''}`, ...steps], {
    env: childEnvironment(),
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
};

const usual = ['socket=inet', 'bind=127.0.0.1:PORT', 'show', 'listen=5', 'accept=hello'];

t.test('an ordinary user adopts as well, without new privileges', { skip: needsRoot }, async (t) => {
  const { text, answer, failures } = adoptElsewhere([], nobody, usual);
  t.match(text, /bind ok\n/);
  t.match(text, /nnp=1\nuid=65534\n/);
  t.equal(answer, 'hello');
  t.same(failures, []);
});

t.test(
  'a server that may not be looked into binds what it can, and why is told',
  { skip: needsRoot },
  async (t) => {
    const { text, failures } = adoptElsewhere([], nobody, ['undumpable', ...usual.slice(0, 2)]);
    t.match(text, /bind EADDRINUSE\n/);
    t.match(failures, [{ code: 'EPERM', what: /CAP_SYS_PTRACE\); a relay .* needs none of this/ }]);
    t.equal(failures.length, 1);
  },
);

t.test('where a filter around us has a listener already, the error says so and what else there is', (t) => {
  const { failure, text } = adoptElsewhere([outer], undefined, usual);
  t.equal(text, '');
  t.match(failure, {
    code: 'EBUSY',
    what: /cannot see the sockets of %: .*\(a filter around acceptd.*\); a relay .* needs none of this/,
  });
  t.end();
});

t.test('adoption costs no descriptor and no child', async (t) => {
  const count = (): number => readdirSync('/proc/self/fd').length;
  const port = await freePort();
  const steps = ['socket=inet', `bind=127.0.0.1:${port}`, 'listen=5'];
  await adopt([tcp('127.0.0.1', port)], steps);
  const before = count();
  for (let round = 0; round < 20; round++) await adopt([tcp('127.0.0.1', port)], steps);
  t.equal(count(), before);
});
