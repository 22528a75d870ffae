// What is printed, kept and shown of a whole run.
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { describeNoise } from './noise.ts';
import type { Options } from './options.ts';
import { medianColumn, tableOfJudgements, tableOfServers } from './report.ts';
import type { Sample } from './sample.ts';
import type { Part, Scenario } from './scenarios/scenario.ts';
import type { PresentServer, ServerKind } from './server-kind.ts';
import { renderTable } from './table.ts';
import type { Judgement } from './targets.ts';

export type Found = { readonly scenario: Scenario; readonly part: Part };

export type Run = {
  readonly startedAt: Date;
  /** As it was typed. */
  readonly commandLine: readonly string[];
  readonly options: Options;
  readonly servers: readonly PresentServer[];
  readonly found: readonly Found[];
};

const gibibyte = 1024 ** 3;

const describeMachine = (): string =>
  `${availableParallelism()} CPUs (${cpus().at(0)?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / gibibyte)} GiB, Linux ${release()}, Node ${process.versions.node}`;

const describeCommand = (commandLine: readonly string[]): string =>
  ['npm run bench:peers', ...(commandLine.length === 0 ? [] : ['--', ...commandLine])].join(' ');

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/** The date, the machine and the command, in two sentences. */
export const describeRun = ({ startedAt, commandLine, options, found }: Run): string => {
  const { rounds, duration } = options;
  const loads = found.flatMap(({ part }) => part.foreignLoads);
  return [
    `${dayOf(startedAt)}, ${describeMachine()}: \`${describeCommand(commandLine)}\`.`,
    `${rounds} interleaved ${rounds === 1 ? 'round' : 'rounds'} of ${duration} ms.`,
    describeNoise(loads),
  ].join(' ');
};

export const judgementsOf = ({ found }: Run): readonly Judgement[] =>
  found.flatMap(({ part }) => part.judgements);

/** Everything, as Markdown. */
export const renderSummary = (run: Run): string => {
  const judgements = judgementsOf(run);
  return [
    describeRun(run),
    ...run.found.flatMap(({ scenario, part }) => [
      `### ${scenario.name}: ${scenario.title}`,
      part.intro,
      ...part.tables.map(renderTable),
      ...part.remarks,
    ]),
    ...(judgements.length === 0
      ? []
      : ['### What acceptd has to reach', renderTable(tableOfJudgements(judgements))]),
  ].join('\n\n');
};

const shortHandlers = ['empty', 'static', 'dynamic'] as const;
const shortFigures = [
  { clients: 1, figure: 'firstByte', title: 'first byte, us' },
  { clients: 32, figure: 'rate', title: 'conn/s, 32 clients' },
] as const;

/** What the project's own README shows; undefined when the clients scenario was not measured. */
export const renderShortTable = (run: Run): string | undefined => {
  const samples: readonly Sample[] =
    run.found.find(({ scenario }) => scenario.name === 'clients')?.part.samples ?? [];
  if (samples.length === 0) return undefined;
  const columns = shortFigures.flatMap(({ clients, figure, title }) =>
    shortHandlers.map((handler) =>
      medianColumn(`${handler}: ${title}`, { scenario: 'clients', setting: '', handler, clients, figure }),
    ),
  );
  return [describeRun(run), renderTable(tableOfServers('server', samples, run.servers, columns))].join(
    '\n\n',
  );
};

/** One object, all samples in it. */
export const renderJson = (run: Run): string => {
  const parts = run.found.map(({ part }) => part);
  const document = {
    schema: 'acceptd-bench-peers/1',
    startedAt: run.startedAt.toISOString(),
    command: describeCommand(run.commandLine),
    machine: describeMachine(),
    options: run.options,
    foreignLoads: parts.flatMap(({ foreignLoads }) => foreignLoads),
    judgements: judgementsOf(run),
    readings: parts.flatMap(({ readings }) => readings),
    samples: parts.flatMap(({ samples }) => samples),
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
};

/** The settings of all servers, each with its reason, as Markdown. */
export const renderSettings = (kinds: readonly ServerKind[]): string =>
  kinds
    .map(({ name, title, settings }) =>
      [`**${title}** (\`${name}\`)`, '', ...settings.map(({ text, reason }) => `* ${text}: ${reason}`)].join(
        '\n',
      ),
    )
    .join('\n\n');
