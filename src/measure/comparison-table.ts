// Several runs side by side: one row a run, with ratios to the first.
import { showCount, showRate, timeUnit } from './figures.ts';
import { phaseNames } from './latency-table.ts';
import { columns, type Look, plain, shorten, styled, wrap } from './layout.ts';
import { type ClientPhase, errorKinds, type Result } from './result.ts';

const showRatio = (value: number, base: number, look: Look): string => {
  if (base === 0) return '';
  const ratio = value / base;
  return `${ratio.toFixed(ratio >= 100 ? 0 : ratio >= 10 ? 1 : 2)}${look.isUnicode ? '×' : 'x'}`;
};

/** The first byte, or the end where there is a run without a byte. */
const comparedPhase = (results: readonly Result[]): ClientPhase =>
  results.every(({ latency }) => latency.firstByte.corrected.count > 0) ? 'firstByte' : 'close';

const sumOfErrors = ({ errors }: Result): number => errorKinds.reduce((sum, kind) => sum + errors[kind], 0);

/** A result that was read from a file has no fields for what was not told. */
const different = (name: string, all: readonly object[]): readonly string[] => {
  const fields = all.map((each) => new Map<string, unknown>(Object.entries(each)));
  const names = [...new Set(fields.flatMap((each) => [...each.keys()]))];
  const unlike = names.filter((key) => new Set(fields.map((each) => each.get(key))).size > 1);
  return unlike.length === 0 ? [] : [`not all runs have the same ${name}: ${unlike.join(', ')}`];
};

const shortestName = 12;

/** The latency of a run without a connection is no figure, and neither is its ratio. */
export const renderComparison = (results: readonly Result[], look: Look): string => {
  const phase = comparedPhase(results);
  const filled = results.filter(({ latency }) => latency[phase].corrected.count > 0);
  const unit = timeUnit(
    filled.flatMap(({ latency }) => [latency[phase].corrected.p50, latency[phase].corrected.p99]),
    look.isUnicode,
  );
  const [first] = results;
  if (first === undefined) return '';
  const base = first.latency[phase].corrected;
  const figures = results.map((result) => {
    const { count, p50, p99 } = result.latency[phase].corrected;
    const times =
      count === 0
        ? ['-', '', '-', '']
        : [unit.show(p50), showRatio(p50, base.p50, look), unit.show(p99), showRatio(p99, base.p99, look)];
    return [
      ...times,
      showRate(result.rate),
      showRatio(result.rate, first.rate, look),
      showCount(sumOfErrors(result)),
    ];
  });
  const head = [`p50, ${unit.name}`, '', `p99, ${unit.name}`, '', 'per second', '', 'errors'];
  const taken = columns([head, ...figures].map((cells) => ['', ...cells]))[0]?.length ?? 0;
  const nameRoom = Math.max(shortestName, look.width - taken);
  const names = results.map(({ name }) => shorten(plain(name), nameRoom, look));
  const [title = '', ...lines] = columns([
    ['run', ...head],
    ...figures.map((cells, index) => [names[index] ?? '', ...cells]),
  ]);
  const warnings = [
    ...different(
      'settings',
      results.map(({ settings }) => settings),
    ),
    ...different(
      'machine or versions',
      results.map(({ surroundings }) => surroundings),
    ),
  ];
  return [
    `latency to the ${phaseNames[phase]}, corrected; ratios to the first run`,
    styled(title, 'bold', look),
    ...lines,
    ...warnings.map((warning) => styled(wrap(`warning: ${warning}`, look.width, 2), 'yellow', look)),
  ].join('\n');
};
