// Gets one kind of server running with one handler, ready to be measured.
import { takePort } from './ports.ts';
import type { Candidate } from './rounds.ts';
import { type Command, type Server, startServer } from './server.ts';
import type { Assignment } from './server-kind.ts';
import type { Handler, Workshop } from './workshop.ts';

export type Running = { readonly candidate: Candidate; readonly server: Server };

// What a login shell gives, and more than 32 clients need.
const descriptors = 1024;
// A server may take its time to open 10,000 sockets.
const patience = 120000;

/** What a server with this many listeners has to be allowed to open. */
export const descriptorsFor = (listeners: number): number => descriptors + listeners;

export const startCandidate = async (
  workshop: Workshop,
  request: {
    /** Under which name its figures are kept. */
    readonly series: string;
    readonly startCommand: (assignment: Assignment) => Command;
    readonly handler: Handler;
    readonly listeners: number;
  },
): Promise<Running | { readonly failure: string }> => {
  const { directory, floor } = workshop;
  const { series, handler, listeners } = request;
  const { program, bytes } = handler;
  const port = await takePort();
  const extra = { count: listeners - 1, port: listeners === 1 ? 0 : await takePort() };
  const command = request.startCommand({ port, program, extra, directory, floor });
  try {
    const setting = { directory, port, bytes, descriptors: descriptorsFor(listeners - 1), patience };
    const server = await startServer(command, setting);
    return { server, candidate: { server: series, handler: handler.name, port, bytes } };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
};

export const stopAll = async (running: readonly Running[]): Promise<void> => {
  for (const { server } of running) await server.stop();
};
