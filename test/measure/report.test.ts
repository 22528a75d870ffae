// The report as text: what users have named is escaped, and odd runs give whole pages.
import fc from 'fast-check';
import { type Test, test } from 'tap';
import { latencyAxis, logarithmicAxis, percentileAxis } from '../../src/measure/report/axis.ts';
import { renderComparison } from '../../src/measure/report/comparison.ts';
import { shorten, textWidth } from '../../src/measure/report/label.ts';
import { element, escapeText } from '../../src/measure/report/markup.ts';
import { renderReport } from '../../src/measure/report/page.ts';
import { showAmount, showRatio, showTickTime, showTime } from '../../src/measure/report/unit.ts';
import type { Result } from '../../src/measure/result.ts';
import { sampleComparison } from './sample-comparison.ts';
import {
  distributionOf,
  errorsOf,
  failedResult,
  noLatency,
  sampleLatency,
  samplePhases,
  sampleResult,
  sampleRuns,
  sampleTimeline,
} from './sample-result.ts';

/** Each element is closed where it was opened, and no coordinate is anything but a number. */
const checkWhole = (t: Test, html: string): void => {
  const open: string[] = [];
  const faults: string[] = [];
  for (const [, close, name = '', rest = ''] of html.matchAll(/<(\/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)>/g)) {
    if (['meta', 'link'].includes(name)) continue;
    if (close === '') open.push(name);
    else if (open.pop() !== name) faults.push(`</${name}>`);
    if (/="[^"]*(?:NaN|Infinity|undefined|null)[^"]*"/.test(rest)) faults.push(rest);
  }
  t.same(faults, []);
  t.same(open, [], 'all elements are closed');
  t.notMatch(html, /NaN|Infinity|undefined|\[object/);
  t.notMatch(html, /https?:|<script|url\(|@import/, 'nothing is fetched or run');
};

const hostile = `</title><script>alert("1")</script>'&amp;\u0007\u202E`;

const hostileResult = (): Result => {
  const result = sampleResult();
  return {
    ...result,
    name: hostile,
    target: hostile,
    startedAt: hostile,
    settings: { ...result.settings, sources: hostile },
    surroundings: {
      ...result.surroundings,
      model: hostile,
      kernel: hostile,
      acceptd: hostile,
      node: hostile,
    },
    server: { unknown: hostile },
    phases: {
      ...samplePhases(),
      unknown: [hostile],
      sequence: samplePhases().sequence.map((phase) => ({
        ...phase,
        name: hostile,
        from: hostile,
        to: hostile,
      })),
    },
  };
};

test('no name becomes markup', async (t) => {
  for (const html of [renderReport([hostileResult()]), renderReport([hostileResult(), hostileResult()])]) {
    checkWhole(t, html);
    t.match(html, '&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;amp;');
    t.notOk(html.includes('\u0007') || html.includes('\u202E'));
  }
});

test('no name of a comparison becomes markup', async (t) => {
  const { groups, growths = [], tables = [], intro } = sampleComparison;
  const html = renderComparison({
    title: hostile,
    intro: intro.map((each) => each + hostile),
    groups: groups.map((group) => ({
      ...group,
      title: hostile,
      section: hostile,
      unit: hostile,
      note: hostile,
      rows: group.rows.map((row) => ({ ...row, name: row.name + hostile, ratioText: hostile })),
    })),
    growths: growths.map((growth) => ({
      ...growth,
      of: hostile,
      measured: hostile,
      unit: hostile,
      series: growth.series.map((series) => ({ ...series, name: hostile })),
    })),
    tables: tables.map((each) => ({
      ...each,
      title: hostile,
      rows: each.rows.map((row) => row.map((cell) => cell + hostile)),
    })),
  });
  checkWhole(t, html);
});

test('whatever the text, an element has only the tags and quotes it was made with', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { markup } = element('a', { title: text }, text);
        const [, title = '', content = ''] = /^<a title="([^"<>]*)">([^<>]*)<\/a>$/.exec(markup) ?? [];
        return title === content && title === escapeText(text);
      }),
    ),
  );
});

