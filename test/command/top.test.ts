// acceptd top: its pictures as text, its keys, and what it leaves of a terminal.
import t from 'tap';
import { widthOf } from '../../src/command/terminal-text.ts';
import { drawFrame } from '../../src/command/top-frame.ts';
import { readKeys } from '../../src/command/top-keys.ts';
import { rowsOf, type Sort } from '../../src/command/top-rates.ts';
import type { ServiceSummary } from '../../src/model/control.ts';
import { finger, startControlServer, statusOf, summaryOf } from '../support/control-server.ts';
import { noTerminals, startInTerminal } from '../support/terminal.ts';
import { acceptd, mainModule } from './stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

const clock = Date.parse('2026-11-26T10:30:00.000Z');
const byAccepted: Sort = { by: 'accepted', isReversed: false };
const sampleOf = (at: number, services: readonly ServiceSummary[]) => ({ at, status: statusOf(services) });
const many = (count: number, accepted = 0): readonly ServiceSummary[] =>
  Array.from({ length: count }, (_, index) =>
    summaryOf(`service-${String(index).padStart(3, '0')}/tcp`, { accepted: accepted * index, live: index }),
  );
const viewOf = (differs: Partial<Parameters<typeof drawFrame>[0]> = {}) => ({
  previous: undefined,
  now: sampleOf(10, [finger]),
  trouble: undefined,
  sort: byAccepted,
  offset: 0,
  clock,
  ...differs,
});
const plainScreen = (width: number, height: number) => ({ width, height, isColored: false });

t.test(
  'a picture fills the screen exactly, whatever its size and whatever services are called',
  async (t) => {
    const services = [
      ...many(30),
      finger,
      summaryOf('日本語の名前がとても長いサービス/tcp'),
      summaryOf('evil\u001b[2J/tcp', { lastError: null, limit: 1_000_000, live: 999_999 }),
    ];
    for (const [width, height] of [
      [80, 24],
      [40, 10],
      [200, 60],
      [20, 3],
      [132, 43],
    ] as const) {
      const now = sampleOf(10, services);
      const { lines } = drawFrame(viewOf({ now, trouble: 'gone '.repeat(40) }), plainScreen(width, height));
      t.equal(lines.length, height, `${width}x${height}`);
      for (const line of lines) t.ok(widthOf(line) <= width, `${width}x${height}: ${line}`);
      t.notMatch(lines.join(''), '\u001b');
    }
  },
);

t.test('rates are of the time between two looks', async (t) => {
  const before = sampleOf(10, [{ ...finger, accepted: 1000, refused: 30 }]);
  const now = sampleOf(12, [finger]);
  const { lines } = drawFrame(viewOf({ previous: before, now }), plainScreen(80, 24));
  t.match(lines[0], /^acceptd 0\.1\.0 {2}pid 4711 {2}up 1h30m {2}running {2}1 service$/);
  t.match(lines[1], /^live 3 {2}accepted 117\/s {2}refused 1\.0\/s {2}failed 0\/s/, 'of all together');
  t.match(lines[3], /^Service +state +Live +Acc\/s\*/, 'what is sorted by is marked');
  t.match(lines[4], /^finger\/tcp +held +3\/64 +117 +1\.0 +0 +2 +2\.10ms +13\.0ms +4\.50M$/);
  t.match(lines[23], /^1-1 of 1 by accepted /);
});

t.test(
  'there is no rate without a look before, of a new service, or of counts that began anew',
  async (t) => {
    const now = sampleOf(12, [finger]);
    t.equal(rowsOf(undefined, now)[0]?.accepted, undefined);
    t.equal(rowsOf(sampleOf(10, []), now)[0]?.accepted, undefined);
    t.equal(rowsOf(sampleOf(10, [{ ...finger, accepted: 2000 }]), now)[0]?.accepted, undefined);
    const other = { at: 10, status: statusOf([{ ...finger, accepted: 0 }], { pid: 1 }) };
    t.equal(rowsOf(other, now)[0]?.accepted, undefined, 'another process');
    t.equal(rowsOf(sampleOf(12, [finger]), now)[0]?.accepted, undefined, 'no time has passed');
    t.equal(rowsOf(sampleOf(10, [finger]), now)[0]?.accepted, 0);
  },
);

