// What monitoring reads: the counts of all services, how they stand, and acceptd itself.
import type { Clock } from '../../model/clock.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { ResolvedService } from '../../model/service.ts';
import type { Kernel } from '../../native/kernel.ts';
import { openTcpEnds } from '../../native/tcp-ends.ts';
import type { Tally } from '../tally.ts';
import { type Format, formatFor } from './accept.ts';
import { createLoopLag } from './loop-lag.ts';
import { processMetrics, readProcess } from './process-metrics.ts';
import type { Rendered } from './render.ts';
import { serverMetrics } from './server-metrics.ts';
import { type ServiceFacts, type ServiceSource, serviceMetrics } from './service-metrics.ts';
import { createTraffic } from './traffic.ts';

export type MetricsParts = {
  /** One that times starts. */
  readonly tally: Tally;
  readonly clock: Clock;
  readonly kernel: Pick<Kernel, 'watch' | 'unwatch' | 'close' | 'descriptorLimit'>;
  readonly version: string;
  /** How all services stand now. */
  readonly services: () => readonly ServiceFacts[];
  readonly isReady: () => boolean;
  readonly isDraining: () => boolean;
  /** What kept() and lostEnds() of the version before us gave. */
  readonly before?: Descriptor | undefined;
  readonly lostBefore?: number | undefined;
  /** Told once, where something cannot be counted here. */
  readonly complain: (what: string) => void;
};

export type Metrics = {
  /** Whose TCP connections are counted from now on. */
  readonly setServices: (services: readonly ResolvedService[]) => void;
  /** `accept`: an Accept header. Those who ask at the same time get the same text. */
  readonly render: (accept: string) => Promise<Rendered>;
  readonly stop: () => void;
  /** For the version that takes over. */
  readonly kept: () => Descriptor | undefined;
  readonly lostEnds: () => number;
};

/** The names of everything that is exported. */
export const metricList = [...serverMetrics, ...serviceMetrics, ...processMetrics].map(
  ({ name, help, type, labelNames }) => ({ name, help, type, labelNames }),
);

/** A connection costs no more with it: what is exported is read when somebody asks. */
export const createMetrics = (parts: MetricsParts): Metrics => {
  const { tally, clock, kernel, version } = parts;
  let { before } = parts;
  /** Once: it may have to be opened anew. */
  const takeBefore = (): Descriptor | undefined => {
    const known = before;
    before = undefined;
    return known;
  };
  const lag = createLoopLag(clock);
  const traffic = createTraffic(clock, kernel, tally.addTraffic, parts.complain, () =>
    openTcpEnds(takeBefore()),
  );
  const lostEnds = (): number => (parts.lostBefore ?? 0) + traffic.read().lost;
  const waiting = new Map<Format, Promise<Rendered>>();

  const write = async (format: Format): Promise<Rendered> => {
    const { blockOf, render } = await import('./render.ts');
    const own = await readProcess(kernel.descriptorLimit.soft);
    const services = parts.services().flatMap((facts): readonly ServiceSource[] => {
      const counts = tally.of(facts.service);
      return counts === undefined ? [] : [{ facts, tally: counts }];
    });
    const server = {
      version,
      services: services.length,
      isReady: parts.isReady(),
      isDraining: parts.isDraining(),
      reloads: tally.reloads(),
      lag: lag.read(),
      traffic: { ...traffic.read(), lost: lostEnds() },
    };
    return render(format, [
      ...serverMetrics.map((metric) => blockOf(metric, [server])),
      ...serviceMetrics.map((metric) => blockOf(metric, services)),
      ...processMetrics.map((metric) => blockOf(metric, [own])),
    ]);
  };

  return {
    setServices: traffic.setServices,
    kept: traffic.kept,
    lostEnds,
    render: (accept) => {
      const format = formatFor(accept);
      const present = waiting.get(format);
      if (present !== undefined) return present;
      const text = write(format).finally(() => waiting.delete(format));
      waiting.set(format, text);
      return text;
    },
    stop: () => {
      lag.stop();
      traffic.stop();
    },
  };
};
