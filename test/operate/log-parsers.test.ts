// Programs that read xinetd's logs read these: each kind of line by an expression as such programs have it, and fail2ban itself.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Event } from '../../src/model/event.ts';
import { milliseconds, seconds } from '../../src/model/quantity.ts';
import type { ResolvedService } from '../../src/model/service.ts';
import { failureFields, type LogDestination, successFields } from '../../src/model/service-log.ts';
import { createLogPlaces } from '../../src/operate/log-destinations.ts';
import { createSyslog } from '../../src/operate/syslog.ts';
import { createXinetdLog } from '../../src/operate/xinetd-log.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { openEngine, unixAt } from '../support/engine.ts';
import { resolved, tcp } from '../support/services.ts';

const { kernel } = openEngine(t);
const directory = mkdtempSync(join(tmpdir(), 'parsers-'));
t.teardown(() => rmSync(directory, { recursive: true }));
const socketPath = join(directory, 'socket');
const file = (name: string): LogDestination => ({
  kind: 'file',
  path: join(directory, name),
  softLimit: undefined,
  hardLimit: undefined,
});

const logged = (id: string, destination: LogDestination, showsMapped: boolean): ResolvedService => {
  const plain = resolved(id, [tcp('127.0.0.1', 17_001)]);
  return {
    ...plain,
    surroundings: { ...plain.surroundings, showsMapped },
    identity: { whenAdmitted: true, whenRefused: true, isRequired: true },
    serviceLog: { destination, onSuccess: successFields, onFailure: failureFields },
  };
};

const peer = { kind: 'internet', host: '192.0.2.7', port: 4711 } as const;

/** One event for each kind of line. */
const eventsOf = (service: string): readonly Event[] => [
  { kind: 'started', service, pid: 12, peer },
  { kind: 'identified', service, pid: 12, peer, user: 'UNIX : alice' },
  { kind: 'relayed', service, peer, bytesIn: 5, bytesOut: 70 },
  {
    kind: 'exited',
    service,
    pid: 12,
    status: { kind: 'exit', code: 3 },
    duration: seconds(61),
    userTime: milliseconds(1),
    systemTime: milliseconds(1),
    peakKibibytes: undefined,
    peer,
  },
  {
    kind: 'exited',
    service,
    pid: 13,
    status: { kind: 'signal', signal: 9, dumpedCore: false },
    duration: seconds(1),
    userTime: milliseconds(1),
    systemTime: milliseconds(1),
    peakKibibytes: undefined,
    peer,
  },
  { kind: 'refused', service, reason: 'access', cause: 'list', peer },
  { kind: 'refused', service, reason: 'access', cause: 'wrappers', peer },
  { kind: 'trapped', service, peer, denyTime: undefined },
  { kind: 'refused', service, reason: 'time', cause: undefined, peer },
  { kind: 'refused', service, reason: 'rate', cause: undefined, peer },
  { kind: 'unidentified', service, peer, why: 'timeout' },
];

const bindLogger = () => {
  const logger = kernel.openSocket('unix', 'dgram');
  kernel.bindUnix(logger, unixAt(socketPath, 'dgram'));
  kernel.setBlocking(logger, false);
  return logger;
};

