// Turns samples into the tables that are printed and that the README shows.
import { errorsOf, type Figure, ratioOf, type Sample, summaryOf } from './sample.ts';
import { renderTable } from './table.ts';
import type { Judgement } from './targets.ts';

type Named = { readonly name: string; readonly title: string };

export const twoDigits = (ratio: number): string => ratio.toFixed(2);

export const wholeNumber = (value: number): string => Math.round(value).toLocaleString('en-US');

const columns = (clients: readonly number[]): { readonly figure: Figure; readonly clients: number }[] =>
  (['firstByte', 'endOfFile', 'rate'] as const).flatMap((figure) =>
    clients.map((count) => ({ figure, clients: count })),
  );

const headings: Record<Figure, string> = { firstByte: 'first byte', endOfFile: 'EOF', rate: 'conn/s' };

/** Median of the rounds, and in brackets the median of the ratios to the bare loop. */
const cell = (
  samples: readonly Sample[],
  handler: string,
  server: string,
  column: { figure: Figure; clients: number },
) => {
  const summary = summaryOf(samples, { handler, ...column }, server);
  const ratio = ratioOf(samples, { handler, ...column }, server, 'floor');
  if (summary === undefined) return '-';
  return `${wholeNumber(summary.median)}${ratio === undefined ? '' : ` (${twoDigits(ratio.median)})`}`;
};

export const renderHandler = (
  samples: readonly Sample[],
  handler: Named,
  servers: readonly Named[],
  clients: readonly number[],
): string => {
  const header = [
    handler.title,
    ...columns(clients).map((column) => `${headings[column.figure]}, ${column.clients}`),
  ];
  const rows = servers
    .filter(({ name }) => samples.some((sample) => sample.server === name && sample.handler === handler.name))
    .map(({ name, title }) => [
      title,
      ...columns(clients).map((column) => cell(samples, handler.name, name, column)),
    ]);
  return renderTable(header, rows);
};

export const renderErrors = (samples: readonly Sample[], servers: readonly Named[]): string => {
  const lines = servers.flatMap(({ name, title }) => {
    const errors = errorsOf(samples, name);
    return errors === undefined ? [] : [`${title}: ${errors}`];
  });
  return `Failed connections: ${lines.length === 0 ? 'none' : lines.join('; ')}.`;
};

export const renderJudgements = (judgements: readonly Judgement[]): string =>
  renderTable(
    ['acceptd', 'wanted', 'median', 'range of rounds', 'verdict'],
    judgements.map(({ text, bound, ratio, verdict, remark }) => [
      text,
      bound,
      ratio === undefined ? '-' : twoDigits(ratio.median),
      ratio === undefined ? '-' : `${twoDigits(ratio.least)} to ${twoDigits(ratio.most)}`,
      remark === '' ? verdict : `${verdict} (${remark})`,
    ]),
  );
