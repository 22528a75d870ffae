// The report of one run or of several: one HTML file that needs no network and no script.
import type { Result } from '../result.ts';
import { drawRunDistribution } from './distribution.ts';
import { keyFigures, loopOf, runFigures, runNotices } from './figures.ts';
import { document, section } from './layout.ts';
import { element, fragment, type Markup } from './markup.ts';
import { drawPhaseBars, phaseDetails } from './phases.ts';
import { drawRuns, nameRuns } from './runs.ts';
import { drawErrorsOverTime, drawLatencyOverTime, drawRateOverTime, type Run } from './timeline.ts';
import { showAmount } from './unit.ts';

const begin = (text: string): string => text.replace(/^./u, (letter) => letter.toUpperCase());

/** `2026-11-21T09:30:00.000Z` is for machines. */
const showMoment = (text: string): string =>
  text.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2 UTC');

const introduce = ({ target, startedAt, settings, seconds }: Result): readonly string[] => [
  `${begin(loopOf(settings))}. ${showAmount(seconds)} s, begun ${showMoment(startedAt)}.`,
  `Target: ${target}`,
];

const drawPhases = ({ name, result: { phases } }: Run): Markup | undefined =>
  phases === undefined
    ? undefined
    : section('Inside the server', drawPhaseBars([{ name, phases }]), phaseDetails(phases));

const drawOne = (run: Run): Markup => {
  const { result } = run;
  return fragment(
    keyFigures(result),
    runNotices(result),
    drawRunDistribution(result),
    drawLatencyOverTime([run]),
    drawRateOverTime([run]),
    drawErrorsOverTime(run, 'Errors over time'),
    drawPhases(run),
    section('Figures', runFigures(result)),
  );
};

const tellOne = ({ name, result }: Run): Markup =>
  section(
    name,
    ...introduce(result).map((text) => element('p', { class: 'note' }, text)),
    keyFigures(result),
    runNotices(result),
    runFigures(result),
    result.phases === undefined ? undefined : phaseDetails(result.phases),
  );

/** The page of one run, or of several with the first as the reference; an Error when there is none. */
export const renderReport = (results: readonly Result[]): string => {
  const runs = nameRuns(results);
  const [first] = runs;
  if (first === undefined) throw new Error('a report needs at least one result');
  if (runs.length === 1) return document(first.name, introduce(first.result), drawOne(first));
  const introduction = [`${runs.length} runs; ratios refer to the first of them, ${first.name}.`];
  return document(`Comparison of ${runs.length} runs`, introduction, drawRuns(runs), ...runs.map(tellOne));
};
