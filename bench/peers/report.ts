// Turns samples into the tables that are printed and that the documents show.
import { errorsOf, type Question, ratioOf, type Sample, summaryOf } from './sample.ts';
import type { Summary } from './statistics.ts';
import type { Table } from './table.ts';
import type { Judgement } from './targets.ts';

export type Named = { readonly name: string; readonly title: string };

/** One column: what is asked of each server. */
export type Column = {
  readonly heading: string;
  readonly cell: (samples: readonly Sample[], server: string) => string;
};

export const twoDigits = (ratio: number): string => ratio.toFixed(2);

export const wholeNumber = (value: number): string => Math.round(value).toLocaleString('en-US');

/** The median, and in brackets the least and the most of the rounds. */
export const withSpread = (summary: Summary | undefined, show: (value: number) => string): string => {
  if (summary === undefined) return '-';
  const [median, least, most] = [summary.median, summary.least, summary.most].map(show);
  return least === most ? `${median}` : `${median} (${least}-${most})`;
};

type Asked = Omit<Question, 'server'>;

export const figureColumn = (heading: string, asked: Asked): Column => ({
  heading,
  cell: (samples, server) => withSpread(summaryOf(samples, { ...asked, server }), wholeNumber),
});

/** The median only. */
export const medianColumn = (heading: string, asked: Asked): Column => ({
  heading,
  cell: (samples, server) => {
    const summary = summaryOf(samples, { ...asked, server });
    return summary === undefined ? '-' : wholeNumber(summary.median);
  },
});

export const ratioColumn = (
  heading: string,
  asked: Asked,
  base: Partial<Question> & { readonly server: string },
): Column => ({
  heading,
  cell: (samples, server) => {
    const ratio = ratioOf(samples, { ...asked, server }, { ...asked, ...base });
    return ratio === undefined ? '-' : twoDigits(ratio.median);
  },
});

/** A row for each server that was measured at all. */
export const tableOfServers = (
  title: string,
  samples: readonly Sample[],
  servers: readonly Named[],
  columns: readonly Column[],
): Table => ({
  header: [title, ...columns.map(({ heading }) => heading)],
  rows: servers
    .filter(({ name }) => samples.some(({ server }) => server === name))
    .map(({ name, title: row }) => [row, ...columns.map(({ cell }) => cell(samples, name))]),
});

export const renderErrors = (samples: readonly Sample[], servers: readonly Named[]): string => {
  const lines = servers.flatMap(({ name, title }) => {
    const errors = errorsOf(samples.filter(({ server }) => server === name));
    return errors === undefined ? [] : [`${title}: ${errors}`];
  });
  return `Failed connections: ${lines.length === 0 ? 'none' : lines.join('; ')}.`;
};

export const tableOfJudgements = (judgements: readonly Judgement[]): Table => ({
  header: ['acceptd', 'wanted', 'median', 'range of rounds', 'verdict'],
  rows: judgements.map(({ text, bound, figure, verdict, remark }) => [
    text,
    bound,
    figure === undefined ? '-' : twoDigits(figure.median),
    figure === undefined ? '-' : `${twoDigits(figure.least)} to ${twoDigits(figure.most)}`,
    remark === '' ? verdict : `${verdict} (${remark})`,
  ]),
});
