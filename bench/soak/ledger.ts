// What came of all clients, held against what the server says that it did with them.
import type { ServiceSummary } from '../../src/model/control.ts';
import type { Fate } from './client.ts';
import type { SoakService } from './setting.ts';

export type Ledger = {
  readonly note: (service: SoakService, fate: Fate) => void;
  readonly of: (id: string) => Readonly<Record<Fate, number>>;
  /** What does not add up; `harmed`: answers that a disturbance may have cut or taken. */
  readonly findings: (services: readonly ServiceSummary[], harmed: number) => readonly string[];
};

const nobody = { answered: 0, 'turned-away': 0, cut: 0, lost: 0 };

export const createLedger = (configured: readonly SoakService[]): Ledger => {
  const fates = new Map(configured.map(({ id }) => [id, { ...nobody }]));
  const of = (id: string): Readonly<Record<Fate, number>> => fates.get(id) ?? nobody;
  const sent = (id: string): number => Object.values(of(id)).reduce((sum, count) => sum + count, 0);

  const check = (
    { id, name }: SoakService,
    summary: ServiceSummary,
    relayed: number,
    harmed: number,
  ): readonly string[] => {
    const { service, accepted, served, failed, refused, waiting, live } = summary;
    const { answered, cut, lost } = of(id);
    const findings: string[] = [];
    const expect = (holds: boolean, what: string): void => {
      if (!holds) findings.push(`${service}: ${what} (${JSON.stringify({ ...summary, ...of(id) })})`);
    };
    expect(lost === 0, `${lost} clients got no connection or no answer`);
    expect(
      accepted === served + failed + refused + waiting,
      'accepted is not served + failed + refused + waiting',
    );
    expect(live === 0 && waiting === 0, 'somebody is still being answered');
    // who is relayed to a service is its client too
    const most = sent(id) + (name === 'echo' ? relayed : 0);
    expect(accepted >= sent(id) - lost && accepted <= most, `${sent(id)} came and ${accepted} were accepted`);
    expect(served >= answered, 'fewer were served than were answered');
    if (name !== 'echo' && name !== 'relayed')
      expect(
        served - answered <= harmed,
        `${served - answered} were served and not answered, ${harmed} were disturbed`,
      );
    expect(cut <= harmed, `${cut} answers were cut, ${harmed} were disturbed`);
    if (name === 'denied' || name === 'missing') expect(answered === 0, 'somebody was answered');
    return findings;
  };

  return {
    note: ({ id }, fate) => {
      const counts = fates.get(id);
      if (counts !== undefined) counts[fate] += 1;
    },
    of,
    findings: (services, harmed) => {
      const summaryOf = (wanted: string): ServiceSummary | undefined =>
        services.find(({ service }) => service === wanted);
      const relayed = configured.find(({ name }) => name === 'relayed');
      const count = relayed === undefined ? 0 : (summaryOf(relayed.id)?.accepted ?? 0);
      return configured.flatMap((service) => {
        const summary = summaryOf(service.id);
        return summary === undefined
          ? [`${service.id} is not in the status`]
          : check(service, summary, count, harmed);
      });
    },
  };
};
