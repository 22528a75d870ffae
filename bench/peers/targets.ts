// What acceptd has to reach, and whether it did.
import { errorsOf, type Figure, type Question, ratioOf, type Sample, summaryOf } from './sample.ts';
import type { Summary } from './statistics.ts';

export type Judgement = {
  readonly text: string;
  readonly bound: string;
  readonly figure: Summary | undefined;
  readonly verdict: 'PASS' | 'MISS' | 'not measured';
  readonly remark: string;
};

export type Bound = { readonly atMost: number } | { readonly atLeast: number };

type Target = {
  readonly handler: string;
  readonly clients: number;
  readonly figure: Figure;
  readonly against: 'floor' | 'peers';
} & Bound;

const firstByte = (handler: string) => ({ handler, clients: 1, figure: 'firstByte' }) as const;
const rate = (handler: string) => ({ handler, clients: 32, figure: 'rate' }) as const;

const targets: readonly Target[] = [
  ...['empty', 'static', 'dynamic'].flatMap((handler): Target[] => [
    { ...firstByte(handler), against: 'floor', atMost: 1.15 },
    { ...rate(handler), against: 'floor', atLeast: 0.85 },
  ]),
  { ...firstByte('empty'), against: 'peers', atMost: 0.65 },
  { ...firstByte('static'), against: 'peers', atMost: 0.85 },
  { ...rate('empty'), against: 'peers', atLeast: 1.4 },
  { ...rate('static'), against: 'peers', atLeast: 1.1 },
];

const figureTexts: Partial<Record<Figure, string>> = { firstByte: 'first byte', rate: 'connections/s' };

/** The peer with the best median over all rounds. */
const fastestPeer = (
  samples: readonly Sample[],
  question: Question,
  peers: readonly string[],
): string | undefined => {
  const medians = peers.flatMap((peer) => {
    const median = summaryOf(samples, { ...question, server: peer })?.median;
    return median === undefined ? [] : [{ peer, median }];
  });
  const sorted = medians.toSorted((a, b) =>
    question.figure === 'rate' ? b.median - a.median : a.median - b.median,
  );
  return sorted.at(0)?.peer;
};

/** A figure is as good as the connections behind it: with errors on acceptd's side nothing passes. */
export const judge = (
  figure: Summary | undefined,
  bound: Bound,
  errors: string | undefined,
): Judgement['verdict'] => {
  if (figure === undefined) return 'not measured';
  const isReached = 'atMost' in bound ? figure.median <= bound.atMost : figure.median >= bound.atLeast;
  return isReached && errors === undefined ? 'PASS' : 'MISS';
};

export const describeBound = (bound: Bound): string =>
  'atMost' in bound ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`;

/** The judgement of a figure that these samples are behind. */
export const judgement = (
  text: string,
  figure: Summary | undefined,
  bound: Bound,
  errors: string | undefined,
): Judgement => ({
  text,
  bound: describeBound(bound),
  figure,
  verdict: judge(figure, bound, errors),
  remark: errors === undefined ? '' : `errors: ${errors}`,
});

/** The targets of the clients scenario. */
export const judgeTargets = (
  samples: readonly Sample[],
  handlers: readonly string[],
  peers: readonly string[],
): readonly Judgement[] =>
  targets
    .filter(({ handler }) => handlers.includes(handler))
    .map((target) => {
      const { handler, clients, figure, against } = target;
      const question = { scenario: 'clients', setting: '', server: 'acceptd', handler, clients, figure };
      const base = against === 'floor' ? 'floor' : fastestPeer(samples, question, peers);
      const ratio =
        base === undefined ? undefined : ratioOf(samples, question, { ...question, server: base });
      const errors = errorsOf(
        samples.filter((sample) => sample.server === 'acceptd' && sample.handler === handler),
      );
      const name =
        against === 'floor' ? 'the bare loop' : `the fastest peer${base === undefined ? '' : ` (${base})`}`;
      const count = clients === 1 ? '1 client' : `${clients} clients`;
      const text = `${handler}: ${figureTexts[figure] ?? figure} at ${count}, against ${name}`;
      return judgement(text, ratio, target, errors);
    });
