// The whole way: real clients of a running server, and what its services' files and the system's logger have of them.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Event, Observer } from '../../src/model/event.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import type { ResolvedService } from '../../src/model/service.ts';
import type { LogDestination } from '../../src/model/service-log.ts';
import { createLogPlaces } from '../../src/operate/log-destinations.ts';
import type { LogNotice } from '../../src/operate/log-notice.ts';
import { observers } from '../../src/operate/memory.ts';
import { createSyslog } from '../../src/operate/syslog.ts';
import { createXinetdLog } from '../../src/operate/xinetd-log.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createSupervisor } from '../../src/runtime/supervisor.ts';
import { connect, exchange, exchangeDatagram } from '../support/client.ts';
import { unixAt } from '../support/engine.ts';
import { freePorts } from '../support/ports.ts';
import { noLimits, resolved, tcp } from '../support/services.ts';

const directory = mkdtempSync(join(tmpdir(), 'logs-'));
const path = join(directory, 'services.log');
const socketPath = join(directory, 'log');
const patience = 10_000;

const seen: Event[] = [];
let onEvent = (): void => undefined;
const watchers: Observer[] = [
  {
    isWanted: () => true,
    observe: (event: Event) => {
      seen.push(event);
      onEvent();
    },
  },
];
const supervisor = createSupervisor({
  clock: systemClock,
  observer: observers(watchers),
  environment: process.env,
  copiesMemory: process.env['ACCEPTD_TEST_COPIES_MEMORY'] === '1',
});
const { kernel } = supervisor;
const notices: LogNotice[] = [];
const common = { kernel, clock: systemClock, tell: (notice: LogNotice) => void notices.push(notice) };
const syslog = createSyslog({ ...common, path: socketPath, format: 'rfc3164', ident: 'xinetd', pid: 77 });
const places = createLogPlaces({ ...common, syslog });
const log = createXinetdLog(systemClock, places);
watchers.push(log.observer);

/** Resolves when so many events of a kind have come from a service since `from`. */
const happened = (kind: Event['kind'], service: string, count = 1, from = 0): Promise<void> =>
  new Promise((resolve) => {
    onEvent = () => {
      const found = seen
        .slice(from)
        .filter((event) => event.kind === kind && 'service' in event && event.service === service);
      if (found.length >= count) resolve();
    };
    onEvent();
  });

const apply = async (services: readonly ResolvedService[]): Promise<void> => {
  log.setServices(services);
  await supervisor.apply(services);
};

t.teardown(async () => {
  await supervisor.stop(milliseconds(0));
  await Promise.all([places.flush(1), syslog.finish(1)]);
  kernel.shutDown();
  rmSync(directory, { recursive: true, force: true });
});

const file: LogDestination = { kind: 'file', path, softLimit: undefined, hardLimit: undefined };
const toSyslog: LogDestination = { kind: 'syslog', facility: 'daemon', level: 'info' };
const program = (command: string): Partial<ResolvedService> => ({
  answer: { kind: 'program', file: '/bin/sh', arguments: ['sh', '-c', command] },
});

const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0] = await freePorts(7);
const service = (
  id: string,
  port: number,
  rest: Partial<ResolvedService>,
  destination: LogDestination = file,
): ResolvedService =>
  resolved(id, [tcp('127.0.0.1', port)], {
    serviceLog: { destination, onSuccess: ['pid', 'host', 'exit', 'duration'], onFailure: ['host'] },
    ...rest,
  });

const services = [
  service('good', a, program('exit 7')),
  service('full', b, { ...program('read x'), limits: { ...noLimits, instances: 1, onLimit: 'refuse' } }),
  service('echo', c, { answer: { kind: 'builtin', builtin: 'echo', format: 'xinetd' } }),
  service('daytime', d, { answer: { kind: 'builtin', builtin: 'daytime', format: 'xinetd' } }),
  service('bad', e, { answer: { kind: 'program', file: '/nowhere/at/all', arguments: ['all'] } }),
  {
    ...service('echo-d', g, { answer: { kind: 'builtin', builtin: 'echo', format: 'xinetd' } }),
    addresses: [tcp('127.0.0.1', g, { socketType: 'dgram' })],
  },
  service('far', f, program('exit 0'), toSyslog),
];

/** What fail2ban's own filter, and scripts that read these logs, look for. */
const time = String.raw`\d\d/\d{1,2}/\d{1,2}@\d\d:\d\d:\d\d: `;
const lineKinds: readonly (readonly [string, RegExp])[] = [
  ['a start', new RegExp(`^${time}START: (\\S+) pid=(\\d+) from=(127\\.0\\.0\\.1)$`)],
  ['an end', new RegExp(`^${time}EXIT: (\\S+) status=(\\d+) pid=(\\d+) duration=(\\d+)\\(sec\\)$`)],
  ['a refusal', new RegExp(`^${time}FAIL: (\\S+) (service_limit) from=(127\\.0\\.0\\.1)$`)],
];

