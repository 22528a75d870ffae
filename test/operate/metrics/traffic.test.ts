// Whose bytes they were: by the address and port that the connection was made to.
import t from 'tap';
import { descriptorOf } from '../../../src/model/descriptor.ts';
import { parseAddress } from '../../../src/model/network.ts';
import { seconds } from '../../../src/model/quantity.ts';
import { plainRelay, type ResolvedService } from '../../../src/model/service.ts';
import { failed } from '../../../src/native/addon.ts';
import type { TcpEnd, TcpEnds } from '../../../src/native/tcp-ends.ts';
import { createTraffic } from '../../../src/operate/metrics/traffic.ts';
import { createTestClock } from '../../support/clock.ts';
import { resolved, tcp } from '../../support/services.ts';

const endAt = (host: string, localPort: number, bytesIn = 1, bytesOut = 2): TcpEnd => {
  const address = parseAddress(host) ?? new Uint8Array();
  const bytes = new Uint8Array(64);
  bytes.set(address, 8);
  return { version: address.length === 4 ? 4 : 6, localPort, bytes, localOffset: 8, bytesIn, bytesOut };
};

const open = (services: readonly ResolvedService[]) => {
  const counted: string[] = [];
  const complaints: string[] = [];
  const clock = createTestClock();
  let closed = 0;
  let wake = (): void => undefined;
  let next: () => { readonly ends: readonly TcpEnd[]; readonly lost: number } = () => ({ ends: [], lost: 0 });
  const ends: TcpEnds = {
    descriptor: descriptorOf(99),
    drain: (tell) => {
      const { ends: told, lost } = next();
      for (const end of told) tell(end);
      return lost;
    },
  };
  const traffic = createTraffic(
    clock,
    {
      watch: (_descriptor, watcher) => {
        wake = () => {
          wake = () => undefined;
          watcher(false);
        };
      },
      unwatch: () => undefined,
      close: () => {
        closed += 1;
      },
    },
    (service, bytesIn, bytesOut) => counted.push(`${service} ${bytesIn} ${bytesOut}`),
    (what) => complaints.push(what),
    () => ends,
  );
  traffic.setServices(services);
  const tell = (...told: readonly TcpEnd[]): readonly string[] => {
    counted.length = 0;
    next = () => ({ ends: told, lost: 0 });
    wake();
    clock.advance(1_000);
    return [...counted];
  };
  return {
    traffic,
    complaints,
    tell,
    wakeWith: (how: typeof next) => {
      next = how;
      wake();
      clock.advance(1_000);
    },
    closed: () => closed,
  };
};

t.test('an address of its own comes before one for all, and each family is for itself', (t) => {
  const { tell, traffic } = open([
    resolved('all', [tcp('0.0.0.0', 79), tcp('::', 79)]),
    resolved('own', [tcp('192.0.2.1', 79)]),
    resolved('six', [tcp('::', 80)]),
    resolved('dual', [tcp('::', 81, { takesMapped: true })]),
    resolved('scoped', [tcp('fe80::1%lo', 82)]),
  ]);
  t.strictSame(tell(endAt('192.0.2.1', 79, 5, 6), endAt('192.0.2.2', 79), endAt('2001:db8::1', 79)), [
    'own 5 6',
    'all 1 2',
    'all 1 2',
  ]);
  t.strictSame(tell(endAt('192.0.2.1', 80), endAt('::1', 80)), ['six 1 2']);
  t.strictSame(tell(endAt('192.0.2.1', 81), endAt('::1', 81)), ['dual 1 2', 'dual 1 2']);
  t.strictSame(tell(endAt('fe80::1', 82), endAt('fe80::2', 82)), ['scoped 1 2']);
  t.strictSame(tell(endAt('192.0.2.1', 40_000)), [], 'what is nobody is at');
  traffic.setServices([]);
  t.strictSame(tell(endAt('192.0.2.1', 79)), [], 'nor whose service is gone');
  t.end();
});

t.test('a relay counts its bytes itself', (t) => {
  const answer: ResolvedService['answer'] = {
    kind: 'relay',
    ...plainRelay,
    connectTimeout: seconds(1),
    host: '127.0.0.1',
    port: '1',
  };
  const { tell } = open([resolved('relay', [tcp('127.0.0.1', 79)], { answer })]);
  t.strictSame(tell(endAt('127.0.0.1', 79)), []);
  t.end();
});

t.test('what was lost is counted; an error ends the counting with one sentence, and nothing else', (t) => {
  const { traffic, complaints, wakeWith, closed } = open([]);
  wakeWith(() => ({ ends: [], lost: 3 }));
  t.strictSame(traffic.read(), { isCounting: true, lost: 3 });
  wakeWith(() => {
    throw failed('hear of ended TCP connections', -1);
  });
  t.strictSame(traffic.read(), { isCounting: false, lost: 3 });
  t.equal(complaints.length, 1);
  t.match(complaints[0], /operation not permitted.*metrics do without the bytes/i);
  traffic.stop();
  t.equal(closed(), 1, 'the socket is closed once');
  t.end();
});

t.test('a kernel that does not tell it is no reason not to start', (t) => {
  const complaints: string[] = [];
  const nothing = { watch: () => undefined, unwatch: () => undefined, close: () => undefined };
  const traffic = createTraffic(
    createTestClock(),
    nothing,
    () => undefined,
    (what) => complaints.push(what),
    () => {
      throw failed('hear of ended TCP connections', -93);
    },
  );
  t.strictSame(traffic.read(), { isCounting: false, lost: 0 });
  t.equal(complaints.length, 1);
  traffic.stop();
  t.end();
});
