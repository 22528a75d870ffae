// Upgrade in place with the real program: the new code takes over in the same process while clients come and go.
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ask } from '../operate/control/stage.ts';
import { type Acceptd, mainModule, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { run } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePorts } from '../support/ports.ts';
import { descriptorsOf, me, readToEnd } from './scene.ts';
import { install, isFollowing, talk, upgrade } from './upgrade-scene.ts';

const handlers = compileHandlers('serve');
const rounds = Number(process.env['ACCEPTD_UPGRADES'] ?? 2);
const crowd = 6;

// each upgrade is two starts of a program, and machines are slow
t.setTimeout(240_000);

/** Numbers come again in a long run, but not while somebody has them. */
const findUnpaired = (records: Acceptd['records']): readonly string[] => {
  const running = new Set<number | undefined>();
  const found: string[] = [];
  for (const { event, pid } of records) {
    if (event === 'started') {
      if (running.has(pid)) found.push(`${pid} was started twice`);
      running.add(pid);
    } else if (event === 'exited' && !running.delete(pid)) found.push(`${pid} has ended twice`);
  }
  return found;
};

const openTarget = async (t: Test): Promise<number> => {
  const server = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
};

t.test('nobody notices that another version serves', { timeout: 200_000 }, async (t) => {
  const [short = 0, long = 0, echo = 0, relay = 0, daemon = 0] = await freePorts(5);
  const common = `bind = 127.0.0.1, user = ${me}`;
  const acceptd = await startAcceptd(t, {
    config: `short on ${common}, port = ${short}, exec = /bin/echo, args = echo served;
long on ${common}, port = ${long}, exec = /bin/cat, instances = 3, per_source = 2, on_limit = refuse;
said on bind = 127.0.0.1, port = ${echo}, internal = echo;
passed on bind = 127.0.0.1, port = ${relay}, redirect = 127.0.0.1 ${await openTarget(t)};
kept on ${common}, port = ${daemon}, wait = yes, exec = ${join(handlers, 'serve')}, args = serve notify, notify = yes, fd_store = 2;
`,
  });
  const { pid } = acceptd;
  const sessions = await Promise.all([connect(long), connect(long), connect(echo), connect(relay)]);
  for (const each of sessions) t.equal(await talk(each, 'begin'), 'begin');
  const storing = await connect(daemon);
  storing.write('store one\n');
  const [answer] = await once(storing, 'data');
  t.equal(String(answer), 'stored\n');
  const main = await exchange(daemon, 'pid\n');
  // one upgrade brings what is opened late
  t.equal((await upgrade(acceptd)).event, 'upgraded');
  const before = descriptorsOf(pid).length;

  let isOver = false;
  let served = 0;
  const come = async (): Promise<void> => {
    while (!isOver) {
      const answer = await exchange(short, '', { timeout: 30_000 });
      if (answer !== 'served\n') throw new Error(`a client heard ${JSON.stringify(answer)}`);
      served++;
    }
  };
  const coming = Promise.all(Array.from({ length: crowd }, come));
  for (let round = 1; round <= rounds; round++) {
    const { event, fields } = await upgrade(acceptd);
    t.equal(event, 'upgraded', JSON.stringify(fields['failure'] ?? ''));
    for (const each of sessions) t.equal(await talk(each, `round ${round}`), `round ${round}`);
    t.equal(await exchange(daemon, 'pid\n', { timeout: 30_000 }), main, 'the daemon has gone on');
    t.equal(await exchange(long, '', { timeout: 30_000 }), '', 'two of one source are still counted');
  }
  isOver = true;
  await coming;
  t.ok(served > rounds, `${served} clients were served meanwhile`);
  t.equal(acceptd.pid, pid);

  for (const each of sessions) {
    each.end();
    t.equal(await readToEnd(each), '');
  }
  t.strictSame(findUnpaired(acceptd.records), [], 'nobody was started twice, and nobody has ended twice');
  await exchange(daemon, 'exit 0\n', { timeout: 30_000 });
  t.match(await exchange(daemon, 'names\n', { timeout: 30_000 }), /one/, 'what the daemon has left is there');
  t.ok(descriptorsOf(pid).length <= before + 2, 'nothing was left open');
  t.equal(await acceptd.stop(), 0);
  t.equal(
    acceptd.records.filter(({ event }) => event === 'exited').length,
    acceptd.records.filter(({ event }) => event === 'started').length,
    'every start has its end',
  );
});

const broken: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['a syntax error', 'this is no JavaScript', /SyntaxError/],
  [
    'an end with a status',
    "process.stderr.write('no such luck\\n'); process.exit(3);",
    /status 3: no such luck/,
  ],
  ['one that does something else', '', /did not say that it is ready/],
];

t.test('a version that could not take over is refused, and the old one goes on', async (t) => {
  const [port = 0] = await freePorts(1);
  const { program, replace } = install(t);
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`,
    program,
    arguments: ['--upgrade-deadline', '20'],
  });
  const session = await connect(port);
  t.equal(await talk(session, 'begin'), 'begin');
  const refused = async (what: string, says: RegExp): Promise<void> => {
    const { event, fields } = await upgrade(acceptd);
    t.equal(event, 'upgrade-failed', what);
    t.match(JSON.stringify(fields['failure']), says, what);
    t.equal(await talk(session, what), what, 'who is served is served on');
    t.equal(await exchange(port, 'new'), 'new', 'and others are');
  };
  renameSync(acceptd.configPath, `${acceptd.configPath}.away`);
  await refused('a configuration that is gone', /configuration cannot be read any more/);
  renameSync(`${acceptd.configPath}.away`, acceptd.configPath);
  for (const [what, text, says] of broken) {
    replace(text);
    await refused(what, says);
  }
  session.end();
  t.equal(await acceptd.stop(), 0);
});

t.test('a version that says nothing is not waited for without end', async (t) => {
  const [port = 0] = await freePorts(1);
  const { program, replace } = install(t);
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`,
    program,
    arguments: ['--upgrade-deadline', '2'],
  });
  replace('setInterval(() => undefined, 1000);');
  const { event, fields } = await upgrade(acceptd);
  t.equal(event, 'upgrade-failed');
  t.match(JSON.stringify(fields['failure']), /not ready after 2s/);
  t.equal(await exchange(port, 'new'), 'new');
  t.equal(await acceptd.stop(), 0);
});