t.test('what real clients did stands in the file, each line of a known kind', async (t) => {
  await apply(services);
  await exchange(a, '');
  await happened('exited', 'good');
  const first = await connect(b);
  await happened('started', 'full');
  await exchange(b, '');
  await happened('refused', 'full');
  first.end('x\n');
  await happened('exited', 'full');
  t.equal(await exchange(c, 'hello'), 'hello');
  await happened('builtin-ended', 'echo');
  t.match(await exchange(d, ''), /\d/);
  await happened('builtin-ended', 'daytime');
  t.equal(String(await exchangeDatagram(g, () => Buffer.from('a datagram'))), 'a datagram');
  await exchange(e, '').catch(() => undefined);
  await happened('start-failed', 'bad');
  await places.flush(1);
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  for (const line of lines)
    t.ok(
      lineKinds.some(([, kind]) => kind.test(line)),
      line,
    );
  const pidOf = (id: string): number =>
    seen.flatMap((event) => (event.kind === 'started' && event.service === id ? [event.pid] : []))[0] ?? 0;
  t.strictSame(
    lines.map((line) => line.replace(new RegExp(`^${time}`), '')),
    [
      `START: good pid=${pidOf('good')} from=127.0.0.1`,
      `EXIT: good status=7 pid=${pidOf('good')} duration=0(sec)`,
      `START: full pid=${pidOf('full')} from=127.0.0.1`,
      'FAIL: full service_limit from=127.0.0.1',
      `EXIT: full status=0 pid=${pidOf('full')} duration=0(sec)`,
      'START: echo pid=0 from=127.0.0.1',
      'EXIT: echo status=0 pid=0 duration=0(sec)',
      'START: daytime pid=0 from=127.0.0.1',
      'START: echo-d pid=0 from=127.0.0.1',
      `START: bad pid=${pidOf('bad')} from=127.0.0.1`,
      `EXIT: bad status=127 pid=${pidOf('bad')} duration=0(sec)`,
    ],
  );
});

t.test('a rotated file is found by a reopening, as HUP asks for it', async (t) => {
  renameSync(path, `${path}.1`);
  places.reopen();
  const read = (): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  // until the new file is open, lines go to the old one, as they do with every logger
  for (let count = 0; count < 200 && read() === ''; count++) {
    const from = seen.length;
    await exchange(a, '');
    await happened('exited', 'good', 1, from);
    await places.flush(patience);
  }
  t.match(read(), /EXIT: good/);
});

t.test('a logger that does not read stops nobody', async (t) => {
  const logger = kernel.openSocket('unix', 'dgram');
  kernel.bindUnix(logger, unixAt(socketPath, 'dgram'));
  kernel.setBlocking(logger, false);
  const from = seen.length;
  const count = 200;
  for (let each = 0; each < count; each++) await exchange(f, '');
  await happened('exited', 'far', count, from);
  t.pass('all were served');
  const messages: string[] = [];
  const room = Buffer.alloc(2_048);
  kernel.watch(logger, () => {
    for (let length = kernel.read(logger, room, 'take'); length !== undefined; ) {
      messages.push(room.toString('utf8', 0, length));
      length = kernel.read(logger, room, 'take');
    }
  });
  await syslog.flush(patience);
  for (let turn = 0; messages.length < 2 * count && turn < 1_000; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  kernel.close(logger);
  t.equal(messages.length, 2 * count);
  for (const message of messages) {
    t.match(
      message,
      /^<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d xinetd\[77\]: (?:START: far pid=\d+ from=127\.0\.0\.1|EXIT: far status=0 pid=\d+ duration=\d+\(sec\))$/,
    );
  }
});

t.test('a service that is gone is logged to the end of its last instance', async (t) => {
  const from = seen.length;
  const client = await connect(b);
  await happened('started', 'full', 1, from);
  await apply([]);
  t.equal(log.observer.isWanted('exited'), true);
  client.end('x\n');
  await happened('exited', 'full', 1, from);
  t.equal(log.observer.isWanted('exited'), false);
  await places.flush(patience);
  const pid = seen.slice(from).find((event) => event.kind === 'started')?.pid;
  for (
    let turn = 0;
    turn < 1_000 && !readFileSync(path, 'utf8').includes(`EXIT: full status=0 pid=${pid}`);
    turn++
  )
    await new Promise((resolve) => setImmediate(resolve));
  t.match(readFileSync(path, 'utf8'), `EXIT: full status=0 pid=${pid}`);
  t.strictSame(notices, []);
});
