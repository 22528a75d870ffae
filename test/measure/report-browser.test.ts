// Opens reports in a real browser and measures what it shows: labels, overlaps, contrast, and that nothing is fetched.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { type Test, test } from 'tap';
import { renderComparison } from '../../src/measure/report/comparison.ts';
import { renderReport } from '../../src/measure/report/page.ts';
import { type Box, type ChartFindings, contrast, type Findings, inspectPage } from './page-inspection.ts';
import { sampleComparison } from './sample-comparison.ts';
import {
  errorsOf,
  failedResult,
  sampleDistribution,
  sampleLatency,
  sampleResult,
  sampleRuns,
  sampleTimeline,
} from './sample-result.ts';

const browser = '/usr/bin/chromium';
const skip = existsSync(browser) ? false : `${browser} is not installed (Debian package chromium)`;

const equal = sampleDistribution({ count: 2_000, spread: 0, stalls: 0 });
const pages: Readonly<Record<string, () => string>> = {
  'one run': () => renderReport([sampleResult()]),
  'one run with errors, an hour long': () =>
    renderReport([
      sampleResult({
        errors: errorsOf({ reset: 9, timeout: 4_000 }),
        timeline: sampleTimeline(3_600, 420, 4_300).map((moment) =>
          moment.at % 600 === 17 ? { ...moment, errors: 9, latency: undefined } : moment,
        ),
        isInterrupted: true,
      }),
    ]),
  'one moment': () => renderReport([sampleResult({ timeline: sampleTimeline(1, 420, 4_300) })]),
  'slow and few': () =>
    renderReport([
      sampleResult({ latency: sampleLatency({ count: 40, median: 2_400_000, spread: 1.2, stalls: 0 }) }),
    ]),
  'all latencies equal': () =>
    renderReport([
      sampleResult({
        latency: {
          ...sampleLatency({}),
          firstByte: { corrected: equal, uncorrected: equal },
        },
      }),
    ]),
  'no connections': () => renderReport([failedResult()]),
  'two runs': () => renderReport(sampleRuns(2)),
  'eight runs': () => renderReport(sampleRuns(8)),
  'a comparison of 18 servers': () => renderComparison(sampleComparison),
};

const kinds = [
  { scheme: 'light', media: 'screen', width: 1280 },
  { scheme: 'dark', media: 'screen', width: 1280 },
  { scheme: 'light', media: 'screen', width: 480 },
  { scheme: 'dark', media: 'screen', width: 480 },
  { scheme: 'dark', media: 'print', width: 720 },
] as const;

const doOverlap = (one: Box, other: Box): boolean =>
  one.left < other.right - 0.5 &&
  other.left < one.right - 0.5 &&
  // the boxes of texts have room above and below the letters
  one.top < other.bottom - 2 &&
  other.top < one.bottom - 2;

const isWithin = (
  inner: Box | ChartFindings['frame'],
  outer: ChartFindings['frame'],
  slack: number,
): boolean =>
  inner.left >= outer.left - slack &&
  inner.right <= outer.right + slack &&
  inner.top >= outer.top - slack &&
  inner.bottom <= outer.bottom + slack;

const overlapsOf = ({ title, texts }: ChartFindings): readonly string[] =>
  texts.flatMap((one, index) =>
    texts
      .slice(index + 1)
      .filter((other) => doOverlap(one, other))
      .map((other) => `${title}: ${one.text} / ${other.text}`),
  );

const unit =
  /\((?:µs|ms|s|min|%|per second|µs, ms(?:, s)?|ms, s|KiB)[^)]*\)|^(?:µs|ms|s|logarithmic)$|per second|logarithmic/;

