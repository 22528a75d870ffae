// The latencies of a run as rows of percentiles, corrected ones below where they differ.
import { plural, timeUnit } from './figures.ts';
import { columns, type Look, plain, styled, wrap } from './layout.ts';
import {
  type ClientPhase,
  clientPhases,
  type Distribution,
  type Latency,
  type Microseconds,
  type Phase,
  type Phases,
  type Result,
} from './result.ts';

export const phaseNames: Readonly<Record<ClientPhase, string>> = {
  connect: 'connect',
  firstByte: 'first byte',
  lastByte: 'last byte',
  close: 'close',
};

const quantiles = (distribution: Distribution): readonly Microseconds[] => [
  distribution.p50,
  distribution.p90,
  distribution.p99,
  distribution.p99_9,
  distribution.most,
];

const tolerance = 0.01;

/** Whether the two tellings of a latency say different things to a reader. */
export const isCorrected = ({ uncorrected, corrected }: Latency): boolean => {
  const plain = quantiles(uncorrected);
  return quantiles(corrected).some((time, index) => {
    const other = plain[index] ?? 0;
    return Math.abs(time - other) > tolerance * Math.max(time, other);
  });
};

const noFigures = ['-', '-', '-', '-', '-'];

const reasons: Readonly<Record<Result['settings']['loop'], string>> = {
  open: 'corrected: counted from the moment at which each connection was to begin',
  closed: 'corrected: with the turns that clients missed while they waited for a slow answer',
};

/** Connect, first byte, last byte and close, each from the connection's start. */
export const renderLatencies = (result: Result, look: Look): readonly string[] => {
  const rows = clientPhases.flatMap((phase) => {
    const latency = result.latency[phase];
    const first = { name: phaseNames[phase], distribution: latency.uncorrected };
    return isCorrected(latency) ? [first, { name: '  corrected', distribution: latency.corrected }] : [first];
  });
  const filled = rows.filter(({ distribution }) => distribution.count > 0);
  const unit = timeUnit(
    filled.flatMap(({ distribution }) => quantiles(distribution)),
    look.isUnicode,
  );
  const [head = '', ...lines] = columns([
    [`latency, ${unit.name}`, 'p50', 'p90', 'p99', 'p99.9', 'max'],
    ...rows.map(({ name, distribution }) => [
      name.padEnd(14),
      ...(distribution.count > 0 ? quantiles(distribution).map(unit.show) : noFigures),
    ]),
  ]);
  const hasCorrected = rows.some(({ name }) => name === '  corrected');
  return [
    styled(head, 'bold', look),
    ...lines,
    ...(hasCorrected ? [styled(wrap(reasons[result.settings.loop], look.width, 2), 'dim', look)] : []),
  ];
};

const showWay = ({ from, to }: Phase, look: Look): string =>
  `${plain(from)} ${look.isUnicode ? '→' : '->'} ${plain(to)}`;

/** The steps through the server. */
export const renderPhases = (
  { sequence, overlapping, unknown, traced }: Phases,
  look: Look,
): readonly string[] => {
  const times = ({ distribution: { p50, p90, p99 } }: Phase): readonly Microseconds[] => [p50, p90, p99];
  const unit = timeUnit([...sequence, ...overlapping].flatMap(times), look.isUnicode);
  const rowOf = (phase: Phase): Row => ({
    phase,
    cells: [plain(phase.name), ...times(phase).map(unit.show)],
  });
  const rows: readonly Row[] = [
    { cells: [`steps, ${unit.name}`, 'p50', 'p90', 'p99'] },
    ...sequence.map(rowOf),
    ...(overlapping.length > 0 ? [{ cells: ['beside them'] }] : []),
    ...overlapping.map(rowOf),
  ];
  const table = columns(rows.map(({ cells }) => cells));
  const room = Math.max(...table.map((line) => line.length)) + 2;
  const lines = table.map((line, index) => {
    const phase = rows[index]?.phase;
    if (phase === undefined) return styled(line, 'bold', look);
    const way = showWay(phase, look);
    // where the words have no room beside the figures they stand below
    if (look.width - room < 24) return `${line}\n${wrap(way, look.width, 4, ' '.repeat(4))}`;
    return wrap(way, look.width, room, line.padEnd(room));
  });
  return [
    ...(sequence.length + overlapping.length > 0 ? lines : []),
    wrap(`${plural(traced, 'connection')} could be followed through all steps`, look.width, 2),
    ...unknown.map((sentence) => wrap(`unknown: ${plain(sentence)}`, look.width, 2)),
  ];
};

type Row = { readonly cells: readonly string[]; readonly phase?: Phase };