const equal = { corrected: distributionOf([300, 300, 300]), uncorrected: distributionOf([300, 300, 300]) };
const zero = { corrected: distributionOf([0, 0, 4, 900]), uncorrected: distributionOf([0, 0, 4, 900]) };
const nothing = { corrected: distributionOf([0, 0]), uncorrected: distributionOf([0]) };
const lone = { corrected: distributionOf([42]), uncorrected: distributionOf([42]) };
const odd: Readonly<Record<string, readonly Result[]>> = {
  'no connections': [failedResult()],
  'no connections and no moments': [failedResult({ timeline: [] })],
  'no connections in one of three runs': [sampleResult(), failedResult(), sampleResult()],
  'no connections in any of two runs': [failedResult(), failedResult()],
  'one moment': [sampleResult({ timeline: sampleTimeline(1, 420, 4_300) })],
  '3,600 moments': [sampleResult({ timeline: sampleTimeline(3_600, 420, 4_300) })],
  'a moment without length': [
    sampleResult({ timeline: sampleTimeline(3, 420, 4_300).map((moment) => ({ ...moment, seconds: 0 })) }),
  ],
  'equal latencies': [sampleResult({ latency: { ...sampleLatency({}), firstByte: equal } })],
  'latencies of zero among others': [sampleResult({ latency: { ...noLatency, firstByte: zero } })],
  'latencies of zero alone': [sampleResult({ latency: { ...noLatency, firstByte: nothing } })],
  'one connection': [sampleResult({ latency: { ...noLatency, firstByte: lone } })],
  'phases that nobody could follow': [
    sampleResult({ phases: { sequence: [], overlapping: [], unknown: ['all of it'], traced: 0 } }),
  ],
  'eight runs': sampleRuns(8),
  'nine runs': sampleRuns(9),
};

for (const [what, results] of Object.entries(odd)) {
  test(`a whole page: ${what}`, async (t) => {
    const html = renderReport(results);
    checkWhole(t, html);
    t.match(html, /<h1>[^<]+<\/h1>/);
  });
}

test('a page without connections says so and draws no empty axes', async (t) => {
  const html = renderReport([failedResult()]);
  t.match(html, 'No connection went well; 21,334 failed.');
  t.match(html, 'No connection went well in this run, so there is no latency to draw.');
  t.notMatch(html, 'Percentile of connections');
  t.match(html, 'Errors over time');
});

test('no result is no report', async (t) => {
  t.throws(() => renderReport([]), { message: 'a report needs at least one result' });
});

test('errors are told with their kinds, and doubts at the top', async (t) => {
  const html = renderReport([
    sampleResult({
      errors: errorsOf({ reset: 3, 'no port': 1 }),
      isInterrupted: true,
      unfinished: 5,
      unrecorded: 6,
      late: 7,
      rate: 30_000,
    }),
  ]);
  const top = html.slice(0, html.indexOf('<figure'));
  for (const said of [
    'The run was interrupted after 30.0 s.',
    '4 connections failed',
    '5 connections were under way',
    '6 connections could not be recorded',
    '7 connections began later',
    'The client alone reaches only ×1.37 of this rate',
  ]) {
    t.match(top, said);
  }
  t.match(html, /<tr class="error"><th scope="row">reset<\/th><td class="figure">3<\/td>/);
  t.match(html, /<tr class="error"><th scope="row">no port<\/th><td class="figure">1<\/td>/);
  t.notMatch(html, '<th scope="row">refused</th>', 'kinds that did not happen are left out');
  const calm = renderReport([sampleResult()]);
  t.match(calm, 'Errors: none.');
  t.notMatch(calm, 'class="notice"');
});

test('errors of a few moments are drawn high enough to be seen', async (t) => {
  const timeline = sampleTimeline(100, 420, 4_300).map((moment) => ({
    ...moment,
    errors: moment.at === 3 ? 100_000 : moment.at === 50 ? 1 : 0,
  }));
  const html = renderReport([sampleResult({ errors: errorsOf({ reset: 100_001 }), timeline })]);
  t.match(html, '100,001 errors in 2 of 100 moments.');
  const heights = [...html.matchAll(/class="error-bar"[^>]* height="([\d.]+)"/g)].map(([, height]) =>
    Number(height),
  );
  t.equal(heights.length, 4, 'two bars in each width');
  t.ok(heights.every((height) => height >= 3));
});

test('the worst moments stay when moments are joined', async (t) => {
  const timeline = sampleTimeline(3_600, 420, 4_300, 10_000).map((moment) =>
    moment.at === 1_801 ? { ...moment, latency: { p50: 400, p99: 1_000, most: 7_654_321 } } : moment,
  );
  const html = renderReport([sampleResult({ timeline })]);
  t.match(html, /Each point joins 9 moments/);
  t.match(html, /max: [^.]+.[^.]+ to 7\.65 s/, 'told to a screen reader');
});

