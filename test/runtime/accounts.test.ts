// Each client is accounted for once, whatever becomes of it: accepted = served + failed + refused + waiting, at every quiet moment.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import type { Access, Identity } from '../../src/model/access.ts';
import { plainDaemon, plainLifetime } from '../../src/model/daemon.ts';
import { networkOf, parseAddress } from '../../src/model/network.ts';
import { milliseconds, seconds } from '../../src/model/quantity.ts';
import { type Answer, plainRelay, plainSurroundings, type ResolvedService } from '../../src/model/service.ts';
import { type Account, accountsOf, findMiscounts } from '../support/accounts.ts';
import { becomes } from '../support/becomes.ts';
import { exchange } from '../support/client.ts';
import { hasProgram } from '../support/command.ts';
import { daemonService, openSupervisor } from '../support/daemons.ts';
import { freePort } from '../support/ports.ts';
import { noLimits, resolved, tcp } from '../support/services.ts';

const { supervisor, events, until, directory } = openSupervisor(t, { processLimit: 40 });
const { steering } = supervisor;

/** What a client heard: `echo` of its line, nothing, or something else; never rejects. */
const call = (port: number, line: string, from = '127.0.0.1'): Promise<string> =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
    let heard = '';
    const patience = setTimeout(() => socket.destroy(), 100_000);
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.end(line));
    socket.on('data', (part: string) => {
      heard += part;
    });
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      clearTimeout(patience);
      resolve(heard);
    });
  });

/** Nobody is answered, asked about or ending any more. */
const quiet = async (): Promise<void> => {
  const isBusy = (): boolean =>
    steering
      .describeAll()
      .some(
        ({ live, waiting, endpoints }) =>
          live > 0 || waiting > 0 || endpoints.some((each) => (each.waiting ?? 0) > 0),
      );
  await becomes(() => !isBusy());
};

const none: Account = { accepted: 0, served: 0, failed: 0, refused: 0 };
const accountOf = (id: string, since: number): Account => accountsOf(events.slice(since)).get(id) ?? none;

const refusedFor = (id: string, reason: string, since: number): number =>
  events
    .slice(since)
    .filter((event) => event.kind === 'refused' && event.service === id && event.reason === reason).length;

const keepsOut = (host: string): Access => ({
  onlyFrom: undefined,
  noAccess: [{ kind: 'network', network: networkOf(parseAddress(host) ?? new Uint8Array(4), 32) }],
  times: [],
  maxLoad: undefined,
  wrapperName: undefined,
});

const missing: Answer = { kind: 'program', file: '/nowhere/nothing', arguments: ['nothing'] };
const builtin = (name: 'echo' | 'daytime' | 'tcpmux'): Answer => ({
  kind: 'builtin',
  builtin: name,
  format: undefined,
});
const relayTo = (port: number): Partial<ResolvedService> => ({
  answer: { kind: 'relay', host: '127.0.0.1', port: `${port}`, connectTimeout: seconds(5), ...plainRelay },
  targets: [{ version: 4, host: '127.0.0.1', port }],
});
const required: Identity = { whenAdmitted: true, whenRefused: false, isRequired: true };

