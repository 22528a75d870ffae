// The first part: every server with every handler at 1, 8 and 32 clients.
import { type Running, startCandidate, stopAll } from './candidate.ts';
import type { Options } from './options.ts';
import { peers } from './peers.ts';
import { renderErrors, renderHandler } from './report.ts';
import { measureInRounds } from './rounds.ts';
import type { Sample } from './sample.ts';
import { allServers } from './servers.ts';
import { type Judgement, judgeTargets } from './targets.ts';
import type { Workshop } from './workshop.ts';

const clients = [1, 8, 32] as const;
// What a login shell gives, and more than 32 clients need.
const descriptors = 1024;

export type Part = {
  readonly text: string;
  readonly samples: readonly Sample[];
  readonly foreignLoads: readonly number[];
  readonly judgements: readonly Judgement[];
};

export const compare = async (
  workshop: Workshop,
  options: Options,
  say: (text: string) => void,
): Promise<Part> => {
  const kinds = allServers.filter(
    ({ name, isPeer }) => !isPeer || options.servers.length === 0 || options.servers.includes(name),
  );
  const handlers = workshop.handlers.filter(
    ({ name }) => options.handlers.length === 0 || options.handlers.includes(name),
  );
  const present = kinds.flatMap(({ name, title, find }) => {
    const found = find();
    if ('command' in found) return [{ name, title, startCommand: found.command }];
    say(`${title} is skipped: ${found.missing}`);
    return [];
  });
  const samples: Sample[] = [];
  const foreignLoads: number[] = [];
  for (const handler of handlers) {
    // Those which are not being measured sleep in their accept, or their event loop.
    const running: Running[] = [];
    for (const { name, title, startCommand } of present) {
      const request = { series: name, startCommand, handler, listeners: 1, descriptors };
      const outcome = await startCandidate(workshop, request);
      if ('candidate' in outcome) running.push(outcome);
      else say(`${title} is skipped with the ${handler.name} handler: ${outcome.failure}`);
    }
    const candidates = running.map(({ candidate }) => candidate);
    const plan = { ...options, load: workshop.load, clients };
    const progress = (round: number) => say(`${handler.name} handler, round ${round} of ${options.rounds}`);
    const outcome = await measureInRounds(candidates, plan, progress);
    samples.push(...outcome.samples);
    foreignLoads.push(...outcome.foreignLoads);
    await stopAll(running);
  }
  const text = [
    'Microseconds from connect, and connections per second, at 1, 8 and 32 clients: medians; in brackets the ratio to the bare loop.',
    ...handlers.map((handler) => renderHandler(samples, handler, kinds, clients)),
    renderErrors(samples, kinds),
  ].join('\n\n');
  const peerNames = peers.map(({ name }) => name);
  const handlerNames = handlers.map(({ name }) => name);
  return { text, samples, foreignLoads, judgements: judgeTargets(samples, handlerNames, peerNames) };
};
