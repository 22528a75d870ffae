// Gets one server running with one handler, ready to be measured.
import { readAnswer } from './client.ts';
import type { Handler } from './handlers.ts';
import { takePort } from './ports.ts';
import { type Server, startServer } from './server.ts';
import { extraAddress, type PresentServer } from './server-kind.ts';
import type { Workshop } from './workshop.ts';

export type Candidate = {
  readonly kind: PresentServer;
  readonly handler: Handler;
  readonly port: number;
  readonly server: Server;
};

// Milliseconds. A server may take its time to open 10,000 sockets; one that answers wrongly will not mend.
const patience = 15000;
const patienceForEachListener = 5;

/** What a login shell gives, and more than 128 clients need. */
export const usualDescriptors = 1024;

export const startCandidate = async (
  workshop: Workshop,
  request: {
    readonly kind: PresentServer;
    readonly handler: Handler;
    readonly listeners: number;
    /** How many it may open. */
    readonly descriptors: number;
  },
): Promise<Candidate | { readonly failure: string }> => {
  const { directory, floor, activate } = workshop;
  const { kind, handler, listeners, descriptors } = request;
  const { program, answer } = handler;
  const port = await takePort();
  const extra = { count: listeners - 1, port: listeners === 1 ? 0 : await takePort() };
  const doesAnswer = async (host: string, at: number) => (await readAnswer(host, at)) === answer;
  // Who answers on the last of its listeners has opened all of them.
  const isReady = async () =>
    (await doesAnswer('127.0.0.1', port)) &&
    (extra.count === 0 || (await doesAnswer(extraAddress(extra.count - 1), extra.port)));
  try {
    const command = kind.startCommand({ port, program, extra, directory, floor, activate });
    const setting = { directory, descriptors, patience: patience + listeners * patienceForEachListener };
    return { kind, handler, port, server: await startServer(command, setting, isReady) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
};

/** Those of the servers that come up with this handler; `say` is told why the others are left out. */
export const startCandidates = async (
  workshop: Workshop,
  kinds: readonly PresentServer[],
  handler: Handler,
  say: (text: string) => void,
  descriptors = usualDescriptors,
): Promise<readonly Candidate[]> => {
  const candidates: Candidate[] = [];
  for (const kind of kinds) {
    const outcome = await startCandidate(workshop, { kind, handler, listeners: 1, descriptors });
    if ('server' in outcome) candidates.push(outcome);
    else say(`${kind.title} is skipped with the ${handler.name} handler: ${outcome.failure}`);
  }
  return candidates;
};

export const stopAll = async (candidates: readonly Candidate[]): Promise<void> => {
  for (const { server } of candidates) await server.stop();
};