t.test('many clients of services that fail them in every way', async (t) => {
  const since = events.length;
  const services: ResolvedService[] = [];
  const ports = new Map<string, number>();
  const add = async (id: string, rest: Partial<ResolvedService>): Promise<void> => {
    const port = await freePort();
    ports.set(id, port);
    services.push(resolved(id, [tcp('127.0.0.1', port)], rest));
  };
  await add('plain', {});
  await add('full', { limits: { ...noLimits, instances: 2, onLimit: 'refuse' } });
  await add('held', { limits: { ...noLimits, instances: 2 } });
  await add('source', { limits: { ...noLimits, perSource: 1 } });
  await add('rate', { limits: { ...noLimits, perSourceRate: { count: 3, window: seconds(3600) } } });
  await add('list', { access: keepsOut('127.0.0.2') });
  await add('banner', {
    access: keepsOut('127.0.0.2'),
    banners: { always: '/etc/hostname', success: '/etc/hostname', failure: '/etc/hostname' },
  });
  await add('missing', { answer: missing });
  await add('bare', { identity: required });
  await add('echo', { answer: builtin('echo') });
  await add('daytime', {
    answer: builtin('daytime'),
    limits: { ...noLimits, instances: 1, onLimit: 'refuse' },
  });
  await add('nowhere', relayTo(await freePort()));
  await add('relay', relayTo(ports.get('echo') ?? 0));
  await add('mux', { answer: builtin('tcpmux') });
  const member = (id: string, rest: Partial<ResolvedService>): void =>
    void services.push(resolved(id, [], { mux: { name: id, saysGo: true }, ...rest }));
  member('ours', {});
  member('denied', { access: keepsOut('127.0.0.1') });
  member('lost', { answer: missing });
  member('few', { limits: { ...noLimits, instances: 1 } });
  await supervisor.apply(services);

  const each = 12;
  const muxNames = ['ours', 'denied', 'lost', 'few', 'unknown', 'help'];
  const calls: Promise<readonly [string, string]>[] = [];
  for (let count = 0; count < each; count++) {
    for (const [id, port] of ports) {
      const names = id === 'mux' ? muxNames.map((name) => `${name}\r\nline`) : ['line'];
      for (const line of names)
        calls.push(
          call(port, line, count % 3 === 0 ? '127.0.0.2' : '127.0.0.1').then((heard) => [id, heard] as const),
        );
    }
  }
  const heard = await Promise.all(calls);
  await quiet();
  t.strictSame(findMiscounts(events.slice(since), supervisor), []);
  t.strictSame(supervisor.checkConsistency(), []);
  for (const id of ports.keys())
    t.equal(
      accountOf(id, since).accepted,
      // what is relayed comes to echo
      each * (id === 'mux' ? muxNames.length : id === 'echo' ? 2 : 1),
      id,
    );
  const served = (id: string): number =>
    heard.filter(([each, text]) => each === id && text.includes('line')).length;
  for (const id of ['plain', 'full', 'held', 'source', 'rate', 'list', 'banner'])
    t.equal(accountOf(id, since).served, served(id), `${id}: who was answered heard it`);
  t.match(accountOf('missing', since), {
    served: 0,
    refused: accountOf('missing', since).accepted - accountOf('missing', since).failed,
  });
  t.match(accountOf('nowhere', since), { served: 0, failed: each, refused: 0 });
  t.match(accountOf('bare', since), { served: 0, refused: each });
  t.match(accountOf('list', since), { refused: accountOf('list', since).accepted - served('list') });
  t.equal(refusedFor('denied', 'access', since), (each * 2) / 3);
});

t.test('datagrams that each get an instance, and those of a whole socket', async (t) => {
  const since = events.length;
  const [port, whole, gone] = [await freePort(), await freePort(), await freePort()];
  const udp = (at: number) => [tcp('127.0.0.1', at, { socketType: 'dgram' })];
  await supervisor.apply([
    resolved('each', udp(port), {
      access: keepsOut('127.0.0.2'),
      answer: { kind: 'program', file: '/bin/true', arguments: ['true'] },
      limits: { ...noLimits, instances: 2 },
    }),
    resolved('whole', udp(whole), {
      mode: 'whole-socket',
      access: keepsOut('127.0.0.2'),
      answer: { kind: 'program', file: '/bin/dd', arguments: ['dd', 'bs=512', 'count=1', 'of=/dev/null'] },
    }),
    resolved('gone', udp(gone), { mode: 'whole-socket', answer: missing }),
  ]);
  const send = (to: number, from: string): Promise<void> =>
    new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.bind(0, from, () => socket.send('x', to, '127.0.0.1', () => socket.close(() => resolve())));
    });
  for (const from of ['127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.2', '127.0.0.1']) {
    await send(port, from);
    await send(whole, from);
  }
  await send(gone, '127.0.0.1');
  await until('start-failed', ({ service }) => service === 'gone', since);
  const isDone = (): boolean =>
    accountOf('each', since).accepted === 5 && accountOf('whole', since).served === 3;
  await becomes(isDone);
  steering.pause('gone');
  await becomes(() => !steering.describeAll().some(({ live }) => live > 0));
  t.strictSame(findMiscounts(events.slice(since), supervisor), []);
  t.match(accountOf('each', since), { accepted: 5, served: 3, refused: 2 });
  // the kernel keeps the others out
  t.match(accountOf('whole', since), { accepted: 3, served: 3, refused: 0 });
  t.match(accountOf('gone', since), { served: 0, refused: 0 });
});

