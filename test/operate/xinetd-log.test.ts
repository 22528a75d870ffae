// A service's own log says in xinetd's words what happened, byte for byte, and only what it was asked for.
import t from 'tap';
import type { Event, RefusalCause, RefusalReason } from '../../src/model/event.ts';
import { refusalReasons } from '../../src/model/event.ts';
import { milliseconds, seconds } from '../../src/model/quantity.ts';
import { plainRelay, type ResolvedService } from '../../src/model/service.ts';
import type { FailureField, LogDestination, SuccessField } from '../../src/model/service-log.ts';
import { createXinetdLog } from '../../src/operate/xinetd-log.ts';
import { createTestClock } from '../support/clock.ts';
import { resolved, tcp } from '../support/services.ts';

const file = (path: string): LogDestination => ({
  kind: 'file',
  path,
  softLimit: undefined,
  hardLimit: undefined,
});

const success: readonly SuccessField[] = ['pid', 'host', 'exit', 'duration'];
const failure: readonly FailureField[] = ['host'];

/** A service with a log; what is not said is as the tables of the specification have it. */
const logged = (
  id: string,
  onSuccess: readonly SuccessField[] = success,
  onFailure: readonly FailureField[] = failure,
  rest: Partial<ResolvedService> = {},
): ResolvedService =>
  resolved(id, [tcp('127.0.0.1', 17_001)], {
    serviceLog: { destination: file('/var/log/l'), onSuccess, onFailure },
    ...rest,
  });

const builtin = (name: 'echo' | 'discard' | 'chargen' | 'daytime' | 'time'): Partial<ResolvedService> => ({
  answer: { kind: 'builtin', builtin: name, format: 'xinetd' },
});
const relay: Partial<ResolvedService> = {
  answer: { kind: 'relay', host: '127.0.0.1', port: '80', connectTimeout: seconds(30), ...plainRelay },
};

/** Half a second after a whole one. */
const start = new Date(2026, 10, 21, 1, 26, 18, 500);

/** A log that keeps its lines, with the path that each went to. */
const keepLines = (services: readonly ResolvedService[]) => {
  const lines: string[] = [];
  let inUse: readonly LogDestination[] = [];
  const clock = createTestClock(0, start);
  const log = createXinetdLog(clock, {
    use: (wanted) => {
      inUse = wanted;
      return (destination) => (line) => {
        const place = destination.kind === 'file' ? destination.path : destination.facility;
        lines.push(place === '/var/log/l' ? line.text : `${place} ${line.text}`);
      };
    },
  });
  log.setServices(services);
  const tell = (...events: readonly Event[]): readonly string[] => {
    for (const event of events) if (log.observer.isWanted(event.kind)) log.observer.observe(event);
    return lines.splice(0);
  };
  return { ...log, tell, inUse: () => inUse };
};

const peer = { kind: 'internet', host: '192.0.2.7', port: 4711 } as const;
const usage = { userTime: milliseconds(1), systemTime: milliseconds(1), peakKibibytes: undefined };

const started = (service: string, pid = 22_881): Event => ({ kind: 'started', service, pid, peer });
const exited = (service: string, code = 0, duration = 0, pid = 22_881): Event => ({
  kind: 'exited',
  service,
  pid,
  status: { kind: 'exit', code },
  duration: milliseconds(duration),
  ...usage,
  peer,
});
const refused = (service: string, reason: RefusalReason, cause?: RefusalCause): Event => ({
  kind: 'refused',
  service,
  reason,
  cause,
  peer,
});

t.test('a server from its start to its end', (t) => {
  const { tell } = keepLines([logged('show')]);
  t.strictSame(tell(started('show'), exited('show', 3)), [
    'START: show pid=22881 from=192.0.2.7',
    'EXIT: show status=3 pid=22881 duration=0(sec)',
  ]);
  const killed = { ...exited('show'), status: { kind: 'signal', signal: 11, dumpedCore: true } } as const;
  t.strictSame(tell(killed), ['EXIT: show signal=11 pid=22881 duration=0(sec)']);
  t.end();
});

t.test('a duration is the difference of two clocks that show whole seconds', (t) => {
  const { tell } = keepLines([logged('show', ['duration'])]);
  const durations = [0, 499, 501, 1_499, 1_501, 3_600_000];
  t.strictSame(
    durations.flatMap((each) => tell(exited('show', 0, each))),
    [0, 0, 1, 1, 2, 3600].map((each) => `EXIT: show duration=${each}(sec)`),
  );
  t.end();
});

