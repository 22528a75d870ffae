// The running server is asked and told: services paused, tuned and signalled, clients and starts explained, reloads foretold.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { networkOf, parseAddress } from '../../src/model/network.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import type { Answer, ResolvedService } from '../../src/model/service.ts';
import { plainRelay, plainSurroundings } from '../../src/model/service.ts';
import { becomes } from '../support/becomes.ts';
import { connect, exchange } from '../support/client.ts';
import { ask, daemonService, openSupervisor, pidAt } from '../support/daemons.ts';
import { freePort } from '../support/ports.ts';
import { noLimits, resolved, tcp } from '../support/services.ts';

const { supervisor, events, until, directory } = openSupervisor(t);
const { steering } = supervisor;

/** What a connected client hears next. */
const hear = async (client: Socket): Promise<string> => {
  const [part] = await once(client, 'data');
  return String(part);
};

const say = async (client: Socket, text: string): Promise<string> => {
  const heard = hear(client);
  client.write(text);
  return heard;
};

const open = async (t: Test, port: number): Promise<Socket> => {
  const client = await connect(port);
  client.on('error', () => undefined);
  t.teardown(() => client.destroy());
  return client;
};

const failureOf = (outcome: unknown): unknown =>
  typeof outcome === 'object' && outcome !== null && 'code' in outcome ? outcome.code : outcome;

const cat = (port: number, rest: Partial<ResolvedService> = {}): ResolvedService =>
  resolved('cat', [tcp('127.0.0.1', port)], rest);

t.test('a paused service lets nobody new in and ends nobody, also across reloads', async (t) => {
  const port = await freePort();
  await supervisor.apply([cat(port)]);
  const first = await open(t, port);
  t.equal(await say(first, 'one'), 'one');
  t.equal(steering.pause('cat'), undefined);
  const second = await open(t, port);
  second.write('two');
  await becomes(() => steering.describe('cat')?.endpoints[0]?.waiting === 1);
  t.match(steering.describe('cat'), {
    condition: 'paused',
    live: 1,
    endpoints: [{ address: `127.0.0.1:${port}`, protocol: 'tcp', state: 'held-back', waiting: 1 }],
  });
  t.equal(await say(first, 'more'), 'more', 'who is served goes on');
  await supervisor.apply([cat(port)]);
  await supervisor.apply([cat(port, { limits: { ...noLimits, instances: 7 } })]);
  t.match(steering.describe('cat'), { condition: 'paused', live: 1, limit: 7 });
  t.strictSame(supervisor.checkConsistency(), []);
  const heard = hear(second);
  t.equal(steering.resume('cat'), undefined);
  t.equal(await heard, 'two');
  t.match(steering.describe('cat'), { condition: 'active', live: 2, endpoints: [{ state: 'listening' }] });
  t.equal(failureOf(steering.pause('dog')), 'ENOENT');
  t.equal(failureOf(steering.resume('dog')), 'ENOENT');
});

t.test('a paused member of tcpmux says no; it has no queue', async (t) => {
  const port = await freePort();
  const mux = resolved('tcpmux', [tcp('127.0.0.1', port)], {
    answer: { kind: 'builtin', builtin: 'tcpmux', format: undefined },
  });
  const member = resolved('member', [], { mux: { name: 'cat', saysGo: true } });
  await supervisor.apply([mux, member]);
  t.equal(await exchange(port, 'cat\r\nhello'), '+Go\r\nhello');
  steering.pause('member');
  const since = events.length;
  t.equal(await exchange(port, 'cat\r\nhello'), '-Service not available\r\n');
  await until('refused', ({ service, reason }) => service === 'member' && reason === 'suspended', since);
  t.match(await steering.why('member', '127.0.0.1'), { verdict: 'refuse', reason: 'suspended' });
  steering.resume('member');
  t.equal(await exchange(port, 'cat\r\nhello'), '+Go\r\nhello');
});

