// What a service's own log costs for each connection, and how often its file is written.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event, Observer } from '../src/model/event.ts';
import { milliseconds } from '../src/model/quantity.ts';
import type { ResolvedService } from '../src/model/service.ts';
import type { LogDestination } from '../src/model/service-log.ts';
import { openKernel } from '../src/native/kernel.ts';
import { createLogPlaces } from '../src/operate/log-destinations.ts';
import { createSyslog } from '../src/operate/syslog.ts';
import { createXinetdLog } from '../src/operate/xinetd-log.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { resolved, tcp } from '../test/support/services.ts';

const connections = 200_000;
/** Longer ones would be interrupted by others where the machine is busy. */
const batch = 100;
/** As many as the fastest handlers allow in a second. */
const perSecond = 4_000;
const paced = 8_000;

const kernel = openKernel({ onEnded: () => undefined });
const directory = mkdtempSync(join(tmpdir(), 'service-log-'));
const path = join(directory, 'log');
const socketPath = join(directory, 'socket');
const logger = kernel.openSocket('unix', 'dgram');
kernel.bindUnix(logger, {
  kind: 'unix',
  socketType: 'dgram',
  path: socketPath,
  ownerId: undefined,
  groupId: undefined,
  mode: 0o600,
});
kernel.setBlocking(logger, false);
const room = Buffer.alloc(2_048);
kernel.watch(logger, () => {
  while (kernel.read(logger, room, 'take') !== undefined);
});

const tell = ({ text }: { readonly text: string }): void => console.error(text);
const common = { kernel, clock: systemClock, tell };
const syslog = createSyslog({
  ...common,
  path: socketPath,
  format: 'rfc3164',
  ident: 'xinetd',
  pid: process.pid,
});
const places = createLogPlaces({ ...common, syslog });

const peer = { kind: 'internet', host: '192.0.2.7', port: 4711 } as const;
const usage = { userTime: milliseconds(1), systemTime: milliseconds(1), peakKibibytes: undefined };
const events: readonly Event[] = [
  { kind: 'started', service: 'b', pid: 22_881, peer },
  {
    kind: 'exited',
    service: 'b',
    pid: 22_881,
    status: { kind: 'exit', code: 0 },
    duration: milliseconds(3),
    ...usage,
    peer,
  },
];

const serve = (observer: Observer): void => {
  for (const event of events) if (observer.isWanted(event.kind)) observer.observe(event);
};

const service = (destination: LogDestination): ResolvedService =>
  resolved('b', [tcp('127.0.0.1', 17_001)], {
    serviceLog: { destination, onSuccess: ['pid', 'host', 'exit', 'duration'], onFailure: ['host'] },
  });

const nowhere = { use: () => () => () => undefined };
const file: LogDestination = { kind: 'file', path, softLimit: undefined, hardLimit: undefined };
const toSyslog: LogDestination = { kind: 'syslog', facility: 'daemon', level: 'info' };

/** Nanoseconds of the loop for one connection, the best of many tries; what threads, the kernel and the logger do is not in it. */
const measure = async (observer: Observer, settle: () => Promise<void>): Promise<number> => {
  let best = Number.POSITIVE_INFINITY;
  for (let done = 0; done < connections; done += batch) {
    const before = process.hrtime.bigint();
    for (let count = 0; count < batch; count++) serve(observer);
    best = Math.min(best, Number(process.hrtime.bigint() - before) / batch);
    await settle();
  }
  return Math.round(best);
};

const counter = (name: string): number =>
  Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? Number.NaN);

const none = async (): Promise<void> => undefined;
const settle = (): Promise<void> => places.flush(10_000);
const { observer: silent } = createXinetdLog(systemClock, nowhere);
console.log(`no log anywhere            ${await measure(silent, none)} ns a connection`);
const words = createXinetdLog(systemClock, nowhere);
words.setServices([service(file)]);
console.log(`its two lines as text      ${await measure(words.observer, none)} ns`);
const log = createXinetdLog(systemClock, places);
log.setServices([service(file)]);
console.log(`to a file                  ${await measure(log.observer, settle)} ns`);

const before = counter('syscw');
const size = statSync(path).size;
const start = performance.now();
for (let done = 0; done < paced; ) {
  for (const due = Math.min(paced, ((performance.now() - start) * perSecond) / 1_000); done < due; done++)
    serve(log.observer);
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await settle();
const writes = counter('syscw') - before;
const bytes = statSync(path).size - size;
console.log(
  `${paced} connections at ${perSecond}/s: ${bytes} bytes; with timers and wake-ups ${writes} calls of write(2)`,
);

log.setServices([service(toSyslog)]);
console.log(`to syslog                  ${await measure(log.observer, settle)} ns`);
log.setServices([]);
await syslog.finish(1_000);
kernel.shutDown();
rmSync(directory, { recursive: true });
