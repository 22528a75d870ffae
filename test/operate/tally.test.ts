// What is counted of each service, from the events alone.
import fc from 'fast-check';
import t from 'tap';
import type { Peer } from '../../src/model/address.ts';
import { type Event, refusalReasons } from '../../src/model/event.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import { createTally } from '../../src/operate/tally.ts';
import { createTestClock } from '../support/clock.ts';

const service = 'finger';
const peerAt = (host: string, port = 4_711): Peer => ({ kind: 'internet', host, port });
const peer = peerAt('192.0.2.1');
const failure = { code: 'ENOENT', what: 'cannot execute /no/such: No such file or directory' };

const started = (pid = 1): Event => ({ kind: 'started', service, pid, peer });
const exited = (code: number, duration = 5): Event => ({
  kind: 'exited',
  service,
  pid: 1,
  status: { kind: 'exit', code },
  duration: milliseconds(duration),
  userTime: milliseconds(2),
  systemTime: milliseconds(1),
  peakKibibytes: 2_000,
  peer,
});
const startFailed = (pid: number | undefined): Event => ({
  kind: 'start-failed',
  service,
  pid,
  failure,
  peer,
});
const refused = (host: string, reason: (typeof refusalReasons)[number] = 'rate'): Event => ({
  kind: 'refused',
  service,
  reason,
  cause: undefined,
  peer: peerAt(host),
});

const open = (options?: { readonly timesStarts: boolean }) => {
  const clock = createTestClock(1_000);
  const tally = createTally(clock, options);
  tally.setServices([service, 'idle']);
  const tell = (...events: readonly Event[]): void => {
    for (const event of events) tally.observer.observe(event);
  };
  const read = (id = service) => {
    const found = tally.of(id);
    if (found === undefined) throw new Error(`${id} is not counted`);
    return found;
  };
  return { clock, tally, tell, read };
};

t.test('each connection is counted once: served, refused or failed', (t) => {
  const { tell, read } = open();
  tell({ kind: 'accepted', service, count: 5 });
  tell(started(), exited(0), started(), exited(3), refused('192.0.2.9'), startFailed(undefined));
  tell(started(7), startFailed(7));
  const { accepted, served, failed, refusedBy, exits, startFailures, cpuSeconds, largestMemory } = read();
  t.match({ accepted, served, failed }, { accepted: 5, served: 2, failed: 2 });
  t.strictSame([...refusedBy], [['rate', 1]]);
  t.strictSame(
    [...exits],
    [
      ['ok', 1],
      ['exit', 1],
    ],
  );
  t.strictSame([...startFailures], [['ENOENT', 2]]);
  t.ok(Math.abs(cpuSeconds - 0.006) < 1e-9);
  t.equal(largestMemory, 2_000 * 1_024);
  t.equal(read().handlerTimes.count(), 2);
  t.equal(read().lastError?.what, failure.what);
  t.end();
});

t.test(
  'a relay that finds no server has not served its client, nor one that was sent away meanwhile',
  (t) => {
    const { tell, read } = open();
    const begun: Event = { kind: 'builtin-started', service, peer };
    const ended = (outcome: 'ended' | 'error'): Event => ({
      kind: 'builtin-ended',
      service,
      peer,
      duration: milliseconds(1),
      outcome,
    });
    tell(
      begun,
      { kind: 'start-failed', service, pid: undefined, failure, peer, isBegun: true },
      ended('error'),
    );
    tell(
      begun,
      { kind: 'refused', service, reason: 'draining', cause: undefined, peer, isBegun: true },
      ended('ended'),
    );
    tell(begun, { kind: 'relayed', service, peer, bytesIn: 10, bytesOut: 20 }, ended('ended'));
    const { served, failed, refusedBy, relayed } = read();
    t.match({ served, failed, relayed }, { served: 1, failed: 1, relayed: { in: 10, out: 20 } });
    t.equal(refusedBy.get('draining'), 1);
    t.end();
  },
);

t.test('what is configured is counted from zero, what is gone is forgotten, what stays goes on', (t) => {
  const { tally, tell, read } = open();
  t.match(read('idle'), { accepted: 0, served: 0, recent: [], lastError: undefined });
  tell(started());
  tally.setServices([service, 'new']);
  t.equal(read().served, 1);
  t.equal(read('new').served, 0);
  t.equal(tally.of('idle'), undefined);
  tally.setServices([]);
  tell(exited(0));
  t.equal(tally.of(service), undefined, 'the end of an instance does not bring it back');
  t.end();
});

t.test('moments are asked for, and starts timed, only where somebody wants that', (t) => {
  const traced: Event = {
    kind: 'traced',
    service,
    pid: 1,
    port: 1,
    status: { kind: 'exit', code: 0 },
    ready: 0,
    accepted: 1_000_000,
    spawning: 1_100_000,
    spawned: 1_200_000,
    childBegan: 1_200_000,
    executing: 1_400_000,
    reaped: 9_000_000,
  };
  const without = open();
  t.notOk(without.tally.observer.isWanted('traced'));
  without.tell(traced);
  t.equal(without.read().startTimes.count(), 0);
  const timed = open({ timesStarts: true });
  t.ok(timed.tally.observer.isWanted('traced'));
  timed.tell(traced);
  t.equal(timed.read().startTimes.count(), 1);
  t.equal(timed.read().startTimes.sum(), 0.0004);
  t.notOk(timed.tally.observer.isWanted('handler-said'), 'nor is what is not counted made for it');
  t.end();
});

