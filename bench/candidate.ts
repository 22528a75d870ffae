// Gets one kind of server running with one handler, ready to be measured.
import { takePort } from './ports.ts';
import type { Candidate } from './rounds.ts';
import { type Command, countAnswer, type Server, startServer } from './server.ts';
import { type Assignment, extraAddress } from './server-kind.ts';
import type { Handler, Workshop } from './workshop.ts';

export type Running = { readonly candidate: Candidate; readonly server: Server };

// A server may take its time to open 10,000 sockets.
const patience = 120000;

export const startCandidate = async (
  workshop: Workshop,
  request: {
    /** Under which name its figures are kept. */
    readonly series: string;
    readonly startCommand: (assignment: Assignment) => Command;
    readonly handler: Handler;
    readonly listeners: number;
    /** How many it may open. */
    readonly descriptors: number;
  },
): Promise<Running | { readonly failure: string }> => {
  const { directory, floor } = workshop;
  const { series, handler, listeners, descriptors } = request;
  const { program, bytes } = handler;
  const port = await takePort();
  const extra = { count: listeners - 1, port: listeners === 1 ? 0 : await takePort() };
  const command = request.startCommand({ port, program, extra, directory, floor });
  const doesAnswer = async (host: string, at: number) => (await countAnswer(host, at)) === bytes;
  // Who answers on the last of its listeners has opened all of them.
  const isReady = async () =>
    (await doesAnswer('127.0.0.1', port)) &&
    (extra.count === 0 || (await doesAnswer(extraAddress(extra.count - 1), extra.port)));
  try {
    const setting = { directory, descriptors, patience };
    const server = await startServer(command, setting, isReady);
    return { server, candidate: { server: series, handler: handler.name, port, bytes } };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
};

export const stopAll = async (running: readonly Running[]): Promise<void> => {
  for (const { server } of running) await server.stop();
};
