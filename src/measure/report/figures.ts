// One run in numbers: latencies, errors, what server and client used, and how and where it was measured.
import { sum } from 'd3-array';
import { showCount } from '../figures.ts';
import {
  type Distribution,
  type Errors,
  errorKinds,
  type Latency,
  type Result,
  type Settings,
} from '../result.ts';
import { notice, type Row, table } from './layout.ts';
import { element, fragment, type Markup } from './markup.ts';
import { showAmount, showRate, showRatio, showRound, showTime } from './unit.ts';

export const errorTotal = (errors: Errors): number => sum(errorKinds, (kind) => errors[kind]);

const distributionKeys = ['least', 'mean', 'p50', 'p90', 'p99', 'p99_9', 'most'] as const;

const isSame = ({ corrected, uncorrected }: Latency): boolean =>
  corrected.count === uncorrected.count &&
  distributionKeys.every((key) => corrected[key] === uncorrected[key]);

const latencyRow = (heading: string, distribution: Distribution): Row => ({
  heading,
  cells: [
    ...distributionKeys.map((key) => (distribution.count === 0 ? '-' : showTime(distribution[key]))),
    showCount(distribution.count),
  ],
});

const phaseNames = {
  connect: 'connect',
  firstByte: 'first byte',
  lastByte: 'last byte',
  close: 'close',
} as const;

const latencyTable = ({ latency }: Result): Markup => {
  const columns = ['least', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'max', 'count'].map((title) => ({ title }));
  const rows = (['connect', 'firstByte', 'lastByte', 'close'] as const).flatMap((phase) => {
    const both = latency[phase];
    if (isSame(both)) return [latencyRow(phaseNames[phase], both.corrected)];
    return [
      latencyRow(`${phaseNames[phase]}, corrected`, both.corrected),
      latencyRow(`${phaseNames[phase]}, uncorrected`, both.uncorrected),
    ];
  });
  return table('Latencies, each from the start of the connection', 'until', columns, rows);
};

const errorTable = ({ errors, connections }: Result): Markup => {
  const total = errorTotal(errors);
  if (total === 0) return element('p', { class: 'no-errors' }, 'Errors: none.');
  const share = (count: number): string =>
    `${Number(((100 * count) / (total + connections)).toPrecision(4))} %`;
  const kinds = errorKinds.filter((kind) => errors[kind] > 0);
  return table(
    `Errors: ${showCount(total)}, in no latency and no rate`,
    'kind',
    [{ title: 'connections' }, { title: 'of all that ended' }],
    kinds.map((kind) => ({
      heading: kind,
      cells: [showCount(errors[kind]), share(errors[kind])],
      kind: 'error',
    })),
  );
};

const serverRows = ({ server }: Result): readonly Row[] => {
  if ('unknown' in server) return [{ heading: 'server', cells: [`unknown: ${server.unknown}`] }];
  const { userTimePerConnection: user, systemTimePerConnection: system } = server;
  const peak = server.peakKibibytes;
  return [
    { heading: 'server', cells: [`process ${server.pid}, ${server.command}`] },
    {
      heading: 'processor time of the server per connection',
      cells: [`${showTime(user + system)} (user ${showTime(user)}, system ${showTime(system)})`],
    },
    {
      heading: `peak memory of the server, ${server.peakIs}`,
      cells: [peak === undefined ? 'unknown' : `${showAmount(peak / 1024)} MiB`],
    },
  ];
};

const clientRows = ({ clientTimePerConnection, floor, rate }: Result): readonly Row[] => {
  const cost: Row = {
    heading: 'processor time of the client per connection',
    cells: [showTime(clientTimePerConnection)],
  };
  if (floor === undefined) return [cost, { heading: "the client's own floor", cells: ['not measured'] }];
  const { firstByte, clientTimePerConnection: own } = floor;
  const ratio = rate > 0 ? `, ${showRatio(floor.rate, rate)} of this run` : '';
  return [
    cost,
    { heading: "the client's own floor: rate", cells: [`${showRate(floor.rate)}${ratio}`] },
    {
      heading: "the client's own floor: first byte",
      cells: [`p50 ${showTime(firstByte.p50)}, p99 ${showTime(firstByte.p99)}`],
    },
    { heading: "the client's own floor: processor time", cells: [`${showTime(own)} per connection`] },
  ];
};

export const loopOf = ({ loop, clients, rate, arrivals, seed }: Settings): string => {
  const people = `${showCount(clients)} client${clients === 1 ? '' : 's'}`;
  if (loop === 'closed') return `closed loop, ${people}`;
  const how =
    arrivals === 'poisson'
      ? `Poisson arrivals${seed === undefined ? '' : `, seed ${seed}`}`
      : 'even arrivals';
  return `open loop, ${rate === undefined ? '' : `${showCount(rate)} connections per second, `}${how}, at most ${people}`;
};

