// What is asked about a client that somebody wants to know about: all that can be found out in a short while.
import type { WrapperFacts, WrapperQuestion } from '../admission/wrapper-facts.ts';
import { noWrapperFacts } from '../admission/wrapper-facts.ts';
import type { Clock } from '../model/clock.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import type { Finding } from './gate.ts';
import { withoutAnswer } from './questions.ts';

export type Inquest = {
  readonly clock: Clock;
  /** For all questions together. */
  readonly patience: Milliseconds;
  readonly judge: (facts: WrapperFacts) => Finding;
  /** Resolves without facts where nobody has answered. */
  readonly ask: (question: WrapperQuestion, facts: WrapperFacts) => Promise<WrapperFacts | undefined>;
};

/** undefined: it takes longer. */
const withinTime = <Value>(
  clock: Clock,
  asked: Promise<Value>,
  left: Milliseconds,
): Promise<Value | undefined> => {
  let cancel = (): void => undefined;
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.after(left, () => resolve(undefined));
  });
  return Promise.race([asked, late]).finally(() => cancel());
};

/** Only a connection can tell, or a command whose run has effects. */
const isForClientsAlone = ({ kind }: WrapperQuestion): boolean => kind === 'user' || kind === 'command';

/** The judgement with what was found out; a question is left where that takes too long, or is for clients alone. */
export const findOut = async ({ clock, patience, judge, ask }: Inquest): Promise<Finding> => {
  const until = clock.now() + patience;
  let found = judge(noWrapperFacts);
  while (found.judgement.kind === 'ask') {
    const { judgement, facts } = found;
    const left = milliseconds(until - clock.now());
    if (isForClientsAlone(judgement.question) || left <= 0) break;
    const answer = ask(judgement.question, facts).then((learnt) => ({ learnt }));
    const answered = await withinTime(clock, answer, left);
    if (answered === undefined) break;
    found = judge(answered.learnt ?? withoutAnswer(judgement, facts));
  }
  return found;
};