test('runs that were not made alike are said to differ, and equal names get numbers', async (t) => {
  const one = sampleResult();
  const other = sampleResult({ settings: { ...one.settings, clients: 32 } });
  const html = renderReport([one, other]);
  t.match(html, 'These runs were not made alike');
  t.match(html, 'closed loop, 32 clients');
  t.match(html, 'acceptd, static handler (2)');
  t.notMatch(renderReport([one, one]), 'These runs were not made alike');
});

test('times and amounts have three digits and a unit that suits them', async (t) => {
  const times: readonly (readonly [number, string])[] = [
    [0, '0 µs'],
    [0.42, '0.42 µs'],
    [8.5, '8.50 µs'],
    [842.4, '842 µs'],
    [999.7, '1.00 ms'],
    [1_240, '1.24 ms'],
    [99_960, '100 ms'],
    [999_700, '1.00 s'],
    [12_400_000, '12.4 s'],
  ];
  for (const [value, text] of times) t.equal(showTime(value), text);
  t.equal(showAmount(12_345.6), '12,346');
  t.equal(showAmount(0.0123), '0.012');
  t.equal(showTickTime(200_000), '200 ms');
  t.equal(showRatio(3, 2), '×1.50');
  t.equal(showRatio(3, 0), '-');
});

test('axes hold all of their values, and labels keep clear of each other', async (t) => {
  // the clocks tell whole nanoseconds
  const value = fc
    .tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: -3, max: 6 }))
    .map(([digits, power]) => Number((digits * 10 ** power).toFixed(3)));
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), fc.boolean(), (values, isFlat) => {
        const [from, to] = isFlat ? [40, 400] : [300, 30];
        const axis = latencyAxis(values, 'latency', [from, to]);
        const [low, high] = [Math.min(from, to), Math.max(from, to)];
        const places = axis.ticks.map(({ place }) => place);
        const isInside = (place: number): boolean => place >= low - 0.01 && place <= high + 0.01;
        const clear = axis.ticks.slice(1).every(({ place, label }, index) => {
          const before = axis.ticks[index];
          if (before === undefined) return false;
          return place - before.place >= (isFlat ? (textWidth(label) + textWidth(before.label)) / 2 : 12);
        });
        return places.length > 0 && [...places, ...values.map(axis.place)].every(isInside) && clear;
      }),
    ),
  );
});

test('percentiles take the same room for each nine, and the last one ends the axis', async (t) => {
  const axis = percentileAxis(5_000, 'percentile', [0, 400]);
  const near = (one: number, other: number): boolean => Math.abs(one - other) < 0.01;
  t.ok(near(axis.place(0), 0));
  t.ok(near(axis.place(90), 100));
  t.ok(near(axis.place(99), 200));
  t.ok(near(axis.place(99.9), 300));
  t.ok(near(axis.place(100), 400));
  t.same(
    axis.ticks.map(({ label }) => label),
    ['0', '50', '75', '90', '95', '99', '99.9'],
  );
});

test('zero lands at the foot of a logarithmic axis', async (t) => {
  const axis = logarithmicAxis([0, 3, 4_000], 'latency', [200, 10], String);
  t.equal(axis.place(0), 200);
  t.ok(axis.place(3) < 200);
});

test('a name without room is cut, and its whole is still there for who asks', async (t) => {
  t.equal(shorten('short', 200), 'short');
  const cut = shorten('a name that goes on and on', 90);
  t.ok(cut.endsWith('…') && textWidth(cut) <= 90, cut);
  const html = renderReport(sampleRuns(8));
  t.match(
    html,
    /<title>a server with such a long name that no chart has room for it, &lt;&amp;&quot;&gt; included<\/title>/,
  );
});

test('a comparison tells what was not measured, and where', async (t) => {
  const html = renderComparison(sampleComparison);
  checkWhole(t, html);
  t.match(html, 'not installed');
  t.match(html, 'Nothing was measured here.');
  t.equal([...html.matchAll(/<h2>/g)].length, 4, 'two sections of groups, growth, tables');
  checkWhole(t, renderComparison({ title: 'empty', intro: [], groups: [] }));
});
