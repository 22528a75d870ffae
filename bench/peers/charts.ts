// The report with charts: a group of bars for each handler and number of clients, and lines for what grows.
import {
  type ComparisonGroup,
  type ComparisonPage,
  type ComparisonTable,
  renderComparison,
} from '../../src/measure/report/comparison.ts';
import { tableOfJudgements, twoDigits } from './report.ts';
import { type Figure, type Question, ratioOf, type Sample, summaryOf } from './sample.ts';
import { describeRun, judgementsOf, type Run } from './summary.ts';
import type { Table } from './table.ts';

type Cell = Pick<Sample, 'scenario' | 'handler' | 'clients' | 'setting'>;

const shown: Record<'firstByte' | 'rate', { readonly title: string; readonly unit: string }> = {
  firstByte: { title: 'to the first byte', unit: 'µs' },
  rate: { title: 'connections per second', unit: 'conn/s' },
};

/** Each once, in the order in which they were measured. */
const cellsOf = (samples: readonly Sample[]): readonly Cell[] => [
  ...new Map(
    samples.map(({ scenario, handler, clients, setting }) => [
      `${scenario}\n${handler}\n${clients}\n${setting}`,
      { scenario, handler, clients, setting },
    ]),
  ).values(),
];

const groupOf = (
  { servers }: Run,
  samples: readonly Sample[],
  cell: Cell,
  figure: 'firstByte' | 'rate',
): ComparisonGroup => {
  const question = (server: string): Question => ({ ...cell, server, figure });
  const { title, unit } = shown[figure];
  // In the open loop it is no more than a bound of how many may be under way.
  const clients = cell.scenario === 'open' ? '' : cell.clients === 1 ? '1 client' : `${cell.clients} clients`;
  return {
    section: `${cell.scenario}: ${cell.handler} handler`,
    title: [title, clients, cell.setting].filter((text) => text !== '').join(', '),
    unit,
    isLogarithmic: true,
    note: 'The ratio is to the bare loop.',
    rows: servers
      .filter(({ name }) => samples.some(({ server }) => server === name))
      .map(({ name, title: row, role }) => {
        const summary = summaryOf(samples, question(name));
        const ratio = ratioOf(samples, question(name), question('floor'));
        return {
          name: row,
          value: summary?.median,
          least: summary?.least,
          most: summary?.most,
          ratioText: summary === undefined ? 'failed' : ratio === undefined ? '' : twoDigits(ratio.median),
          part: name === 'floor' ? 'reference' : role === 'acceptd' ? 'subject' : undefined,
        };
      }),
  };
};

const drawnFigures: Readonly<Record<string, readonly ('firstByte' | 'rate')[]>> = {
  clients: ['firstByte', 'rate'],
  open: ['firstByte'],
};

/** Settings begin with how many there are: "10,000" or "10,000 live instances". */
const sizeOf = (setting: string): number => Number(/^[\d,]+/.exec(setting)?.[0].replaceAll(',', ''));

/** What a setting counts; for a scenario that varies one thing only, that is its own title. */
const thingOf = (setting: string, usual: string): string => setting.replace(/^[\d,]+ ?/, '') || usual;

const growing: Readonly<Record<string, string>> = {
  listeners: 'listeners',
  live: 'live instances',
  growth: 'of them',
};

const seriesOf = (samples: readonly Sample[], figure: Figure, { servers }: Run) =>
  servers.flatMap(({ name, title }) => {
    const cells = cellsOf(samples.filter(({ server }) => server === name));
    const points = cells.flatMap((cell): readonly (readonly [number, number])[] => {
      const summary = summaryOf(samples, { ...cell, server: name, figure });
      return summary === undefined ? [] : [[sizeOf(cell.setting), summary.median]];
    });
    return points.length === 0 ? [] : [{ name: title, points }];
  });

const growthsOf = (run: Run): NonNullable<ComparisonPage['growths']> =>
  run.found.flatMap(({ scenario, part }) => {
    const usual = growing[scenario.name];
    if (usual === undefined) return [];
    const things = new Set(part.samples.map(({ setting }) => thingOf(setting, usual)));
    return [...things].flatMap((thing) => {
      const isOfThing = ({ setting }: { readonly setting: string }) => thingOf(setting, usual) === thing;
      const common = { section: `${scenario.name}: ${scenario.title}`, of: thing };
      const points = part.readings
        .filter(isOfThing)
        .map(({ setting, value }) => [sizeOf(setting), value] as const);
      const latency = {
        ...common,
        title: `first byte against ${thing}`,
        measured: 'to the first byte',
        unit: 'µs',
        series: seriesOf(part.samples.filter(isOfThing), 'firstByte', run),
      };
      const memory = {
        ...common,
        title: `memory against ${thing}`,
        measured: 'private memory',
        unit: 'KiB',
        series: [{ name: 'acceptd', points }],
      };
      return points.length === 0 ? [latency] : [latency, memory];
    });
  });

const asTable = (section: string, { header, rows }: Table, isText: boolean): ComparisonTable => ({
  section,
  title: header[0] ?? '',
  columns: header.map((title) => ({ title, isText })),
  rows,
});

/** The printed tables, cell by cell. */
const tablesOf = (run: Run): readonly ComparisonTable[] => [
  asTable('What acceptd has to reach', tableOfJudgements(judgementsOf(run)), true),
  ...run.found.flatMap(({ scenario, part }) =>
    part.tables.map((table) => asTable(`${scenario.name}: ${scenario.title}`, table, false)),
  ),
];

/** One self-contained page. */
export const renderCharts = (run: Run): string =>
  renderComparison({
    title: 'acceptd beside other super-servers',
    intro: [describeRun(run).replaceAll('`', '')],
    groups: run.found.flatMap(({ scenario, part }) => {
      const figures = drawnFigures[scenario.name] ?? [];
      return cellsOf(part.samples).flatMap((cell) =>
        figures.map((figure) => groupOf(run, part.samples, cell, figure)),
      );
    }),
    growths: growthsOf(run),
    tables: tablesOf(run),
  });
