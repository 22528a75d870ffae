// acceptd alone: how the first byte and its memory grow with what it has to know: listeners, instances, sources.
import { setTimeout as wait } from 'node:timers/promises';
import { startCandidate, stopAll, usualDescriptors } from '../candidate.ts';
import { gatherCrowd } from '../crowd.ts';
import { measureLoad } from '../load.ts';
import { readPrivateMemory } from '../process.ts';
import { twoDigits, wholeNumber, withSpread } from '../report.ts';
import { measureInRounds, type Outcome, type Turn } from '../rounds.ts';
import { errorsOf, ratioOf, type Sample, summaryOf } from '../sample.ts';
import type { PresentServer } from '../server-kind.ts';
import { limitingAcceptd } from '../servers/acceptd.ts';
import type { Table } from '../table.ts';
import { type Judgement, judgement } from '../targets.ts';
import { type Dimension, dimensions, possibleSizes, settingOf, spareDescriptors } from './dimensions.ts';
import { type Context, handlerNamed, nothing, type Reading, type Scenario } from './scenario.ts';

const name = 'growth';
const latencyBound = { atMost: 1.1 };
// KiB for each.
const memoryBound = { atMost: 2 };
const warmingClients = 16;
// Milliseconds.
const timeout = 20000;
// Milliseconds: acceptd gives memory back when nothing has happened for ten seconds, and looks every ten.
const timeToTidyUp = 21000;

type Grown = {
  readonly turn: Turn;
  readonly pid: number;
  readonly end: () => Promise<void>;
};

const grow = async (
  context: Context,
  kind: PresentServer,
  dimension: Dimension,
  size: number,
): Promise<Grown | { readonly failure: string }> => {
  const { workshop, options } = context;
  const handler = handlerNamed(context, dimension.handler);
  const isListeners = dimension.name === 'listeners';
  const outcome = await startCandidate(workshop, {
    kind: dimension.name === 'sources seen' ? limitingAcceptd(kind) : kind,
    handler,
    listeners: isListeners ? size : 1,
    descriptors: isListeners ? size + spareDescriptors : usualDescriptors,
  });
  if ('failure' in outcome) return outcome;
  const { server, port } = outcome;
  const load = {
    name: `acceptd, ${settingOf(dimension, size)}`,
    port,
    timeout,
    answer: handler.answer,
    shutsDown: dimension.handler === 'hold',
    ...(dimension.name === 'sources seen' ? { sources: size } : {}),
  };
  const count = Math.min(dimension.warming, options.largest);
  await measureLoad({ ...load, clients: warmingClients, warmUp: 0, count });
  const crowd = await gatherCrowd(port, dimension.name === 'live instances' ? size : 0);
  if ('failure' in crowd) {
    await server.stop();
    return crowd;
  }
  const { warmUp, duration } = options;
  return {
    turn: {
      server: kind.name,
      handler: dimension.handler,
      setting: settingOf(dimension, size),
      load: { ...load, clients: 1, warmUp, duration },
    },
    pid: server.pid,
    end: async () => {
      await crowd.leave();
      await stopAll([outcome]);
    },
  };
};

type Grew = Outcome & {
  readonly readings: readonly Reading[];
  readonly table: Table;
  readonly judgements: readonly Judgement[];
};

const report = (
  dimension: Dimension,
  sizes: readonly number[],
  { samples, foreignLoads }: Outcome,
  readings: readonly Reading[],
): Grew => {
  const question = (size: number) =>
    ({
      scenario: name,
      server: 'acceptd',
      handler: dimension.handler,
      clients: 1,
      setting: settingOf(dimension, size),
      figure: 'firstByte',
    }) as const;
  const [least = 0] = sizes;
  const most = sizes.at(-1) ?? least;
  const memoryAt = (size: number) =>
    readings.find(({ setting }) => setting === settingOf(dimension, size))?.value;
  const memoryForEach = (size: number): number | undefined => {
    const [from, to] = [memoryAt(least), memoryAt(size)];
    return from === undefined || to === undefined || size === least
      ? undefined
      : (to - from) / (size - least);
  };
  const rows = sizes.map((size) => {
    const ratio = ratioOf(samples, question(size), question(least));
    const memory = memoryAt(size);
    const each = memoryForEach(size);
    return [
      wholeNumber(size),
      withSpread(summaryOf(samples, question(size)), wholeNumber),
      ratio === undefined ? '-' : twoDigits(ratio.median),
      memory === undefined ? '-' : wholeNumber(memory),
      each === undefined ? '-' : twoDigits(each),
    ];
  });
  const of = (sample: Sample) => sample.setting.endsWith(dimension.name);
  const errors = errorsOf(samples.filter(of));
  const each = memoryForEach(most);
  const eachSummary = each === undefined ? undefined : { median: each, least: each, most: each };
  const subject = `acceptd with ${settingOf(dimension, most)}`;
  return {
    samples,
    foreignLoads,
    readings,
    table: {
      header: [dimension.name, 'first byte, us', `/ ${least}`, 'private memory, KiB', 'KiB for each'],
      rows,
    },
    judgements: [
      judgement(
        `${subject}: first byte, against ${wholeNumber(least)}`,
        ratioOf(samples, question(most), question(least)),
        latencyBound,
        errors,
      ),
      ...(dimension.isMemoryJudged
        ? [judgement(`${subject}: KiB for each of them`, eachSummary, memoryBound, errors)]
        : []),
    ],
  };
};

const measureDimension = async (
  context: Context,
  kind: PresentServer,
  dimension: Dimension,
): Promise<Grew> => {
  const { options, say } = context;
  const grown: Grown[] = [];
  const sizes = possibleSizes(dimension, options.largest);
  for (const size of sizes) {
    say(`growth: ${settingOf(dimension, size)}`);
    const outcome = await grow(context, kind, dimension, size);
    if ('turn' in outcome) grown.push(outcome);
    else say(`growth: ${settingOf(dimension, size)} is left out: ${outcome.failure}`);
  }
  await wait(timeToTidyUp);
  const readings = grown.map(({ turn, pid }) => {
    const { server, setting } = turn;
    return { scenario: name, server, setting, name: 'private memory, KiB', value: readPrivateMemory(pid) };
  });
  const groups = [grown.map(({ turn }) => turn)];
  const outcome = await measureInRounds({ scenario: name, rounds: options.rounds, groups }, (round) =>
    say(`growth with ${dimension.name}: round ${round} of ${options.rounds}`),
  );
  for (const { end } of grown) await end();
  return report(dimension, sizes, outcome, readings);
};

export const growth: Scenario = {
  name,
  title: 'how acceptd grows',
  handler: 'empty',
  run: async (context) => {
    const kind = context.servers.find((server) => server.name === 'acceptd');
    if (kind === undefined) return nothing('Not measured: acceptd was not chosen.');
    const parts: Grew[] = [];
    for (const dimension of dimensions) parts.push(await measureDimension(context, kind, dimension));
    return {
      samples: parts.flatMap((part) => part.samples),
      foreignLoads: parts.flatMap((part) => part.foreignLoads),
      readings: parts.flatMap((part) => part.readings),
      judgements: parts.flatMap((part) => part.judgements),
      intro:
        'acceptd, 1 client: microseconds to the first byte, and the private memory of its process; as many connections have been served before, whatever the size. Sources: with a limit of instances and a rate for each, so that it has to remember them.',
      tables: parts.map((part) => part.table),
      remarks: [],
    };
  },
};
