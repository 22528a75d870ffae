// What clients notice when a server is told again and again to read its configuration: failures, and long waits.
import { startCandidates, stopAll } from '../candidate.ts';
import { sendSignal } from '../process.ts';
import { medianColumn, renderErrors, tableOfServers } from '../report.ts';
import { measureInRounds } from '../rounds.ts';
import { errorsOf, type Figure, failuresOf, type Sample, summaryOf } from '../sample.ts';
import { judgement } from '../targets.ts';
import { handlerNamed, type Scenario, usualTimeout } from './scenario.ts';

const name = 'reload';
const handlerName = 'static';
const clients = 8;
// Milliseconds.
const interval = 200;
const leastDuration = 1000;
const settings = ['calm', 'reloads'] as const;

const reloadRepeatedly = (pid: number) => (): (() => void) => {
  const timer = setInterval(() => sendSignal(pid, 'SIGHUP'), interval);
  return () => clearInterval(timer);
};

const asked = (setting: string, figure: Figure) => ({
  scenario: name,
  handler: handlerName,
  clients,
  setting,
  figure,
});

const totalColumn = (heading: string, count: (sample: Sample) => number) => ({
  heading,
  cell: (samples: readonly Sample[], server: string) =>
    String(
      samples
        .filter((sample) => sample.server === server && sample.setting === 'reloads')
        .reduce((sum, sample) => sum + count(sample), 0),
    ),
});

export const reload: Scenario = {
  name,
  title: 'reloads under load',
  handler: handlerName,
  run: async (context) => {
    const { workshop, servers, options, say } = context;
    const { rounds, warmUp } = options;
    const handler = handlerNamed(context, handlerName);
    const able = servers.filter(({ reloads }) => reloads);
    const candidates = await startCandidates(workshop, able, handler, say);
    const groups = settings.map((setting) =>
      candidates.map(({ kind, port, server }) => ({
        server: kind.name,
        handler: handlerName,
        setting,
        load: {
          name: `${kind.title}, ${setting}`,
          port,
          clients,
          warmUp,
          duration: Math.max(options.duration, leastDuration),
          timeout: usualTimeout,
          answer: handler.answer,
        },
        ...(setting === 'calm' ? {} : { meanwhile: reloadRepeatedly(server.pid) }),
      })),
    );
    const outcome = await measureInRounds({ scenario: name, rounds, groups }, (round) =>
      say(`reload: round ${round} of ${rounds}`),
    );
    await stopAll(candidates);
    const { samples } = outcome;
    const own = samples.filter(({ server, setting }) => server === 'acceptd' && setting === 'reloads');
    const failed = summaryOf(samples, { ...asked('reloads', 'failed'), server: 'acceptd' });
    return {
      ...outcome,
      readings: [],
      judgements: [judgement('connections that fail while it reloads', failed, { atMost: 0 }, errorsOf(own))],
      intro: `${clients} clients, ${handler.title}, while the server gets SIGHUP every ${interval} ms. Slow: more than ten times the median of the same run.`,
      tables: [
        tableOfServers('reloads', samples, able, [
          medianColumn('conn/s, calm', asked('calm', 'rate')),
          medianColumn('conn/s, reloading', asked('reloads', 'rate')),
          totalColumn('connections', ({ measurement }) => measurement.connections),
          totalColumn('failed', ({ measurement }) => failuresOf(measurement)),
          totalColumn('slow', ({ measurement }) => measurement.slow),
          medianColumn('slowest, us', asked('reloads', 'slowest')),
        ]),
      ],
      remarks: [renderErrors(samples, able)],
    };
  },
};
