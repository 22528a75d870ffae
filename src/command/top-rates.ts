// From two looks at a server: how much each service does a second, and in which order they are shown.
import type { ServerStatus, ServiceCondition, ServiceSummary } from '../model/control.ts';

/** A look at the server; `at` in seconds of a clock that does not jump. */
export type Sample = { readonly status: ServerStatus; readonly at: number };

/** Per second; undefined where there is nothing to compare with. */
export type Rate = number | undefined;

export type TopRow = {
  readonly service: string;
  readonly condition: ServiceCondition;
  readonly live: number;
  readonly limit: number | null;
  readonly accepted: Rate;
  readonly refused: Rate;
  readonly failed: Rate;
  /** In the queues of its listeners; undefined where the kernel does not say. */
  readonly waiting: number | undefined;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly memory: number | undefined;
};

export const sortKeys = [
  'service',
  'live',
  'accepted',
  'refused',
  'failed',
  'waiting',
  'p99',
  'memory',
] as const;
export type SortKey = (typeof sortKeys)[number];
export type Sort = { readonly by: SortKey; readonly isReversed: boolean };

const counted = ['accepted', 'refused', 'failed'] as const;
type Counted = (typeof counted)[number];
export type Rates = Readonly<Record<Counted, Rate>>;

const noRates: Rates = { accepted: undefined, refused: undefined, failed: undefined };

/** A count that has gone back began anew. */
const ratesOf = (now: ServiceSummary, before: ServiceSummary | undefined, seconds: number): Rates => {
  if (before === undefined || !(seconds > 0) || counted.some((each) => now[each] < before[each]))
    return noRates;
  const rate = (each: Counted): number => (now[each] - before[each]) / seconds;
  return { accepted: rate('accepted'), refused: rate('refused'), failed: rate('failed') };
};

const waitingOf = ({ endpoints }: ServiceSummary): number | undefined => {
  const known = endpoints.flatMap(({ waiting }) => (waiting === null ? [] : [waiting]));
  return known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0);
};

/** Another process, or one that was started anew, has counted something else. */
const isSame = (now: ServerStatus, before: ServerStatus): boolean =>
  now.pid === before.pid && now.startedAt === before.startedAt;

export const rowsOf = (previous: Sample | undefined, now: Sample): readonly TopRow[] => {
  const before = new Map(
    previous !== undefined && isSame(now.status, previous.status)
      ? previous.status.services.map((each) => [each.service, each])
      : [],
  );
  const seconds = now.at - (previous?.at ?? now.at);
  return now.status.services.map((service) => ({
    service: service.service,
    condition: service.condition,
    live: service.live,
    limit: service.limit,
    ...ratesOf(service, before.get(service.service), seconds),
    waiting: waitingOf(service),
    p50: service.handlerTimes?.p50,
    p99: service.handlerTimes?.p99,
    memory: service.memory ?? undefined,
  }));
};

/** Of all services together; those without a rate of their own have none here either. */
export const totalsOf = (rows: readonly TopRow[]): Rates => {
  const total = (each: Counted): Rate => {
    const known = rows.flatMap((row) => row[each] ?? []);
    return known.length === 0 ? undefined : known.reduce((sum, rate) => sum + rate, 0);
  };
  return { accepted: total('accepted'), refused: total('refused'), failed: total('failed') };
};

const byName = (one: TopRow, other: TopRow): number =>
  one.service < other.service ? -1 : one.service > other.service ? 1 : 0;

/** The largest first, names from A on; what is equal by name, so that rows keep their places. */
export const sortRows = (rows: readonly TopRow[], { by, isReversed }: Sort): readonly TopRow[] => {
  const direction = isReversed ? -1 : 1;
  if (by === 'service') return rows.toSorted((one, other) => direction * byName(one, other));
  const value = (row: TopRow): number => row[by] ?? -1;
  return rows.toSorted((one, other) => direction * (value(other) - value(one)) || byName(one, other));
};
