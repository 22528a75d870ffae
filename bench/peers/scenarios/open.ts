// Connections that begin at moments fixed in advance, whatever the server does: what clients wait below its capacity.
import { type Candidate, startCandidates, stopAll } from '../candidate.ts';
import { medianColumn, renderErrors, tableOfServers, wholeNumber } from '../report.ts';
import { measureInRounds, takeEnough } from '../rounds.ts';
import { type Context, handlerNamed, type Reading, type Scenario, usualTimeout } from './scenario.ts';

const name = 'open';
const handlerName = 'static';
const shares = [25, 50, 75, 90] as const;
// Capacity is what so many clients get in a closed loop.
const closedClients = 32;
const mostUnderWay = 1000;
// Milliseconds: at a quarter of a slow server's capacity there is little to see in less.
const leastDuration = 500;
const capacityRounds = 3;

const measureCapacity = async (
  { options }: Context,
  { port, handler }: Candidate,
): Promise<number | undefined> => {
  const { warmUp, duration } = options;
  const rates: number[] = [];
  for (let round = 0; round < Math.min(capacityRounds, options.rounds); round++) {
    const load = { name: 'capacity', port, clients: closedClients, timeout: usualTimeout };
    const { measurement } = await takeEnough({ ...load, warmUp, duration, answer: handler.answer });
    rates.push(measurement.rate);
  }
  // The middle one; one that serves nobody has no capacity.
  const rate = rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)];
  return rate === undefined || rate < 1 ? undefined : rate;
};

const settingOf = (share: number): string => `${share} %`;

export const open: Scenario = {
  name,
  title: 'open loop at a share of the capacity',
  handler: handlerName,
  run: async (context) => {
    const { workshop, servers, options, say } = context;
    const { rounds, warmUp } = options;
    const handler = handlerNamed(context, handlerName);
    const candidates = await startCandidates(workshop, servers, handler, say);
    const readings: Reading[] = [];
    for (const candidate of candidates) {
      const value = await measureCapacity(context, candidate);
      const server = candidate.kind.name;
      if (value === undefined) say(`${candidate.kind.title} has no capacity that could be measured`);
      else readings.push({ scenario: name, server, setting: '', name: 'capacity', value });
    }
    const capacityOf = (server: string) => readings.find((reading) => reading.server === server)?.value;
    const groups = shares.map((share) =>
      candidates.flatMap(({ kind, port }) => {
        const capacity = capacityOf(kind.name);
        if (capacity === undefined) return [];
        const load = {
          name: `${kind.title} at ${share} %`,
          port,
          clients: mostUnderWay,
          rate: (capacity * share) / 100,
          warmUp,
          duration: Math.max(options.duration, leastDuration),
          timeout: usualTimeout,
          answer: handler.answer,
        };
        return [{ server: kind.name, handler: handlerName, setting: settingOf(share), load }];
      }),
    );
    const outcome = await measureInRounds({ scenario: name, rounds, groups }, (round) =>
      say(`open loop: round ${round} of ${rounds}`),
    );
    await stopAll(candidates);
    const asked = { scenario: name, handler: handlerName, clients: mostUnderWay };
    const columns = shares.flatMap((share) => [
      medianColumn(`${share} %: p50`, { ...asked, setting: settingOf(share), figure: 'firstByte' }),
      medianColumn('p99', { ...asked, setting: settingOf(share), figure: 'firstByte p99' }),
    ]);
    const capacity = {
      heading: 'capacity, conn/s',
      cell: (_: unknown, server: string) => wholeNumber(capacityOf(server) ?? 0),
    };
    const intro = `Microseconds to the first byte, counted from the moment at which the connection was to begin, ${handler.title}; arrivals are even, at a share of what each server reaches with ${closedClients} clients.`;
    const tables = [tableOfServers('server', outcome.samples, servers, [capacity, ...columns])];
    const remarks = [renderErrors(outcome.samples, servers)];
    return { ...outcome, intro, tables, remarks, readings, judgements: [] };
  },
};