t.test('services are sorted and scrolled, and no scrolling leads beyond the last', async (t) => {
  const previous = sampleOf(0, many(50));
  const now = sampleOf(1, many(50, 1));
  const names = (sort: Sort, offset = 0) => {
    const { lines } = drawFrame(viewOf({ previous, now, sort, offset }), plainScreen(80, 24));
    return lines.slice(4, 23).map((line) => line.slice(0, 11));
  };
  t.equal(names(byAccepted)[0], 'service-049', 'the busiest first');
  t.equal(names({ by: 'accepted', isReversed: true })[0], 'service-000');
  t.equal(names({ by: 'service', isReversed: false })[0], 'service-000');
  t.equal(names({ by: 'service', isReversed: false }, 10)[0], 'service-010');
  const far = drawFrame(viewOf({ now, offset: Number.POSITIVE_INFINITY }), plainScreen(80, 24));
  t.match(far, { offset: 31, page: 19 });
  t.match(far.lines[23], /^32-50 of 50 /);
});

t.test('keys are read out of what a terminal sends, also when it comes in parts', async (t) => {
  t.strictSame(readKeys('sq'), { keys: ['s', 'q'], rest: '' });
  t.strictSame(readKeys('\u001b[A\u001bOB\u001b[6~\u001b[H'), {
    keys: ['up', 'down', 'page-down', 'home'],
    rest: '',
  });
  t.strictSame(readKeys('\u0003\u001a'), { keys: ['interrupt', 'suspend'], rest: '' });
  t.strictSame(readKeys('a\u001b['), { keys: ['a'], rest: '\u001b[' });
  t.strictSame(readKeys('\u001b[5~').keys, ['page-up']);
  t.strictSame(readKeys('\u001b[1;5Zq').keys, ['q'], 'a sequence that means nothing here');
  t.strictSame(readKeys('\u001bq').keys, ['q'], 'an escape alone is nothing');
});

t.test(
  'in a terminal: it sorts, follows a new size, survives its server, and leaves everything as it was',
  { skip: noTerminals },
  async (t) => {
    const answer = () => ({ json: statusOf([finger, summaryOf('echo/tcp', { live: 9 })]) });
    const server = await startControlServer(t, answer);
    const words = ['top', '--interval', '0.1', '--control', server.path];
    const terminal = startInTerminal(t, [process.execPath, mainModule, ...words]);
    await terminal.untilShown(/\?1049h[\s\S]*finger\/tcp[\s\S]*1-2 of 2 by accepted/);
    terminal.press('l');
    await terminal.untilShown(/Live\*[\s\S]*echo\/tcp[\s\S]*finger\/tcp[\s\S]*by live/);
    terminal.resize(50, 12);
    await terminal.untilShown(/\^\[\[2J\^\[\[1;1H[^J]*\^\[\[12;1H\^\[\[2K[^J]*by live[^J]*\^\[\[1;1H/);
    await server.close();
    await terminal.untilShown(/no news since/);
    const again = await startControlServer(t, answer, server.path);
    await terminal.untilShown(/\^\[\[3;1H\^\[\[2K\^\[\[4;1H/);
    t.ok(again.asked.length > 0);
    terminal.press('q');
    const { status, isCanonical, rest } = await terminal.ended();
    t.strictSame({ status, isCanonical }, { status: 0, isCanonical: true });
    t.match(rest, /\^\[\[\?25h\^\[\[\?1049l$/, 'the cursor, and what stood there before');
  },
);

t.test('a signal that ends it finds the terminal as it was before', { skip: noTerminals }, async (t) => {
  const server = await startControlServer(t, () => ({ json: statusOf([finger]) }));
  const words = ['top', '--control', server.path];
  const signals = [2, 15];
  const terminals = signals.map(() => startInTerminal(t, [process.execPath, mainModule, ...words]));
  for (const [index, terminal] of terminals.entries()) {
    await terminal.untilShown(/finger\/tcp/);
    terminal.signal(signals[index] ?? 0);
    const { status, isCanonical, rest } = await terminal.ended();
    t.equal(status, -(signals[index] ?? 0), 'who waits for it sees the signal');
    t.equal(isCanonical, true);
    t.match(rest, /\^\[\[\?1049l$/);
  }
});

t.test('without a terminal nothing is drawn', async (t) => {
  t.match(await acceptd('top'), { code: 64, stdout: '', stderr: /top needs a terminal/ });
});
