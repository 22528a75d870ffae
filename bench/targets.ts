// What acceptd has to reach, and whether it did.
import { errorsOf, ratioOf, type Sample, type Scenario, summaryOf } from './sample.ts';
import type { Summary } from './statistics.ts';

export type Judgement = {
  readonly text: string;
  readonly bound: string;
  readonly ratio: Summary | undefined;
  readonly verdict: 'PASS' | 'MISS' | 'not measured';
  readonly remark: string;
};

type Bound = { readonly atMost: number } | { readonly atLeast: number };

type Target = { readonly scenario: Scenario; readonly against: 'floor' | 'peers' } & Bound;

const firstByte = (handler: string): Scenario => ({ handler, clients: 1, figure: 'firstByte' });
const rate = (handler: string): Scenario => ({ handler, clients: 32, figure: 'rate' });

const targets: readonly Target[] = [
  ...['empty', 'static', 'dynamic'].flatMap((handler): Target[] => [
    { scenario: firstByte(handler), against: 'floor', atMost: 1.15 },
    { scenario: rate(handler), against: 'floor', atLeast: 0.85 },
  ]),
  { scenario: firstByte('empty'), against: 'peers', atMost: 0.65 },
  { scenario: firstByte('static'), against: 'peers', atMost: 0.85 },
  { scenario: rate('empty'), against: 'peers', atLeast: 1.4 },
  { scenario: rate('static'), against: 'peers', atLeast: 1.1 },
];

const figureTexts = { firstByte: 'first byte', endOfFile: 'end of file', rate: 'connections/s' };

/** The peer with the best median over all rounds. */
const fastestPeer = (
  samples: readonly Sample[],
  scenario: Scenario,
  peers: readonly string[],
): string | undefined => {
  const medians = peers.flatMap((peer) => {
    const median = summaryOf(samples, scenario, peer)?.median;
    return median === undefined ? [] : [{ peer, median }];
  });
  const sorted = medians.toSorted((a, b) =>
    scenario.figure === 'rate' ? b.median - a.median : a.median - b.median,
  );
  return sorted.at(0)?.peer;
};

/** A ratio is as good as the connections behind it: with errors on acceptd's side nothing passes. */
export const judge = (
  ratio: Summary | undefined,
  bound: Bound,
  errors: string | undefined,
): Judgement['verdict'] => {
  if (ratio === undefined) return 'not measured';
  const isReached = 'atMost' in bound ? ratio.median <= bound.atMost : ratio.median >= bound.atLeast;
  return isReached && errors === undefined ? 'PASS' : 'MISS';
};

export const describeBound = (bound: Bound): string =>
  'atMost' in bound ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`;

export const judgeTargets = (
  samples: readonly Sample[],
  handlers: readonly string[],
  peers: readonly string[],
): readonly Judgement[] =>
  targets
    .filter(({ scenario }) => handlers.includes(scenario.handler))
    .map((target) => {
      const { scenario, against } = target;
      const base = against === 'floor' ? 'floor' : fastestPeer(samples, scenario, peers);
      const ratio = base === undefined ? undefined : ratioOf(samples, scenario, 'acceptd', base);
      const errors = errorsOf(samples, 'acceptd', scenario.handler);
      const name =
        against === 'floor' ? 'the bare loop' : `the fastest peer${base === undefined ? '' : ` (${base})`}`;
      const clients = scenario.clients === 1 ? '1 client' : `${scenario.clients} clients`;
      return {
        text: `${scenario.handler}: ${figureTexts[scenario.figure]} at ${clients}, against ${name}`,
        bound: describeBound(target),
        ratio,
        verdict: judge(ratio, target, errors),
        remark: errors === undefined ? '' : `errors: ${errors}`,
      };
    });