t.test('who is taken along at a reload is counted once, and who was paused is turned away', async (t) => {
  const port = await freePort();
  const held = { limits: { ...noLimits, instances: 1 } };
  await supervisor.apply([resolved('before', [tcp('127.0.0.1', port)], held)]);
  const since = events.length;
  const first = createConnection({ port, host: '127.0.0.1' });
  first.write('x');
  await until('started', ({ service }) => service === 'before', since);
  const others = [call(port, 'one'), call(port, 'two')];
  const waits = (count: number): Promise<void> =>
    becomes(() => steering.describeAll()[0]?.endpoints[0]?.waiting === count);
  await waits(2);
  await supervisor.apply([resolved('after', [tcp('0.0.0.0', port)])]);
  t.strictSame(await Promise.all(others), ['one', 'two']);
  first.destroy();
  await quiet();
  t.match(accountOf('after', since), { accepted: 2, served: 2 });
  steering.pause('after');
  const third = call(port, 'three');
  await waits(1);
  await supervisor.apply([resolved('after', [tcp('127.0.0.1', port)])]);
  t.equal(await third, '');
  await quiet();
  t.match(accountOf('after', since), { accepted: 3, served: 2, refused: 1 });
  t.strictSame(findMiscounts(events.slice(since), supervisor), []);
});

t.test('what waits for a daemon that is flushed at its end is told of', async (t) => {
  const port = await freePort();
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port)], {
      id: 'flushed',
      words: ['deaf'],
      daemon: { flushesPending: true, startLimit: undefined },
    }),
  ]);
  const since = events.length;
  const clients = [call(port, 'one')];
  const { pid } = await until('started', ({ service }) => service === 'flushed', since);
  clients.push(call(port, 'two'), call(port, 'three'));
  await becomes(() => steering.describe('flushed')?.endpoints[0]?.waiting === 3);
  t.equal(steering.signal({ pid }, 9), 1);
  t.strictSame(await Promise.all(clients), ['', '', '']);
  await until('exited', (event) => event.pid === pid, since);
  t.match(accountOf('flushed', since), { accepted: 3, served: 0, refused: 3 });
  t.strictSame(findMiscounts(events.slice(since), supervisor), []);
});

const prlimit = '/usr/bin/prlimit';