type Status = {
  readonly pid: number;
  readonly startedAt: string;
  readonly upgrades: number;
  readonly services: readonly {
    readonly service: string;
    readonly condition: string;
    readonly limit: number | null;
    readonly accepted: number;
    readonly served: number;
    readonly refused: number;
    readonly failed: number;
    readonly waiting: number;
  }[];
};

const isStatus = (value: unknown): value is Status =>
  typeof value === 'object' && value !== null && 'services' in value && Array.isArray(value.services);

t.test('an upgrade by the control socket keeps what was counted and what was steered', async (t) => {
  const [short = 0, long = 0, shut = 0] = await freePorts(3);
  const control = join(mkdtempSync(join(tmpdir(), 'acceptd-upgraded-')), 'control');
  t.teardown(() => rmSync(dirname(control), { recursive: true, force: true }));
  const acceptd = await startAcceptd(t, {
    config: [short, long, shut]
      .map((port) => `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`)
      .join(''),
    arguments: ['--control', control, '--metrics'],
  });
  const { pid } = acceptd;
  const pathOf = (port: number): string => `/v1/services/${encodeURIComponent(`127.0.0.1:${port}/tcp`)}`;
  const order = async (method: string, path: string, body = '{}') => {
    const { status, text } = await ask(control, method, path, body);
    t.equal(status, 200, `${method} ${path}: ${text}`);
    return text;
  };
  const look = async (port: number) => {
    const { value } = await ask(control, 'GET', '/v1/status');
    if (!isStatus(value)) throw new Error('that is no status');
    for (const { service, accepted, served, refused, failed, waiting } of value.services)
      t.equal(accepted, served + refused + failed + waiting, `${service}: each client is accounted for`);
    const service = value.services.find((each) => each.service === `127.0.0.1:${port}/tcp`);
    return { value, service };
  };

  t.equal(await exchange(short, 'one'), 'one');
  t.equal(await exchange(short, 'two'), 'two');
  const session = await connect(long);
  t.equal(await talk(session, 'begin'), 'begin');
  const begun = performance.now();
  await order('PATCH', pathOf(long), JSON.stringify({ instances: 1 }));
  await order('POST', `${pathOf(shut)}/pause`);
  const waiting = exchange(shut, 'let me in', { timeout: 60_000 });
  const { value: before } = await look(short);

  const from = acceptd.records.length;
  t.match(await order('POST', '/v1/upgrade'), /has taken over/);
  await acceptd.waitFor(({ event }) => event === 'upgraded', 'the record of it', from);
  const { fields: ordered } = await acceptd.waitFor(
    ({ event }) => event === 'control-order',
    'the record of who wanted it',
    from,
  );
  t.match(ordered, { order: 'POST /v1/upgrade', status: 200, by: `pid ${process.pid}` });
  const { value: after, service } = await look(short);
  t.match(after, { pid, startedAt: before.startedAt, upgrades: 1 });
  t.match(service, { accepted: 2, served: 2 });
  t.match((await look(shut)).service, { condition: 'paused', accepted: 0 });
  t.match((await look(long)).service, { limit: 1, accepted: 1, served: 1 });
  t.match((await ask(control, 'GET', pathOf(long))).text, /instances \S+ -> 1"/);

  t.equal(await exchange(short, 'three'), 'three');
  t.match((await look(short)).service, { accepted: 3, served: 3 });
  const { text } = await ask(control, 'GET', '/metrics');
  t.match(text, `acceptd_connections_accepted_total{service="127.0.0.1:${short}/tcp"} 3\n`);
  await order('POST', `${pathOf(shut)}/resume`);
  t.equal(await waiting, 'let me in');

  const lasted = performance.now() - begun;
  session.end();
  t.equal(await readToEnd(session), '');
  const { fields } = await acceptd.waitFor(
    (record) => record.event === 'exited' && record.service === `127.0.0.1:${long}/tcp`,
    'the end of the session',
    from,
  );
  t.ok(Number(fields['duration']) >= lasted, 'it has lasted since before the upgrade');

  const { stdout, code } = await run(process.execPath, [mainModule, 'upgrade', '--control', control]);
  t.equal(code, 0);
  t.match(stdout, /has taken over/);
  t.match((await look(short)).value, { pid, upgrades: 2 });
  await order('PATCH', pathOf(long), JSON.stringify({ instances: null }));
  t.equal(await acceptd.stop(), 0);
  t.notOk(existsSync(control), 'the next version removes the file');
});

t.test('a stop that comes before the next version can hear it is kept for it', async (t) => {
  const [port = 0] = await freePorts(1);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const acceptd = await startAcceptd(t, {
      config: `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`,
    });
    acceptd.signal('SIGUSR2');
    // from its first moment on
    while (!isFollowing(acceptd)) await setImmediate();
    acceptd.signal(signal);
    t.equal(await acceptd.ended(), 0, signal);
    t.ok(acceptd.records.some(({ event }) => event === 'upgraded'));
    t.ok(acceptd.records.some(({ event }) => event === 'stopped'));
  }
});