t.test('a server keeps its whole socket while it is paused, and gets no successor', async (t) => {
  const port = await freePort();
  const server = daemonService(directory, [tcp('127.0.0.1', port)], {
    id: 'server',
    daemon: {
      restart: {
        when: 'always',
        pause: milliseconds(10),
        steps: 0,
        longestPause: milliseconds(10),
        prevent: { codes: [], signals: [] },
        force: { codes: [], signals: [] },
      },
    },
  });
  await supervisor.apply([server]);
  const pid = await pidAt(port);
  steering.pause('server');
  t.equal(steering.pauseRemark('server'), `pid ${pid} keeps 127.0.0.1:${port} until it ends`);
  t.equal(await pidAt(port), pid, 'what runs goes on');
  t.match(steering.describe('server'), {
    endpoints: [{ state: 'lent' }],
    instances: [{ pid, what: 'daemon' }],
  });
  t.match(await steering.why('server', '127.0.0.1'), { verdict: 'admit' });
  const since = events.length;
  t.equal(steering.signal({ service: 'server' }, 9), 1);
  await until('exited', (event) => event.pid === pid, since);
  const client = ask(port);
  await becomes(() => steering.describe('server')?.endpoints[0]?.waiting === 1);
  t.match(await steering.why('server', '127.0.0.1'), { verdict: 'hold', reason: 'suspended' });
  t.match(await supervisor.restart('server'), { code: 'EBUSY' });
  supervisor.retryNow();
  await supervisor.apply([server]);
  t.notOk(events.slice(since).some(({ kind }) => kind === 'started'));
  steering.resume('server');
  t.match(await client, /^pid \d+$/);
});

t.test('limits are tuned until the next reload, and who is held is let in at once', async (t) => {
  const port = await freePort();
  const service = cat(port, { limits: { ...noLimits, instances: 1, perSource: 5 } });
  await supervisor.apply([service]);
  const first = await open(t, port);
  t.equal(await say(first, 'one'), 'one');
  const since = events.length;
  const second = await open(t, port);
  second.write('two');
  await until('held', () => true, since);
  t.match(steering.describe('cat'), { condition: 'held', limit: 1 });
  t.match(await steering.why('cat', '127.0.0.1'), { verdict: 'hold', reason: 'instances' });
  const heard = hear(second);
  t.equal(steering.tune('cat', { instances: 2, perSource: null }), undefined);
  t.equal(await heard, 'two');
  t.strictSame(steering.tunings('cat'), ['instances 1 -> 2', 'per-source 5 -> unlimited']);
  t.match(steering.describe('cat'), { limit: 2, live: 2 });
  steering.tune('cat', { perSource: 2 });
  t.strictSame(steering.tunings('cat'), ['instances 1 -> 2', 'per-source 5 -> 2']);
  await supervisor.apply([service]);
  t.strictSame(steering.tunings('cat'), [], 'the same text says what it said');
  t.match(steering.describe('cat'), { limit: 1, live: 2 });
  t.strictSame(supervisor.checkConsistency(), []);
  steering.tune('cat', { instances: 9 });
  await supervisor.apply([{ ...service, limits: { ...service.limits, perSource: 6 } }]);
  t.strictSame(steering.tunings('cat'), []);
  for (const instances of [0, -1, 1.5, Number.NaN, 1e9]) {
    t.equal(failureOf(steering.tune('cat', { instances })), 'EINVAL');
  }
  t.match(steering.tune('cat', { instances: 0 }), { what: /whole number.*not 0; to let nobody in, pause/ });
  t.equal(failureOf(steering.tune('dog', { instances: 1 })), 'ENOENT');
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', port)], { id: 'server' })]);
  t.equal(failureOf(steering.tune('server', { instances: 1 })), 'ENOTSUP');
});

t.test('signals reach what acceptd has started, and nobody else', async (t) => {
  const port = await freePort();
  await supervisor.apply([cat(port)]);
  const clients = [await open(t, port), await open(t, port)];
  for (const client of clients) t.equal(await say(client, 'x'), 'x');
  const [first] = steering.describe('cat')?.instances ?? [];
  t.match(first, { what: 'handler', peer: /^127\.0\.0\.1:\d+$/ });
  t.ok(Math.abs(Date.now() - (first?.startedAt.getTime() ?? 0)) < 60_000);
  const since = events.length;
  t.equal(steering.signal({ pid: first?.pid ?? 0 }, 15), 1);
  await until('exited', ({ pid, status }) => pid === first?.pid && status.kind === 'signal', since);
  t.equal(steering.signal({ service: 'cat' }, 9), 1);
  await until('exited', ({ pid }) => pid !== first?.pid, since);
  t.equal(steering.signal({ service: 'cat' }, 15), 0);
  for (const pid of [process.pid, 1, process.ppid, first?.pid ?? 0])
    t.match(steering.signal({ pid }, 15), { code: 'ESRCH', what: /nothing that acceptd has started/ });
  t.equal(failureOf(steering.signal({ service: 'dog' }, 15)), 'ENOENT');
  for (const signal of [0, -1, 65, 1.5])
    t.equal(failureOf(steering.signal({ service: 'cat' }, signal)), 'EINVAL');
});