t.test('each option adds its part, in this order', (t) => {
  const cases: readonly (readonly [readonly SuccessField[], readonly string[]])[] = [
    [[], []],
    [['pid'], ['START: f pid=22881']],
    [['host'], ['START: f from=192.0.2.7']],
    [['pid', 'host'], ['START: f pid=22881 from=192.0.2.7']],
    [['exit'], ['START: f', 'EXIT: f status=3']],
    [['duration'], ['START: f', 'EXIT: f duration=0(sec)']],
    [
      ['pid', 'duration'],
      ['START: f pid=22881', 'EXIT: f pid=22881 duration=0(sec)'],
    ],
    [['userid'], ['START: f']],
  ];
  for (const [fields, lines] of cases) {
    const { tell } = keepLines([logged('f', fields)]);
    t.strictSame(tell(started('f'), exited('f', 3)), lines, fields.join(' '));
  }
  t.end();
});

t.test(
  'IPv4 is IPv4, or mapped where the service shows it so; a client that is not known is no address',
  (t) => {
    const plain = logged('a');
    const mapped = logged('b', success, failure, {
      surroundings: { ...plain.surroundings, showsMapped: true },
    });
    const { tell } = keepLines([plain, mapped]);
    t.strictSame(tell(started('a'), started('b'), refused('b', 'time')), [
      'START: a pid=22881 from=192.0.2.7',
      'START: b pid=22881 from=::ffff:192.0.2.7',
      'FAIL: b time from=::ffff:192.0.2.7',
    ]);
    const v6 = { ...peer, host: '2001:db8::5' } as const;
    t.strictSame(
      tell(
        { kind: 'started', service: 'b', pid: 1, peer: v6 },
        { kind: 'started', service: 'b', pid: 2, peer: undefined },
      ),
      ['START: b pid=1 from=2001:db8::5', 'START: b pid=2 from=<no address>'],
    );
    t.end();
  },
);

t.test('the answers of acceptd itself have pid 0, and an end where xinetd makes a process', (t) => {
  const services = [
    ...(['echo', 'discard', 'chargen', 'daytime', 'time'] as const).map((name) =>
      logged(name, success, failure, builtin(name)),
    ),
    logged('u', [...success, 'traffic'], failure, relay),
  ];
  const { tell } = keepLines(services);
  const both = (service: string): readonly Event[] => [
    { kind: 'builtin-started', service, peer },
    { kind: 'builtin-ended', service, peer, duration: seconds(2), outcome: 'ended' },
  ];
  for (const name of ['echo', 'discard', 'chargen', 'u']) {
    t.strictSame(tell(...both(name)), [
      `START: ${name} pid=0 from=192.0.2.7`,
      `EXIT: ${name} status=0 pid=0 duration=2(sec)`,
    ]);
  }
  for (const name of ['daytime', 'time'])
    t.strictSame(tell(...both(name)), [`START: ${name} pid=0 from=192.0.2.7`]);
  const relayed: Event = { kind: 'relayed', service: 'u', peer, bytesIn: 5, bytesOut: 0 };
  t.strictSame(tell(relayed), ['TRAFFIC: u in=5(bytes) out=0(bytes)']);
  const refusal = { code: 'ECONNREFUSED', what: 'cannot connect to 127.0.0.1:80: connection refused' };
  const unreached: Event = { kind: 'start-failed', service: 'u', pid: undefined, failure: refusal, peer };
  t.strictSame(tell(unreached), [], "a target that is not there is the daemon's log's");
  t.end();
});

t.test('every refusal has a word of xinetd', (t) => {
  const { tell } = keepLines([logged('b')]);
  const word = (reason: RefusalReason, cause?: RefusalCause): string =>
    tell(refused('b', reason, cause))
      .join('')
      .replace(/^FAIL: b (.*) from=192\.0\.2\.7$/, '$1');
  t.strictSame(Object.fromEntries(refusalReasons.map((reason) => [reason, word(reason)])), {
    access: 'address',
    time: 'time',
    instances: 'service_limit',
    'per-source': 'per_source_limit',
    rate: 'connections per second',
    load: 'load',
    descriptors: 'fork',
    processes: 'fork',
    header: 'UNKNOWN',
    draining: 'UNKNOWN',
    suspended: 'connections per second',
  });
  t.equal(word('access', 'list'), 'address');
  t.equal(word('access', 'sensor'), 'address');
  t.equal(word('access', 'unanswered'), 'address');
  t.equal(word('access', 'wrappers'), 'libwrap');
  t.equal(word('access', 'identity'), '', 'a NOID line tells it');
  t.equal(word('processes', 'process-limit'), 'process_limit');
  t.strictSame(tell({ kind: 'trapped', service: 'b', peer, denyTime: 'forever' }), [
    'FAIL: b address from=192.0.2.7',
  ]);
  t.end();
});

t.test('refusals are told where any option asks for them, and the client where HOST does', (t) => {
  const { tell } = keepLines([
    logged('a', [], ['attempt']),
    logged('n', success, []),
    logged('h', [], ['host']),
  ]);
  t.strictSame(tell(refused('a', 'instances')), ['FAIL: a service_limit']);
  t.strictSame(tell(refused('n', 'instances')), []);
  t.strictSame(tell(refused('h', 'instances')), ['FAIL: h service_limit from=192.0.2.7']);
  t.end();
});

