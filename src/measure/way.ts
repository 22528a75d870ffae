// The way of a connection: which of the client's moments, acceptd's and the kernel's belong together.
import type { LoadSample } from '../native/load.ts';
import type { ProcessLife } from './process-life.ts';
import type { TracedRecord } from './trace-file.ts';

/** What the client saw of a connection; 0 where it did not come to it. */
export type ClientMoments = Readonly<
  Pick<LoadSample, 'port' | 'started' | 'connected' | 'firstByte' | 'ended' | 'error'>
>;

export type Way = {
  readonly client: ClientMoments | undefined;
  readonly server: TracedRecord;
  /** The handler's, as the kernel stamped it. */
  readonly life: ProcessLife | undefined;
};

/** Clients by their port: a port may come again later, or at the same time from another address. */
export type ClientsByPort = ReadonlyMap<number, readonly ClientMoments[]>;

export const byPort = (samples: readonly ClientMoments[]): ClientsByPort => {
  const ports = new Map<number, ClientMoments[]>();
  for (const sample of samples) {
    const own = ports.get(sample.port);
    if (own === undefined) ports.set(sample.port, [sample]);
    else own.push(sample);
  }
  return ports;
};

/** Those that can have been at the other end: under way when the connection was accepted. */
export const clientsOf = (server: TracedRecord, clients: ClientsByPort): readonly ClientMoments[] =>
  (clients.get(server.port) ?? []).filter(
    ({ started, ended }) => started <= server.accepted && (ended === 0 || ended >= server.accepted),
  );

/** The handler's life among those of its pid: it began after the spawn and before the reaping. */
export const lifeOf = (
  { pid, spawning, reaped }: TracedRecord,
  lives: ReadonlyMap<number, readonly ProcessLife[]>,
): ProcessLife | undefined =>
  lives
    .get(pid)
    ?.find(
      ({ forked = Number.NaN, exited }) => forked >= spawning && forked <= reaped && isDone(exited, reaped),
    );

/** A process ends before it is reaped. */
const isDone = (exited: number | undefined, reaped: number): boolean =>
  exited === undefined || exited <= reaped;