t.test('a reload does what it was said to do', async (t) => {
  const [stays, goes, comes] = [await freePort(), await freePort(), await freePort()];
  const old = resolved('old', [tcp('127.0.0.1', goes)]);
  const changed = resolved('changed', [tcp('127.0.0.1', stays)]);
  await supervisor.apply([old, changed]);
  const wanted = [
    { ...changed, limits: { ...noLimits, instances: 3 } },
    resolved('new', [tcp('127.0.0.1', comes)]),
  ];
  const plan = await steering.plan(wanted);
  t.strictSame(plan, {
    opens: [{ service: 'new', address: `127.0.0.1:${comes}` }],
    closes: [{ service: 'old', address: `127.0.0.1:${goes}` }],
    kept: 1,
    added: ['new'],
    changed: ['changed'],
    removed: ['old'],
  });
  t.strictSame(
    steering.describeAll().map(({ service }) => service),
    ['old', 'changed'],
    'nothing was done',
  );
  t.strictSame(await supervisor.apply(wanted), plan);
  const nothing = { opens: [], closes: [], kept: 2, added: [], changed: [], removed: [] };
  t.strictSame(await steering.plan(wanted), nothing);
  t.strictSame(await supervisor.apply(wanted), nothing);
});

t.test('what is said of a client is what happens to it', async (t) => {
  const port = await freePort();
  const bytes = parseAddress('127.0.0.2') ?? new Uint8Array(4);
  const access = {
    onlyFrom: undefined,
    noAccess: [{ kind: 'network' as const, network: networkOf(bytes, 32) }],
    times: [],
    maxLoad: undefined,
    wrapperName: undefined,
  };
  const rate = { count: 2, window: milliseconds(3_600_000), pause: milliseconds(3_600_000) };
  await supervisor.apply([cat(port, { access, limits: { ...noLimits, rate, onRate: 'close' } })]);
  t.match(await steering.why('cat', '127.0.0.2'), {
    service: 'cat',
    address: '127.0.0.2',
    verdict: 'refuse',
    reason: 'access',
    steps: [{ result: 'passes' }, { test: 'no_access 127.0.0.2 (test.conf:1)', result: 'refuses' }],
  });
  for (const address of ['127.0.0.1', '127.0.0.1:77', '[::1]:77', '::1', '::ffff:127.0.0.1'])
    t.match(await steering.why('cat', address), { verdict: 'admit', reason: null }, address);
  t.match(await steering.why('cat', '::ffff:127.0.0.2'), { verdict: 'refuse' });
  for (const address of ['', 'localhost', '1.2.3', '1.2.3.4:99999', '[::1', '::1]', '1.2.3.4:', 'fe80::1%lo'])
    t.equal(failureOf(await steering.why('cat', address)), 'EINVAL', address);
  t.equal(failureOf(await steering.why('dog', '127.0.0.1')), 'ENOENT');
  // asking has used nothing up: both starts are left
  t.equal(await exchange(port, 'a'), 'a');
  t.equal(await exchange(port, 'b'), 'b');
  t.match(await steering.why('cat', '127.0.0.1'), { verdict: 'refuse', reason: 'rate' });
});

t.test('what would have to be asked is asked', async (t) => {
  const port = await freePort();
  const access = {
    onlyFrom: [{ kind: 'host' as const, name: 'localhost' }],
    noAccess: [],
    times: [],
    maxLoad: undefined,
    wrapperName: undefined,
  };
  await supervisor.apply([cat(port, { access })]);
  t.match(await steering.why('cat', '127.0.0.1'), { verdict: 'admit' });
  t.match(await steering.why('cat', '127.0.0.2'), { verdict: 'refuse', reason: 'access' });
  t.equal(await exchange(port, 'x'), 'x');
  const identity = { whenAdmitted: true, whenRefused: false, isRequired: true };
  await supervisor.apply([cat(port, { access, identity })]);
  t.match(await steering.why('cat', '127.0.0.1'), { verdict: 'ask', reason: null });
  t.match(await steering.why('cat', '127.0.0.2'), { verdict: 'refuse', reason: 'access' });
});

