// The result on a terminal: what is always told, what only when there is something to tell.
import t from 'tap';
import type { Look } from '../../src/measure/layout.ts';
import type { Phase, Result } from '../../src/measure/result.ts';
import { renderResult } from '../../src/measure/table.ts';
import { distributionOf, errorsOf, exampleResult, skewedTimes } from '../support/results.ts';

const look: Look = { width: 80, isUnicode: true };
const render = (changes: Partial<Result>, other: Partial<Look> = {}): string =>
  renderResult({ ...exampleResult, ...changes }, { ...look, ...other });

const lineOf = (text: string, start: string): string =>
  text.split('\n').find((line) => line.startsWith(start)) ?? '';
const words = (line: string): readonly string[] => line.trim().split(/ {2,}/);

const openSettings: Result['settings'] = {
  ...exampleResult.settings,
  loop: 'open',
  rate: 10_000,
  arrivals: 'poisson',
  seed: 7,
  clients: 1000,
  sources: '127.0.0.0/8',
};

const slow = {
  uncorrected: distributionOf(skewedTimes(2100)),
  corrected: distributionOf([...skewedTimes(2100), ...skewedTimes(60_000, 500)]),
};

t.test('the heading says what was asked for', async (t) => {
  t.match(render({}), /^127\.0\.0\.1:8080: closed loop, 32 clients, 10 s after 1 s of warm-up\n/);
  const one = { ...exampleResult.settings, clients: 1, warmUp: 0 };
  t.match(render({ settings: one, seconds: 0.5 }), /closed loop, 1 client, 0\.5 s\n/);
  const open = render({ settings: openSettings, name: 'acceptd', isInterrupted: true }, { width: 200 });
  t.equal(
    open.split('\n')[0],
    'acceptd: 127.0.0.1:8080: open loop, 10,000 connections/s (Poisson, seed 7), at most 1,000 at once, ' +
      'from 127.0.0.0/8, interrupted at 10 s after 1 s of warm-up',
  );
  t.match(open, /9,877 connections\/s of 10,000 wanted/);
});

t.test('latencies stand in columns, in one unit', async (t) => {
  const times = distributionOf([100, 100, 100, 100, 250.5]);
  const latency = { ...exampleResult.latency, connect: { uncorrected: times, corrected: times } };
  const text = render({ latency });
  t.strictSame(words(lineOf(text, 'latency')), ['latency, µs', 'p50', 'p90', 'p99', 'p99.9', 'max']);
  t.strictSame(words(lineOf(text, 'connect ')), ['connect', '100', '251', '251', '251', '251']);
  const ends = ['latency', 'connect ', 'first byte ', 'last byte', 'close '].map(
    (start) => lineOf(text, start).length,
  );
  t.equal(new Set(ends).size, 1, 'the last column ends in one place');
  const seconds = distributionOf([200_000_000, 5_000_000]);
  const slowest = { ...latency, close: { uncorrected: seconds, corrected: seconds } };
  t.strictSame(words(lineOf(render({ latency: slowest }), 'close')).slice(1, 3), ['5.000', '200.000']);
  t.strictSame(words(lineOf(render({ latency: slowest }), 'latency'))[0], 'latency, s');
});

t.test('corrected latencies stand below where they tell something else, with the reason', async (t) => {
  t.notMatch(render({}), /corrected/);
  const text = render({ latency: { ...exampleResult.latency, firstByte: slow } });
  t.match(
    text,
    /\nfirst byte .*\n {2}corrected .*\nlast byte [^\n]*\nclose [^\n]*\ncorrected: with the turns/,
  );
  t.match(text, /\nfirst byte, corrected: connections/, 'and the drawing shows them');
  const open = render({ settings: openSettings, latency: { ...exampleResult.latency, firstByte: slow } });
  t.match(open, /\ncorrected: counted from the moment/);
  const near = { uncorrected: distributionOf([1000]), corrected: distributionOf([1009]) };
  t.notMatch(
    render({ latency: { ...exampleResult.latency, firstByte: near } }),
    /corrected/,
    'not for 0.9 %',
  );
});

t.test('a server that sends nothing has no first byte, and its end is drawn', async (t) => {
  const none = { uncorrected: distributionOf([]), corrected: distributionOf([]) };
  const text = render({ latency: { ...exampleResult.latency, firstByte: none, lastByte: none } });
  t.strictSame(words(lineOf(text, 'first byte')), ['first byte', '-', '-', '-', '-', '-']);
  t.match(text, /\nclose: connections by their time\n/);
  const { connect, ...others } = { connect: none, firstByte: none, lastByte: none, close: none };
  const nothing = render({ latency: { connect, ...others }, connections: 0, rate: 0 });
  t.notMatch(nothing, /connections by their time|NaN|Infinity|undefined/);
});

