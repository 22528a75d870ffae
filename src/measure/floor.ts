// What the client alone can do: the same number of clients on a responder of its own.
import { type LoadPlan, startResponder } from '../native/load.ts';
import type { Floor } from './result.ts';
import { startRun } from './run.ts';

const none = new Uint8Array(0);
/** Nanoseconds. */
const warmUp = 100e6;
const duration = 500e6;

/** Runs for about half a second. The responder answers one byte and closes; nothing is sent to it. */
export const measureFloor = async (plan: LoadPlan): Promise<Floor> => {
  const responder = startResponder(plan.address);
  try {
    const shape = { ...plan, address: responder.address, arrivals: undefined, warmUp, duration };
    const run = startRun(
      {
        ...shape,
        count: Number.POSITIVE_INFINITY,
        sends: none,
        expects: none,
        endsAt: 'end of file',
        shutsDown: false,
        resets: true,
        tellsPorts: false,
      },
      duration,
    );
    const { rate, latency, summary } = await run.result;
    const { p50, p99 } = latency.firstByte.uncorrected;
    return { rate, firstByte: { p50, p99 }, clientTimePerConnection: clientTimePerConnection(summary) };
  } finally {
    responder.stop();
  }
};

/** Microseconds of the client's thread. */
export const clientTimePerConnection = (summary: {
  readonly clientTime: number;
  readonly clientConnections: number;
}): number => (summary.clientConnections === 0 ? 0 : summary.clientTime / summary.clientConnections / 1000);
