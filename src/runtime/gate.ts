// The rules of a service held against a client, with all that is known about it by now.
import { type Facts, noFacts } from '../admission/facts.ts';
import { type Circumstances, type Judgement, judgeClient } from '../admission/judge.ts';
import type { ConnectionRecord } from '../model/record.ts';
import type { Questions } from './questions.ts';
import type { RunningService, Runtime } from './running.ts';

/** A judgement, and the facts that it was made with: a question is only asked where nobody knows the answer yet. */
export type Finding = { readonly judgement: Judgement; readonly facts: Facts };

/** More questions than any list of names has patterns that matter for one client. */
const mostQuestions = 1_000;

export const createGate = ({ clock, sensors, loadAverage }: Runtime, questions: Questions) => {
  const circumstances: Circumstances = {
    date: clock.wallClock,
    loadAverage,
    isTrapped: (record) => sensors.size(clock.now()) > 0 && sensors.holds(record, clock.now()),
  };

  const judge = (service: RunningService, record: ConnectionRecord, facts: Facts = noFacts): Finding => {
    let found = facts;
    for (let count = 0; count < mostQuestions; count++) {
      const judgement = judgeClient(service.rules, record, found, circumstances);
      const known = judgement.kind === 'ask' ? questions.known(judgement.question, record, found) : undefined;
      if (known === undefined) return { judgement, facts: found };
      found = known;
    }
    return { judgement: { kind: 'refuse', reason: 'access', cause: 'unanswered' }, facts: found };
  };

  return { judge, circumstances };
};

export type Gate = ReturnType<typeof createGate>;