t.test('errors are told by kind, and what went otherwise only where something did', async (t) => {
  t.match(render({}), /\nerrors {7}none\n/);
  t.notMatch(render({}), /unfinished|unrecorded|late /);
  const text = render({
    errors: errorsOf({ refused: 3, 'no port': 1200 }),
    unfinished: 4,
    unrecorded: 5,
    late: 6,
  });
  t.match(text, /\nerrors {7}3 refused, 1,200 no port\n/);
  t.match(text, /\nunfinished {3}4 /);
  t.match(text, /\nunrecorded {3}5 /);
  t.match(text, /\nlate {9}6 /);
});

t.test('costs of the server are told, or why they are not known', async (t) => {
  const text = render({});
  t.match(
    text,
    /server +162 µs of processor time per connection \(user 21\.2 µs, system\n? *141 µs\); at most 50\.0 MiB\n/,
  );
  t.match(text, /\n {13}process 4711: node dist/);
  t.match(render({ server: { unknown: 'it is elsewhere' } }), /\nserver {7}unknown: it is elsewhere\n/);
  const server = {
    ...exampleResult.server,
    peakIs: 'since its start',
    note: 'children are missing',
  } as const;
  t.match(render({ server }), /50\.0 MiB since it started\n[\s\S]*\n {13}children are missing\n/);
});

t.test('the client says what it costs, and warns where it may be the limit', async (t) => {
  const text = render({}, { width: 200 });
  t.match(text, /\nclient {7}9\.40 µs of processor time per connection\n/);
  t.match(text, /alone reaches 78,000 connections\/s against a responder of its own: 7\.9 times this rate/);
  t.notMatch(text, /warning/);
  t.notMatch(render({ rate: 26_000 }), /warning/, 'a third is well');
  t.match(render({ rate: 26_001 }), /\nwarning: .*the client may be the limit\n/);
  t.notMatch(render({ floor: undefined }), /floor|warning/);
});

const phase = (name: string, from: string, to: string, time: number): Phase => ({
  name,
  from,
  to,
  distribution: distributionOf([time]),
});

t.test('the steps through the server are rows with what begins and ends them', async (t) => {
  const phases = {
    sequence: [
      phase('accept queue', 'handshake done', 'accepted', 80),
      phase('exec', 'clone', 'handler runs', 700),
    ],
    overlapping: [phase('reap', 'handler ended', 'reaped', 40)],
    unknown: ['the SYN: the kernel does not stamp it'],
    traced: 1234,
  };
  const text = render({ phases });
  t.match(
    text,
    /\nsteps, µs +p50 +p90 +p99\naccept queue +80\.0 +80\.0 +80\.0 {2}handshake done → accepted\n/,
  );
  t.match(text, /\nbeside them\nreap +40\.0 +40\.0 +40\.0 {2}handler ended → reaped\n/);
  t.match(text, /\n1,234 connections could be followed/);
  t.match(text, /\nunknown: the SYN/);
  t.match(
    render({ phases }, { width: 50 }),
    /\nexec [^\n]*700\.0\n {4}clone → handler runs\n/,
    'below in a narrow one',
  );
});

t.test('no line is wider than the terminal, whatever it is told in', async (t) => {
  for (const isUnicode of [true, false]) {
    for (const width of [70, 80, 132]) {
      const text = render(
        { settings: openSettings, latency: { ...exampleResult.latency, firstByte: slow } },
        { width, isUnicode },
      );
      for (const line of text.split('\n')) t.ok(line.length <= width, line);
    }
  }
});

t.test('without Unicode and colours the text is ASCII; colours come when asked for', async (t) => {
  t.match(render({}, { isUnicode: false }), /^[\n -~]*$/);
  t.notMatch(render({}), '\u001b');
  t.match(render({}, { isColored: true }), '\u001b[1m');
});

t.test('texts of users do nothing to the terminal', async (t) => {
  const evil = '\u001b[2J\u202e\n';
  const text = render({
    name: `n${evil}`,
    target: `t${evil}`,
    settings: { ...exampleResult.settings, sources: `s${evil}` },
    server: {
      pid: 1,
      command: evil,
      userTimePerConnection: 1,
      systemTimePerConnection: 1,
      peakKibibytes: 1,
      peakIs: 'of the run',
      note: evil,
    },
    phases: { sequence: [phase(evil, evil, evil, 1)], overlapping: [], unknown: [evil], traced: 0 },
  });
  for (const wild of ['\u001b', '\u202e']) t.notOk(text.includes(wild));
  t.match(text, 'n\\u{1b}[2J\\u{202e}\\u{a}: t\\u{1b}');
});