t.test("the client's user is told; that there is none where it is asked for", (t) => {
  const identity = { whenAdmitted: true, whenRefused: false, isRequired: true };
  const { tell } = keepLines([logged('d', ['userid'], [], { identity }), logged('e', ['userid'], [])]);
  const identified = (user: string): Event => ({ kind: 'identified', service: 'd', pid: 5, peer, user });
  t.strictSame(tell(identified('UNIX : alice')), ['USERID: d UNIX : alice']);
  t.strictSame(tell(identified('UNIX : a\nFAIL: d address from=192.0.2.9\u001b[2J')), [
    'USERID: d UNIX : a\\u{a}FAIL: d address from=192.0.2.9\\u{1b}[2J',
  ]);
  const unidentified = (service: string): Event => ({
    kind: 'unidentified',
    service,
    peer,
    why: 'no server',
  });
  t.strictSame(tell(unidentified('d'), unidentified('e')), ['NOID: d 192.0.2.7 no server']);
  t.end();
});

t.test('a program that cannot be executed has an end that is no success', (t) => {
  const { tell } = keepLines([logged('c')]);
  const failed = (pid: number | undefined): Event => ({
    kind: 'start-failed',
    service: 'c',
    pid,
    failure: { code: 'ENOENT', what: 'cannot execute /bad: no such file or directory' },
    peer,
  });
  t.strictSame(tell(started('c'), failed(22_881)), [
    'START: c pid=22881 from=192.0.2.7',
    'EXIT: c status=127 pid=22881 duration=0(sec)',
  ]);
  t.strictSame(tell(failed(undefined)), ['FAIL: c fork from=192.0.2.7']);
  t.end();
});

t.test('without a log nothing is wanted, and with one only what is written', (t) => {
  const kinds: readonly Event['kind'][] = [
    'started',
    'exited',
    'builtin-started',
    'builtin-ended',
    'refused',
    'trapped',
    'relayed',
    'identified',
    'unidentified',
    'start-failed',
    'listening',
    'suspended',
    'applied',
    'traced',
  ];
  const wantedBy = (...services: readonly ResolvedService[]): readonly string[] => {
    const { observer, setServices } = keepLines([logged('before')]);
    setServices(services);
    return kinds.filter(observer.isWanted);
  };
  t.strictSame(wantedBy(), []);
  t.strictSame(wantedBy(resolved('a', [])), []);
  t.strictSame(wantedBy(logged('a', [], [])), []);
  t.strictSame(wantedBy(logged('a', ['pid'], [])), ['started', 'builtin-started']);
  t.strictSame(wantedBy(logged('a', [], ['attempt'])), ['refused', 'trapped', 'start-failed']);
  t.strictSame(wantedBy(logged('a', ['exit'], [])), [
    'started',
    'exited',
    'builtin-started',
    'builtin-ended',
    'start-failed',
  ]);
  t.strictSame(wantedBy(logged('a', ['pid'], []), logged('b', [], ['host'])), [
    'started',
    'builtin-started',
    'refused',
    'trapped',
    'start-failed',
  ]);
  t.end();
});

t.test('nothing is written of a service that has no log', (t) => {
  const { tell } = keepLines([logged('a'), resolved('quiet', [])]);
  t.strictSame(tell(started('quiet'), refused('quiet', 'time'), exited('quiet')), []);
  t.end();
});

t.test('two services with one id are the same in the log', (t) => {
  const { tell } = keepLines([logged('echo'), logged('echo#2'), logged('lone#2')]);
  t.strictSame(tell(started('echo#2', 1), started('lone#2', 2)), [
    'START: echo pid=1 from=192.0.2.7',
    'START: lone#2 pid=2 from=192.0.2.7',
  ]);
  t.end();
});

t.test('who was started before a reload is logged to its end, where its service is gone too', (t) => {
  const old = file('/var/log/old');
  const gone = logged('gone', ['exit'], ['host'], {
    serviceLog: { destination: old, onSuccess: ['exit'], onFailure: [] },
  });
  const { tell, setServices, observer, inUse } = keepLines([gone, logged('kept', ['exit'])]);
  tell(started('gone', 1), started('gone', 2), started('kept', 3));
  setServices([logged('kept', ['pid', 'exit'])]);
  t.strictSame(tell(exited('kept', 0, 0, 3)), ['EXIT: kept status=0 pid=3'], 'by its settings of now');
  setServices([]);
  t.strictSame(inUse(), [old]);
  t.strictSame(tell(exited('gone', 0, 0, 1)), ['/var/log/old EXIT: gone status=0']);
  t.equal(observer.isWanted('exited'), true);
  t.strictSame(tell(exited('gone', 9, 0, 2)), ['/var/log/old EXIT: gone status=9']);
  t.strictSame(inUse(), [], 'the last one is out');
  t.equal(observer.isWanted('exited'), false);
  t.end();
});