t.test(
  'out of descriptors: who is turned away is told of once, and who waits not at all',
  { skip: hasProgram(prlimit) ? false : 'needs prlimit' },
  async (t) => {
    const port = await freePort();
    await supervisor.apply([resolved('short', [tcp('127.0.0.1', port)])]);
    const since = events.length;
    steering.pause('short');
    const each = 8;
    const calls = Array.from({ length: each }, (_, index) => call(port, `${index}`));
    await becomes(() => steering.describe('short')?.endpoints[0]?.waiting === each);
    const soft = execFileSync(
      prlimit,
      ['--pid', `${process.pid}`, '--nofile', '--noheadings', '--output', 'SOFT'],
      { encoding: 'utf8' },
    ).trim();
    const highest = readdirSync('/proc/self/fd').length;
    execFileSync(prlimit, ['--pid', `${process.pid}`, `--nofile=${highest + 20}:`]);
    const filler: number[] = [];
    const takeAll = (): void => {
      try {
        for (;;) filler.push(openSync('/dev/null', 'r'));
      } catch {
        // there are no more
      }
    };
    const isTold = (): boolean => refusedFor('short', 'descriptors', since) > 0;
    const deadline = performance.now() + 20_000;
    takeAll();
    steering.resume('short');
    // what others give back meanwhile is taken too
    while (!isTold() && performance.now() < deadline) {
      await setImmediate();
      takeAll();
    }
    for (const descriptor of filler) closeSync(descriptor);
    execFileSync(prlimit, ['--pid', `${process.pid}`, `--nofile=${soft}:`]);
    const heard = await Promise.all(calls);
    await quiet();
    const served = heard.filter((text) => text !== '').length;
    t.match(accountOf('short', since), { accepted: each, served, refused: each - served });
    t.equal(refusedFor('short', 'descriptors', since), each - served);
    t.ok(served < each);
    t.strictSame(findMiscounts(events.slice(since), supervisor), []);
  },
);

const command = {
  file: '/bin/cat',
  arguments: ['cat'],
  expandsVariables: false,
  forgivesFailure: false,
  rights: 'service' as const,
};

const readsTexts = (port: number): ResolvedService =>
  resolved('texts', [tcp('127.0.0.1', port)], {
    startTexts: {
      command,
      environmentFiles: [{ path: '/etc/hostname', isOptional: true }],
      unsetVariables: [],
      isPerInstance: false,
    },
  });

t.test('who waits while another version was to take over is accepted once', async (t) => {
  const port = await freePort();
  await supervisor.apply([readsTexts(port)]);
  const since = events.length;
  const heard = call(port, 'line');
  await until('accepted', ({ service }) => service === 'texts', since);
  supervisor.handover.pause();
  supervisor.handover.surrender();
  t.match(steering.describe('texts'), { waiting: 0, live: 0 });
  t.match(supervisor.handover.save(), { clients: [{ through: 'listener' }] });
  supervisor.handover.resume();
  t.match(steering.describe('texts'), { waiting: 1, live: 1 });
  t.equal(await heard, 'line');
  await quiet();
  t.match(accountOf('texts', since), { accepted: 1, served: 1, refused: 0 });
  t.strictSame(findMiscounts(events.slice(since), supervisor), []);
});

t.test('who waits for something at the end is refused, once', async (t) => {
  const [texts, backend] = [await freePort(), await freePort()];
  await supervisor.apply([
    readsTexts(texts),
    resolved('behind', [tcp('127.0.0.1', backend)], {
      ...relayTo(await freePort()),
      answer: {
        kind: 'relay',
        host: '127.0.0.1',
        port: '1',
        connectTimeout: seconds(30),
        ...plainRelay,
        backend: { file: `${directory}/serve`, arguments: ['serve', 'deaf'] },
      },
      surroundings: { ...plainSurroundings, stdin: 'null', stdout: 'log', stderr: 'log' },
      daemon: { ...plainDaemon, type: 'notify', startTimeout: seconds(60) },
      lifetime: plainLifetime,
    }),
  ]);
  t.equal(await exchange(texts, 'well'), 'well');
  await becomes(() => steering.describe('texts')?.live === 0);
  const since = events.length;
  const waiting = call(backend, 'x');
  await until('started', ({ service }) => service === 'behind', since);
  t.match(steering.describe('behind'), { waiting: 0, live: 2 });
  const last = call(texts, 'y');
  await until('accepted', ({ service }) => service === 'texts', since);
  t.match(steering.describe('texts'), { waiting: 1, live: 1 });
  await supervisor.stop(milliseconds(0));
  t.strictSame(await Promise.all([waiting, last]), ['', '']);
  t.match(accountOf('behind', since), { accepted: 1, served: 0, refused: 1 });
  t.match(accountOf('texts', since), { accepted: 1, served: 0, refused: 1 });
  t.strictSame(findMiscounts(events, supervisor), []);
});
