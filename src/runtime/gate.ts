// The rules of a service held against a client, with all that is known about it by now.
import { type Circumstances, type Judgement, judgeClient } from '../admission/judge.ts';
import { noWrapperFacts, type WrapperFacts } from '../admission/wrapper-facts.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { ConnectionRecord } from '../model/record.ts';
import { type Questions, withOwnEnd, withoutAnswer } from './questions.ts';
import type { RunningService, Runtime } from './running.ts';

/** A judgement, and the facts that it was made with: a question is only asked where nobody knows the answer yet. */
export type Finding = { readonly judgement: Judgement; readonly facts: WrapperFacts };

/** More questions than any list of names has patterns that matter for one client. */
const mostQuestions = 1_000;

const unanswered: Judgement = { kind: 'refuse', reason: 'access', cause: 'unanswered', effects: [] };

export const createGate = (runtime: Runtime, questions: Questions) => {
  const { clock, sensors, loadAverage } = runtime;

  // of the client that is judged now: an object for each would cost more than most judgements
  let connectionNow: Descriptor | undefined;
  const circumstances: Circumstances = {
    date: clock.wallClock,
    loadAverage,
    isTrapped: (record) => sensors.size(clock.now()) > 0 && sensors.holds(record, clock.now()),
    wrapperRules: () => runtime.wrapperRules,
    withOwnEnd: (record) => withOwnEnd(connectionNow, record),
  };

  /** `record` is undefined where nobody has seen yet who waits; `connection` where it is a datagram. */
  const judge = (
    service: RunningService,
    record: ConnectionRecord | undefined,
    connection: Descriptor | undefined,
    facts: WrapperFacts = noWrapperFacts,
  ): Finding => {
    let found = facts;
    connectionNow = connection;
    for (let count = 0; count < mostQuestions; count++) {
      const judgement = judgeClient(service.rules, record, found, circumstances);
      if (judgement.kind !== 'ask') return { judgement, facts: found };
      const known = questions.known(judgement.question, record, found);
      if (known === undefined) return { judgement, facts: found };
      found = known === 'silence' ? withoutAnswer(judgement, found) : known;
    }
    return { judgement: unanswered, facts: found };
  };

  return { judge, circumstances };
};

export type Gate = ReturnType<typeof createGate>;