t.test('a flood from one host is one occurrence, and pushes nothing out', (t) => {
  const { clock, tell, read } = open();
  tell(refused('192.0.2.1', 'access'), startFailed(undefined), exited(9));
  for (let times = 0; times < 5_000; times++) {
    clock.advance(2);
    tell(refused('192.0.2.66'));
  }
  const { recent } = read();
  t.match(recent, [
    { kind: 'refused', reason: 'access', peer: '192.0.2.1:4711' },
    { kind: 'failed', what: failure.what },
    { kind: 'ended-badly', what: 'exit status 9' },
    { kind: 'refused', reason: 'rate', what: 'rate, and 4999 more like it' },
  ]);
  t.equal(recent.length, 4);
  t.end();
});

t.test('a flood from everywhere is bounded, and counted to the last one', (t) => {
  const { clock, tell, read } = open();
  tell(startFailed(undefined), exited(1));
  for (let times = 0; times < 50_000; times++) {
    if (times % 100 === 0) clock.advance(10);
    tell(refused(`2001:db8::${times.toString(16)}`, refusalReasons[times % 4]));
  }
  const { recent, refusedBy } = read();
  t.equal(
    [...refusedBy.values()].reduce((sum, each) => sum + each, 0),
    50_000,
  );
  t.ok(recent.length <= 32, `${recent.length} are kept`);
  t.equal(recent.filter(({ kind }) => kind !== 'refused').length, 2, 'what failed is still there');
  t.ok(JSON.stringify(recent).length < 10_000);
  t.end();
});

/** Anything that may happen to a service. */
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.nat(50).map((count): Event => ({ kind: 'accepted', service, count })),
  fc.constant(started()),
  fc.tuple(fc.nat(3), fc.nat(100_000)).map(([code, duration]) => exited(code, duration)),
  fc.constantFrom(startFailed(undefined), startFailed(1)),
  fc.tuple(fc.ipV4(), fc.constantFrom(...refusalReasons)).map(([host, reason]) => refused(host, reason)),
  fc.nat(1_000).map((bytesIn): Event => ({ kind: 'relayed', service, peer, bytesIn, bytesOut: 2 * bytesIn })),
  fc.nat(9).map((count): Event => ({ kind: 'datagrams-lost', service, count })),
);

const readAll = (tally: ReturnType<typeof createTally>) => {
  const { handlerTimes, refusedBy, exits, startFailures, ...rest } = tally.of(service) ?? {};
  return JSON.parse(
    JSON.stringify({
      ...rest,
      maps: [refusedBy, exits, startFailures].map((each) => [...(each ?? [])].sort()),
      times: [0.1, 0.5, 0.99].map((share) => handlerTimes?.quantile(share)),
      sum: handlerTimes?.sum(),
    }),
  );
};

t.test('the code that takes over counts on from what was saved', async (t) => {
  fc.assert(
    fc.property(
      fc.array(anyEvent, { maxLength: 60 }),
      fc.array(anyEvent, { maxLength: 5 }),
      (before, after) => {
        const { clock, tally, tell } = open();
        tell(...before);
        const next = createTally(clock);
        next.restore(JSON.parse(JSON.stringify(tally.save())));
        next.setServices([service]);
        const same = JSON.stringify(readAll(next)) === JSON.stringify(readAll(tally));
        const { served } = next.of(service) ?? { served: Number.NaN };
        for (const event of after) next.observer.observe(event);
        const now = next.of(service)?.served ?? Number.NaN;
        const isDown = now < served - after.filter(({ kind }) => kind === 'start-failed').length;
        return same && !isDown;
      },
    ),
  );
  t.pass();
});

t.test('whatever comes back instead of what was saved, the counts are sound', async (t) => {
  const fields = [
    'accepted',
    'served',
    'refusedBy',
    'exits',
    'startFailures',
    'handlerTimes',
    'recent',
    'lastError',
  ];
  const nonsense = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        nonsense.map((each) => ({ services: { [service]: each } })),
      ),
      (saved) => {
        const { tally, tell, read } = open();
        tally.restore(saved);
        tell(started());
        const { served, accepted, recent, handlerTimes, refusedBy } = read();
        return (
          served >= 1 &&
          accepted >= 0 &&
          recent.length <= 32 &&
          handlerTimes.count() >= 0 &&
          [...refusedBy.keys()].every((reason) => refusalReasons.includes(reason))
        );
      },
    ),
  );
  t.pass();
});

t.test('a reload after an upgrade counts as one, and the last one before it is known', async (t) => {
  const applied = {
    kind: 'applied',
    services: 1,
    opened: 1,
    kept: 0,
    retuned: 0,
    closed: 0,
    added: 1,
    dropped: [],
  } as const;
  const { clock, tally, tell } = open();
  tell(applied, { kind: 'reload-refused', why: '1 new error' });
  const next = createTally(clock);
  next.restore(JSON.parse(JSON.stringify(tally.save())));
  t.strictSame(next.reloads(), tally.reloads());
  t.match(next.reloads(), { applied: 0, refused: 1, last: { isApplied: false } });
  next.observer.observe(applied);
  t.match(next.reloads(), { applied: 1, refused: 1, last: { isApplied: true } });
  const unknown = createTally(clock);
  unknown.restore({ reloads: { applied: 1, last: { at: 'yesterday', isApplied: true } } });
  t.equal(unknown.reloads().last, undefined);
});
