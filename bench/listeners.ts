// The second part: the first byte must not come later because the server listens on 10,000 addresses.
import { spawnSync } from 'node:child_process';
import { type Running, startCandidate, stopAll } from './candidate.ts';
import type { Part } from './comparison.ts';
import type { Options } from './options.ts';
import { renderErrors, twoDigits, wholeNumber } from './report.ts';
import { measureInRounds, type Outcome } from './rounds.ts';
import { errorsOf, ratioOf, summaryOf } from './sample.ts';
import type { ServerKind } from './server-kind.ts';
import { manyListenerServers } from './servers.ts';
import { renderTable } from './table.ts';
import { describeBound, judge } from './targets.ts';
import type { Workshop } from './workshop.ts';

const clients = [1] as const;
// For connections, and because a server may keep its listeners at high numbers.
const spareDescriptors = 4096;
const bound = { atMost: 1.1 };

const seriesName = (kind: ServerKind, count: number): string =>
  count === 1 ? kind.name : `${kind.name} many`;

const canOpen = (descriptors: number): boolean =>
  spawnSync('/bin/sh', ['-c', `ulimit -n ${descriptors}`], { stdio: 'ignore' }).status === 0;

const report = ({ samples, foreignLoads }: Outcome, handler: string, many: number): Part => {
  const scenario = { handler, clients: 1, figure: 'firstByte' } as const;
  const growthOf = (kind: ServerKind) =>
    ratioOf(samples, scenario, seriesName(kind, many), seriesName(kind, 1));
  const rows = manyListenerServers.map((kind) => {
    const [one, all] = [1, many].map(
      (count) => summaryOf(samples, scenario, seriesName(kind, count))?.median,
    );
    const growth = growthOf(kind)?.median;
    const show = (value: number | undefined) => (value === undefined ? '-' : wholeNumber(value));
    return [kind.title, show(one), show(all), growth === undefined ? '-' : twoDigits(growth)];
  });
  const count = many.toLocaleString('en-US');
  const series = manyListenerServers.flatMap((kind) => [
    { name: seriesName(kind, 1), title: kind.title },
    { name: seriesName(kind, many), title: `${kind.title} with ${count}` },
  ]);
  const errors = errorsOf(samples, 'acceptd many') ?? errorsOf(samples, 'acceptd');
  const growth = manyListenerServers
    .filter(({ name }) => name === 'acceptd')
    .map(growthOf)
    .at(0);
  const judgement = {
    text: `${handler}: first byte at 1 client with ${count} listeners, against itself with 1`,
    bound: describeBound(bound),
    ratio: growth,
    verdict: judge(growth, bound, errors),
    remark: errors === undefined ? '' : `errors: ${errors}`,
  };
  const text = [
    `Microseconds to the first byte, ${handler} handler, 1 client, with 1 listener and with ${count}:`,
    renderTable(['listeners', '1', count, 'ratio'], rows),
    renderErrors(samples, series),
  ].join('\n\n');
  return { text, samples, foreignLoads, judgements: [judgement] };
};

export const compareListeners = async (
  workshop: Workshop,
  options: Options,
  say: (text: string) => void,
): Promise<Part> => {
  const many = options.listenerCount;
  const handler = workshop.handlers.find(({ name }) => name === 'empty');
  const nothing = (text: string): Part => ({ text, samples: [], foreignLoads: [], judgements: [] });
  if (handler === undefined) return nothing('The listeners were not compared: there is no empty handler.');
  const descriptors = many + spareDescriptors;
  if (!canOpen(descriptors))
    return nothing(
      `The listeners were not compared: ${descriptors} descriptors are needed; raise the hard limit (ulimit -Hn ${descriptors}).`,
    );
  const running: Running[] = [];
  for (const kind of manyListenerServers) {
    const found = kind.find();
    if ('missing' in found) {
      say(`${kind.title} is skipped: ${found.missing}`);
      continue;
    }
    for (const listeners of [1, many]) {
      const series = seriesName(kind, listeners);
      const outcome = await startCandidate(workshop, {
        series,
        startCommand: found.command,
        handler,
        listeners,
        descriptors,
      });
      if ('candidate' in outcome) running.push(outcome);
      else say(`${kind.title} is skipped with ${listeners} listeners: ${outcome.failure}`);
    }
  }
  const candidates = running.map(({ candidate }) => candidate);
  const plan = { ...options, load: workshop.load, clients };
  const outcome = await measureInRounds(candidates, plan, (round) =>
    say(`${many.toLocaleString('en-US')} listeners, round ${round} of ${options.rounds}`),
  );
  await stopAll(running);
  return report(outcome, handler.name, many);
};
