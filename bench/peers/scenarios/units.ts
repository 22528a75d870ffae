// The units of a real systemd read by acceptd, beside that systemd and beside a line of inetd.conf: Accept=yes.
import { renderErrors } from '../report.ts';
import type { Outcome } from '../rounds.ts';
import { compareFirstBytes, measureAtOneClient, tableOfFirstBytes } from './compared.ts';
import { nothing, type Scenario } from './scenario.ts';

const name = 'units';
const measured = ['floor', 'systemd', 'acceptd-line', 'acceptd-units'];
const comparisons = [
  {
    server: 'acceptd-units',
    base: 'systemd',
    text: 'first byte at 1 client, the same units, against systemd',
    bound: { atMost: 0.25 },
  },
  {
    server: 'acceptd-units',
    base: 'acceptd-line',
    text: 'first byte at 1 client, units, against a line of inetd.conf',
    bound: { atMost: 1.05 },
  },
];

export const units: Scenario = {
  name,
  title: 'The units of a real systemd',
  handler: undefined,
  run: async (context) => {
    const { handlers, servers } = context;
    if (!servers.some((kind) => kind.name === 'systemd')) {
      return nothing('Not measured: no systemd can run here.');
    }
    const chosen = handlers.filter((handler) => ['empty', 'static'].includes(handler.name));
    const outcomes: Outcome[] = [];
    for (const handler of chosen) outcomes.push(await measureAtOneClient(context, name, measured, handler));
    const samples = outcomes.flatMap((outcome) => outcome.samples);
    return {
      samples,
      foreignLoads: outcomes.flatMap((outcome) => outcome.foreignLoads),
      readings: [],
      judgements: chosen.flatMap((handler) => compareFirstBytes(samples, name, handler.name, comparisons)),
      intro: 'The same socket unit and template service, limits off, 1 client that connects again and again.',
      tables: chosen.map((handler) =>
        tableOfFirstBytes(context, samples, name, handler, [
          { name: 'systemd', heading: '/ systemd' },
          { name: 'acceptd-line', heading: '/ a line of inetd.conf' },
        ]),
      ),
      remarks: [renderErrors(samples, servers)],
    };
  },
};
