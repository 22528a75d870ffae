// How soon a daemon runs that is started by its first client: with one that ends after each, so that each is the first.
import { renderErrors } from '../report.ts';
import { compareFirstBytes, measureAtOneClient, tableOfFirstBytes } from './compared.ts';
import { handlerNamed, type Scenario } from './scenario.ts';

const name = 'activation';
const handlerName = 'once';
const comparisons = [
  {
    server: 'acceptd-activation',
    base: 'activate',
    text: "first byte of a daemon's first client, against the bare loop",
    bound: { atMost: 1.2 },
  },
];

export const activation: Scenario = {
  name,
  title: 'Daemons started by their first client',
  handler: handlerName,
  run: async (context) => {
    const handler = handlerNamed(context, handlerName);
    const outcome = await measureAtOneClient(context, name, ['activate', 'acceptd-activation'], handler);
    const { samples } = outcome;
    return {
      ...outcome,
      readings: [],
      judgements: compareFirstBytes(samples, name, handlerName, comparisons),
      intro:
        'Connect, start of the daemon with the listener, its accept and its first byte; the end of the daemon before is part of it.',
      tables: [
        tableOfFirstBytes(context, samples, name, handler, [{ name: 'activate', heading: '/ bare loop' }]),
      ],
      remarks: [renderErrors(samples, context.servers)],
    };
  },
};
