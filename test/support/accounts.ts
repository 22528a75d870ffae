// What the events say of the clients of each service, counted as every observer may count them.
import type { Event } from '../../src/model/event.ts';
import type { Supervisor } from '../../src/runtime/supervisor.ts';

export type Account = { accepted: number; served: number; failed: number; refused: number };

export const accountsOf = (events: readonly Event[]): ReadonlyMap<string, Account> => {
  const accounts = new Map<string, Account>();
  const accountOf = (service: string): Account => {
    const account = accounts.get(service) ?? { accepted: 0, served: 0, failed: 0, refused: 0 };
    accounts.set(service, account);
    return account;
  };
  for (const event of events) {
    switch (event.kind) {
      case 'accepted':
        accountOf(event.service).accepted += event.count;
        break;
      case 'started':
        if (event.isDaemon !== true) accountOf(event.service).served += 1;
        break;
      case 'builtin-started':
        accountOf(event.service).served += 1;
        break;
      case 'start-failed':
        if (event.isDaemon === true) break;
        accountOf(event.service).failed += 1;
        if (event.pid !== undefined || event.isBegun === true) accountOf(event.service).served -= 1;
        break;
      case 'refused':
        accountOf(event.service).refused += 1;
        if (event.isBegun === true) accountOf(event.service).served -= 1;
        break;
    }
  }
  return accounts;
};

/** A sentence for each service whose clients are not all accounted for, or are so twice. */
export const findMiscounts = (events: readonly Event[], supervisor: Supervisor): readonly string[] => {
  const waiting = new Map(
    supervisor.steering.describeAll().map((each) => [each.service, each.waiting] as const),
  );
  return [...accountsOf(events)].flatMap(([service, { accepted, served, failed, refused }]) => {
    const between = waiting.get(service) ?? 0;
    return accepted === served + failed + refused + between
      ? []
      : [
          `${service}: accepted ${accepted}, served ${served}, failed ${failed}, refused ${refused}, waiting ${between}`,
        ];
  });
};