/** What is wrong with the page, one sentence each. */
const faultsOf = ({ charts, scrollWidth, clientWidth, texts, lines }: Findings): readonly string[] => {
  const faults = charts.flatMap((chart): readonly string[] => {
    const { title, area } = chart;
    const ticks = [...chart.horizontalTicks, ...chart.verticalTicks];
    return [
      ...(chart.role === 'img' && title !== '' && chart.description !== ''
        ? []
        : [`${title}: not told to a screen reader`]),
      ...(chart.axisTitles.length > 0 ? [] : [`${title}: no axis title`]),
      ...chart.axisTitles
        .filter((text) => !unit.test(text))
        .map((text) => `${title}: axis without a unit: ${text}`),
      ...(chart.horizontalTicks.length >= 2 ? [] : [`${title}: ticks: ${chart.horizontalTicks.join()}`]),
      ...(chart.verticalTicks.length === 1 ? [`${title}: one tick: ${chart.verticalTicks.join()}`] : []),
      ...(new Set(chart.horizontalTicks).size === chart.horizontalTicks.length
        ? []
        : [`${title}: a tick twice`]),
      ...ticks.filter((text) => !/\d/.test(text)).map((text) => `${title}: a tick without a number: ${text}`),
      ...overlapsOf(chart).map((pair) => `overlap: ${pair}`),
      ...chart.texts
        .filter((text) => !isWithin(text, chart.frame, 0.5))
        .map(({ text }) => `${title}: text outside of the picture: ${text}`),
      ...(area === undefined ? [`${title}: no plot area`] : []),
      ...(chart.shapes.length > 0 ? [] : [`${title}: nothing is drawn`]),
      ...chart.shapes
        .filter((shape) => area !== undefined && !isWithin(shape, area, 5))
        .map(({ text }) => `${title}: a shape outside of the plot area: ${text}`),
    ];
  });
  return [
    ...faults,
    ...(scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide in a window of ${clientWidth}`] : []),
    ...texts
      .filter((pair) => contrast(pair) < 4.5)
      .map((pair) => `contrast of a text: ${JSON.stringify(pair)}`),
    ...lines
      .filter((pair) => contrast(pair) < 3)
      .map((pair) => `contrast of a line: ${JSON.stringify(pair)}`),
  ];
};

const launch = (profile: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    executablePath: browser,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

type Kind = (typeof kinds)[number];

const inspect = async (page: Page, html: string, { scheme, media, width }: Kind): Promise<Findings> => {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme, media });
  await page.goto(html);
  return page.evaluate(inspectPage);
};

const write = async (t: Test, html: string): Promise<string> => {
  const file = join(t.testdir(), 'report.html');
  await writeFile(file, html);
  return pathToFileURL(file).href;
};

test('a browser shows every report whole, readable and without the network', { skip }, async (t) => {
  const context = await launch(t.testdir({}));
  t.teardown(() => context.close());
  for (const [name, render] of Object.entries(pages)) {
    await t.test(name, async (t) => {
      const page = await context.newPage();
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      const url = await write(t, render());
      for (const kind of kinds) {
        const findings = await inspect(page, url, kind);
        const what = `${kind.scheme}, ${kind.media}, ${kind.width} pixels`;
        t.same(faultsOf(findings), [], what);
        t.ok(findings.texts.length > 20, `${what}: has text`);
      }
      t.same(
        requests.filter((request) => request !== url && !request.startsWith('data:')),
        [],
        'fetches nothing',
      );
      t.equal(requests.includes(url), true, 'requests are seen');
      await page.close();
    });
  }
});

test('on paper the page is light although the screen is dark', { skip }, async (t) => {
  const context = await launch(t.testdir({}));
  t.teardown(() => context.close());
  const page = await context.newPage();
  const url = await write(t, renderReport([sampleResult()]));
  const groundOn = async (kind: Kind): Promise<string | undefined> =>
    (await inspect(page, url, kind)).texts[0]?.ground;
  t.equal(await groundOn({ scheme: 'dark', media: 'print', width: 720 }), 'rgb(255, 255, 255)');
  t.not(await groundOn({ scheme: 'dark', media: 'screen', width: 1280 }), 'rgb(255, 255, 255)');
});

/** A fault put into a good page, and what must be said of it. */
const broken: readonly (readonly [what: string, change: (html: string) => string, said: RegExp])[] = [
  ['large letters', (html) => html.replace('font-size:12px', 'font-size:34px'), /overlap|outside/],
  ['pale text', (html) => html.replace(/--muted:#[0-9a-f]+/, '--muted:#aaaaaa'), /contrast of a text/],
  ['pale lines', (html) => html.replace(/--series-1:#[0-9a-f]+/, '--series-1:#cccccc'), /contrast of a line/],
  [
    'a wide part',
    (html) => html.replace('<main>', '<main><div style="width:3000px">.</div>'),
    /3000 wide|the page is/,
  ],
  ['no units', (html) => html.replaceAll('(per second)', ''), /axis without a unit/],
  [
    'a stray point',
    (html) => html.replace('class="line s1 solid" d="M', 'class="line s1 solid" d="M900,-40L'),
    /a shape outside/,
  ],
  ['no description', (html) => html.replace(/<desc>[^<]*<\/desc>/, ''), /screen reader/],
  ['no ticks', (html) => html.replace(/<g class="x-axis">.*?<\/g>/, ''), /ticks: /],
];

test('the inspection of pages finds what is wrong with one', { skip }, async (t) => {
  const context = await launch(t.testdir({}));
  t.teardown(() => context.close());
  const page = await context.newPage();
  const good = renderReport([sampleResult()]);
  for (const [what, change, said] of broken) {
    await t.test(what, async (t) => {
      const changed = change(good);
      t.not(changed, good, 'the page is another');
      const file = await write(t, changed);
      const faults = faultsOf(await inspect(page, file, { scheme: 'light', media: 'screen', width: 1280 }));
      t.ok(
        faults.some((fault) => said.test(fault)),
        `is found: ${faults.slice(0, 3).join('; ')}`,
      );
    });
  }
});

test('a request of a page is seen', { skip }, async (t) => {
  const context = await launch(t.testdir({}));
  t.teardown(() => context.close());
  const page = await context.newPage();
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const html = renderReport([sampleResult()]).replace('<main>', '<main><img src="absent.png" alt="">');
  await page.goto(await write(t, html));
  t.ok(requests.some((request) => request.endsWith('absent.png')));
});
