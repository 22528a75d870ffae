// The first part: every server with every handler at 1, 8 and 32 clients.
import type { Options } from './options.ts';
import { peers } from './peers.ts';
import { takePort } from './ports.ts';
import { renderErrors, renderHandler } from './report.ts';
import { type Candidate, measureInRounds } from './rounds.ts';
import type { Sample } from './sample.ts';
import { type Server, startServer } from './server.ts';
import type { ServerKind } from './server-kind.ts';
import { allServers } from './servers.ts';
import { type Judgement, judgeTargets } from './targets.ts';
import type { Handler, Workshop } from './workshop.ts';

const clients = [1, 8, 32] as const;
// What a login shell gives, and more than 32 clients need.
const descriptors = 1024;

export type Part = {
  readonly text: string;
  readonly samples: readonly Sample[];
  readonly foreignLoads: readonly number[];
  readonly judgements: readonly Judgement[];
};

type Running = { readonly candidate: Candidate; readonly server: Server };

const start = async (
  kind: ServerKind,
  handler: Handler,
  workshop: Workshop,
  say: (text: string) => void,
): Promise<Running[]> => {
  const found = kind.find();
  if ('missing' in found) return [];
  const port = await takePort();
  const { program, bytes } = handler;
  const { directory, floor } = workshop;
  const extra = { count: 0, port: 0 };
  const command = found.command({ port, program, extra, directory, floor });
  try {
    const server = await startServer(command, { directory, port, bytes, descriptors, patience: 20000 });
    return [{ server, candidate: { server: kind.name, handler: handler.name, port, bytes } }];
  } catch (error) {
    say(
      `${kind.title} is skipped with the ${handler.name} handler: ${error instanceof Error ? error.message : error}`,
    );
    return [];
  }
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
  for (const { title, find } of kinds) {
    const found = find();
    if ('missing' in found) say(`${title} is skipped: ${found.missing}`);
  }
  const samples: Sample[] = [];
  const foreignLoads: number[] = [];
  for (const handler of handlers) {
    // Those which are not being measured sleep in their accept, or their event loop.
    const running: Running[] = [];
    for (const kind of kinds) running.push(...(await start(kind, handler, workshop, say)));
    const candidates = running.map(({ candidate }) => candidate);
    const plan = { ...options, load: workshop.load, clients };
    const progress = (round: number) => say(`${handler.name} handler, round ${round} of ${options.rounds}`);
    const outcome = await measureInRounds(candidates, plan, progress);
    samples.push(...outcome.samples);
    foreignLoads.push(...outcome.foreignLoads);
    for (const { server } of running) await server.stop();
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