/** Name and text of each setting, for a table and for a comparison. */
export const settingTexts = ({ settings }: Result): readonly (readonly [string, string])[] => [
  ['load', loopOf(settings)],
  [
    'ends after',
    settings.duration === undefined
      ? settings.count === undefined
        ? '-'
        : `${showCount(settings.count)} connections`
      : `${showRound(settings.duration)} s`,
  ],
  ['warm-up', `${showRound(settings.warmUp)} s`],
  ['timeout', `${showRound(settings.timeout)} s`],
  ['sends', `${showCount(settings.sends)} bytes`],
  ['expects', settings.expects === undefined ? 'anything' : `${showCount(settings.expects)} bytes`],
  ['a connection ends at', settings.endsAt === 'answer' ? 'the last byte of the answer' : 'the end of file'],
  ['closes', settings.closes === 'reset' ? 'with a reset' : 'in order'],
  ['source addresses', settings.sources ?? "the kernel's choice"],
];

export const surroundingTexts = ({ surroundings }: Result): readonly (readonly [string, string])[] => [
  ['processors', `${surroundings.processors}, ${surroundings.model}`],
  ['memory', `${showAmount(surroundings.memoryMebibytes / 1024)} GiB`],
  ['kernel', `${surroundings.kernel}, ${surroundings.architecture}`],
  ['acceptd', surroundings.acceptd],
  ['Node', surroundings.node],
];

const asRows = (texts: readonly (readonly [string, string])[]): readonly Row[] =>
  texts.map(([heading, text]) => ({ heading, cells: [text] }));

const pairs = (caption: string, rows: readonly Row[]): Markup =>
  table(caption, 'what', [{ title: 'value', isText: true }], rows);

/** What a reader must know before he believes a figure. */
export const runNotices = (result: Result): Markup => {
  const { isInterrupted, seconds, unfinished, unrecorded, late, floor, rate, errors, connections } = result;
  const total = errorTotal(errors);
  const texts = [
    isInterrupted ? `The run was interrupted after ${showAmount(seconds)} s.` : undefined,
    connections === 0 ? `No connection went well; ${showCount(total)} failed.` : undefined,
    connections > 0 && total > 0
      ? `${showCount(total)} connections failed; they are in no latency and no rate.`
      : undefined,
    unfinished > 0 ? `${showCount(unfinished)} connections were under way when the run ended.` : undefined,
    unrecorded > 0
      ? `${showCount(unrecorded)} connections could not be recorded in time and are in no figure.`
      : undefined,
    late > 0
      ? `${showCount(late)} connections began later than they should: too many were under way already.`
      : undefined,
    floor !== undefined && rate * 3 > floor.rate
      ? `The client alone reaches only ${showRatio(floor.rate, rate)} of this rate; below ×3 it may be what limits the run.`
      : undefined,
  ];
  return fragment(...texts.flatMap((text) => (text === undefined ? [] : [notice(text)])));
};

export const runFigures = (result: Result): Markup =>
  fragment(
    latencyTable(result),
    errorTable(result),
    pairs('Rate and cost', [
      {
        heading: 'rate',
        cells: [
          `${showRate(result.rate)} (${showCount(result.connections)} connections in ${showAmount(result.seconds)} s)`,
        ],
      },
      ...serverRows(result),
      ...clientRows(result),
    ]),
    element(
      'div',
      { class: 'charts' },
      pairs('Settings', [{ heading: 'target', cells: [result.target] }, ...asRows(settingTexts(result))]),
      pairs('Machine and versions', asRows(surroundingTexts(result))),
    ),
  );

/** The few numbers to see first. */
export const keyFigures = (result: Result): Markup => {
  const { corrected } = result.latency.firstByte;
  const time = (value: number): string => (corrected.count === 0 ? '-' : showTime(value));
  const total = errorTotal(result.errors);
  const entry = (term: string, value: string, kind?: string): Markup =>
    element('div', {}, element('dt', {}, term), element('dd', { class: kind }, value));
  return element(
    'dl',
    { class: 'key-figures' },
    entry('first byte, p50', time(corrected.p50)),
    entry('first byte, p99', time(corrected.p99)),
    entry('first byte, max', time(corrected.most)),
    entry('rate', showRate(result.rate)),
    entry('errors', total === 0 ? 'none' : showCount(total), total === 0 ? undefined : 'bad'),
  );
};