/** The lines of a file of plain addresses, of one of mapped ones, and those that a logger would write. */
const writeLogs = async (): Promise<readonly [plain: string, mapped: string, logger: string]> => {
  const logger = bindLogger();
  const tell = (notice: { readonly text: string }): void => void t.fail(notice.text);
  const common = { kernel, clock: systemClock, tell };
  const syslog = createSyslog({ ...common, path: socketPath, format: 'rfc3164', ident: 'xinetd', pid: 77 });
  const places = createLogPlaces({ ...common, syslog });
  const { observer, setServices } = createXinetdLog(systemClock, places);
  setServices([
    logged('finger', file('plain'), false),
    logged('cvs-pserver', file('mapped'), true),
    logged('rsync', { kind: 'syslog', facility: 'daemon', level: 'info' }, false),
  ]);
  const messages: string[] = [];
  const room = Buffer.alloc(2_048);
  kernel.watch(logger, () => {
    const length = kernel.read(logger, room, 'take');
    if (length !== undefined) messages.push(room.toString('utf8', 0, length));
  });
  const events = ['finger', 'cvs-pserver', 'rsync'].flatMap(eventsOf);
  for (const event of events) observer.observe(event);
  await places.flush(10_000);
  while (messages.length < eventsOf('rsync').length) await new Promise((resolve) => setImmediate(resolve));
  await syslog.finish(1);
  setServices([]);
  kernel.close(logger);
  // a logger takes the priority off and puts the host in
  const written = messages.map((message) => message.replace(/^<\d+>(.{15}) /, '$1 host '));
  return [
    readFileSync(join(directory, 'plain'), 'utf8'),
    readFileSync(join(directory, 'mapped'), 'utf8'),
    `${written.join('\n')}\n`,
  ];
};

const logs = writeLogs();

/** Each line must fit one of these, and each of these must fit a line. */
const expressions = (host: string): readonly RegExp[] => [
  new RegExp(`START: (\\S+) pid=(\\d+) from=(${host})$`),
  /EXIT: (\S+) status=(\d+) pid=(\d+) duration=(\d+)\(sec\)$/,
  /EXIT: (\S+) signal=(\d+) pid=(\d+) duration=(\d+)\(sec\)$/,
  new RegExp(`FAIL: (\\S+) address from=(${host})$`),
  new RegExp(`FAIL: (\\S+) libwrap from=(${host})$`),
  new RegExp(`FAIL: (\\S+) time from=(${host})$`),
  new RegExp(`FAIL: (\\S+) connections per second from=(${host})$`),
  /TRAFFIC: (\S+) in=(\d+)\(bytes\) out=(\d+)\(bytes\)$/,
  /USERID: (\S+) UNIX : (\S+)$/,
  new RegExp(`NOID: (\\S+) (${host}) timeout$`),
];

const inFile = String.raw`^\d\d/\d{1,2}/\d{1,2}@\d\d:\d\d:\d\d: `;
const ofLogger = String.raw`^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ xinetd\[\d+\]: `;

for (const [name, index, begin, host] of [
  ['a file', 0, inFile, String.raw`192\.0\.2\.7`],
  ['a file with mapped addresses', 1, inFile, String.raw`::ffff:192\.0\.2\.7`],
  ['what a logger writes', 2, ofLogger, String.raw`192\.0\.2\.7`],
] as const) {
  t.test(`every line of ${name} is of a known kind, and every kind is there`, async (t) => {
    const lines = (await logs)[index].trim().split('\n');
    const kinds = expressions(host).map((each) => new RegExp(begin + each.source));
    for (const line of lines) t.equal(kinds.filter((kind) => kind.test(line)).length, 1, line);
    for (const kind of kinds)
      t.ok(
        lines.some((line) => kind.test(line)),
        kind.source,
      );
    t.equal(lines.length, 11);
  });
}

const filter = '/etc/fail2ban/filter.d/xinetd-fail.conf';
const hasFail2ban = spawnSync('fail2ban-regex', ['--version']).status === 0;

t.test(
  'fail2ban finds those who were kept out, in a file and in what a logger writes',
  { skip: hasFail2ban ? false : 'fail2ban is not installed' },
  async (t) => {
    const [plain, mapped, logger] = await logs;
    for (const [name, text] of Object.entries({ plain, mapped, logger })) {
      const path = join(directory, `${name}.log`);
      writeFileSync(path, text);
      const { stdout } = spawnSync('fail2ban-regex', ['--out', 'ip', path, filter], { encoding: 'utf8' });
      t.equal(stdout, '192.0.2.7\n'.repeat(3), name);
    }
  },
);