t.test('a start is explained with all that the handler finds', async (t) => {
  const port = await freePort();
  await supervisor.apply([
    cat(port, {
      limits: { ...noLimits, instances: 64 },
      process: {
        hasSession: true,
        nice: 5,
        umask: 0o22,
        workingDirectory: '/tmp',
        rootDirectory: undefined,
        resourceLimits: [{ resource: 'nofile', soft: 10, hard: undefined }],
        privileges: undefined,
        scheduling: undefined,
        ignoresPipe: false,
      },
      credentials: {
        userName: 'nobody',
        uid: 65_534,
        gid: 65_534,
        groups: [65_534],
        home: '/',
        shell: '/bin/sh',
      },
    }),
  ]);
  const plan = steering.explain('cat');
  t.match(plan, {
    service: 'cat',
    origin: 'test.conf:1',
    mode: 'per-connection',
    answer: 'program',
    file: '/bin/cat',
    arguments: ['cat'],
    credentials: { user: 'nobody (65534)', group: '65534', groups: ['65534'] },
    directory: '/tmp',
    root: null,
    umask: '022',
    nice: 5,
    descriptors: ['0: the connection', '1: the connection', "2: the service's log", '3: the connection'],
    resourceLimits: ['nofile 10:unlimited'],
    limits: ['instances 64, beyond them hold'],
  });
  const environment = plan?.environment ?? [];
  for (const line of ['REMOTE_ADDR=<client address>', 'PROTO=TCP', 'LISTEN_FDS=1', 'LISTEN_PID=<its pid>'])
    t.ok(environment.includes(line), line);
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port)], {
      id: 'server',
      words: ['notify'],
      daemon: {
        type: 'notify',
        startBefore: [
          {
            file: '/bin/sh',
            arguments: ['sh', '-c', 'echo a b'],
            expandsVariables: false,
            forgivesFailure: false,
            rights: 'service',
          },
        ],
      },
    }),
  ]);
  const daemon = steering.explain('server');
  t.match(daemon?.descriptors, [
    '0: /dev/null',
    "1: the service's log",
    "2: the service's log",
    `3: the socket of 127.0.0.1:${port}`,
  ]);
  t.ok(daemon?.environment.includes('NOTIFY_SOCKET=<its notify socket>'));
  t.ok(daemon?.further.includes('before it: /bin/sh -c "echo a b"'));
  t.equal(steering.explain('cat'), undefined);
});

t.test('built-ins and relays are seen with their clients', async (t) => {
  const [echoPort, relayPort] = [await freePort(), await freePort()];
  const target = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  t.teardown(() => target.close());
  const address = target.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const relay: Answer = {
    kind: 'relay',
    host: '127.0.0.1',
    port: `${port}`,
    connectTimeout: milliseconds(5000),
    ...plainRelay,
  };
  await supervisor.apply([
    resolved('echo', [tcp('127.0.0.1', echoPort)], {
      answer: { kind: 'builtin', builtin: 'echo', format: undefined },
    }),
    resolved('relay', [tcp('127.0.0.1', relayPort)], {
      answer: relay,
      targets: [{ version: 4, host: '127.0.0.1', port }],
      surroundings: plainSurroundings,
    }),
  ]);
  for (const [id, what, at] of [
    ['echo', 'built-in', echoPort],
    ['relay', 'relay', relayPort],
  ] as const) {
    const client = await open(t, at);
    t.equal(await say(client, 'hello'), 'hello');
    t.match(steering.describe(id), {
      service: id,
      live: 1,
      waiting: 0,
      instances: [{ pid: undefined, what, peer: `127.0.0.1:${client.localPort}` }],
    });
    client.destroy();
    await becomes(() => steering.describe(id)?.live === 0);
    t.strictSame(steering.describe(id)?.instances, []);
  }
  t.match(steering.explain('relay'), { answer: `relay to 127.0.0.1:${port}`, file: null, credentials: null });
  t.match(steering.explain('echo'), {
    answer: 'built-in echo',
    file: null,
    environment: [],
    descriptors: [],
  });
});
