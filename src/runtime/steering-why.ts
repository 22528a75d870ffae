// Would a client be let in now, and what decides? The rules that hold for clients, asked for one that is not there.
import { judgeAccess } from '../admission/access-list.ts';
import { explainClient, showOrigin, showQuestion } from '../admission/explain.ts';
import { isUnknown, refuses, type Step } from '../admission/explain-access.ts';
import { explainLimits } from '../admission/explain-limits.ts';
import type { WrapperFacts } from '../admission/wrapper-facts.ts';
import { isAccepting } from '../model/address.ts';
import type { Admission } from '../model/control.ts';
import { escapeControls } from '../model/diagnostic.ts';
import type { Failure, RefusalReason } from '../model/event.ts';
import { type Milliseconds, seconds, showDuration } from '../model/quantity.ts';
import { type ConnectionRecord, sourceOf } from '../model/record.ts';
import type { Finding, Gate } from './gate.ts';
import type { Questions } from './questions.ts';
import type { RunningService, Runtime } from './running.ts';
import { type AskedClient, readClient } from './steering-client.ts';
import { noSuchService } from './steering-failures.ts';
import { findObstacle, type Obstacle } from './steering-obstacle.ts';
import { findOut } from './steering-questions.ts';

/** Nobody who asks waits longer for the names of a client. */
const patience: Milliseconds = seconds(1);

const needsConnection = 'its user must be known, which only a connection can tell';

type Verdict = Pick<Admission, 'verdict' | 'reason' | 'steps'>;

const decided = (steps: readonly Step[], { verdict, reason, step }: Obstacle): Verdict => ({
  verdict,
  reason,
  steps: [...steps, step],
});

/** A server that has the whole socket lets streams in itself: the kernel has the lists, and of its clients we see nobody. */
const isForStrangers = ({ prepared }: RunningService): boolean =>
  prepared.service.mode === 'whole-socket' && prepared.service.addresses.some(isAccepting);

export const createInquiry = (runtime: Runtime, gate: Gate, questions: Questions) => {
  const { clock, services } = runtime;

  const judge = (service: RunningService, record: ConnectionRecord, facts: WrapperFacts): Finding => {
    if (!isForStrangers(service)) return gate.judge(service, record, undefined, facts);
    const lists = service.rules?.lists;
    const listed = lists === undefined ? 'allow' : judgeAccess(lists, record, facts, facts.unanswered);
    if (listed === 'allow') return gate.judge(service, undefined, undefined, facts);
    if (listed === 'deny')
      return { judgement: { kind: 'refuse', reason: 'access', cause: 'list', effects: [] }, facts };
    const question = listed.kind === 'user' ? { ...listed, patience: undefined } : listed;
    return { judgement: { kind: 'ask', question, isOfLists: true }, facts };
  };

  const find = (service: RunningService, record: ConnectionRecord): Promise<Finding> =>
    findOut({
      clock,
      patience,
      judge: (facts) => judge(service, record, facts),
      ask: (question, facts) => questions.ask(question, { service, record, connection: undefined }, facts),
    });

  const hasOpenEnd = (service: RunningService, { knowsOwnEnd }: AskedClient): boolean =>
    !knowsOwnEnd &&
    service.rules?.access.wrapperName !== undefined &&
    runtime.wrapperRules?.needsServerEnd === true;

  const explainRules = (
    service: RunningService,
    client: AskedClient,
    { judgement, facts }: Finding,
  ): readonly Step[] => {
    const where = showOrigin(service.prepared.service.origin);
    const isStranger = isForStrangers(service);
    const steps = explainClient(service.rules, client.record, facts, gate.circumstances, {
      where,
      isStranger,
    });
    if (judgement.kind === 'ask')
      return [
        ...steps,
        isUnknown(
          'questions',
          `not known within ${showDuration(patience)}: ${showQuestion(judgement.question)}`,
        ),
      ];
    if (judgement.kind === 'admit' && hasOpenEnd(service, client))
      return [
        ...steps,
        isUnknown('our end', 'a rule depends on the address that the client calls, which may be any'),
      ];
    return steps;
  };

  const explainPlace = (
    service: RunningService,
    record: ConnectionRecord,
    steps: readonly Step[],
  ): Verdict => {
    const obstacle = findObstacle(runtime, service);
    if (obstacle !== undefined) return decided(steps, obstacle);
    const { mode, answer, addresses, id, mux, identity } = service.prepared.service;
    const isCounted =
      mode === 'per-connection' &&
      (answer.kind !== 'builtin' || mux !== undefined || addresses.some(isAccepting));
    if (!isCounted) return { verdict: 'admit', reason: null, steps };
    const source = sourceOf(record, service.limits.sourcePrefix);
    const found = explainLimits(
      { service: id, limits: service.limits, source },
      service.usage,
      runtime.sourceRates,
      clock.now(),
      service.listeners.size > 0,
    );
    const all = [...steps, ...found.steps];
    if (found.verdict === 'admit' && identity?.isRequired === true)
      return { verdict: 'ask', reason: null, steps: [...all, isUnknown('identity', needsConnection)] };
    return { verdict: found.verdict, reason: found.reason ?? null, steps: all };
  };

  const explain = async (service: RunningService, client: AskedClient): Promise<Verdict> => {
    const refused = (step: Step, reason: RefusalReason): Verdict => ({
      verdict: 'refuse',
      reason,
      steps: [step],
    });
    const { answer } = service.prepared.service;
    if (answer.kind === 'sensor') return refused(refuses('sensor', 'nobody is answered here'), 'access');
    const finding = await find(service, client.record);
    if (runtime.isDraining) return refused(refuses('server', 'it is being stopped'), 'draining');
    const steps = explainRules(service, client, finding);
    const { judgement } = finding;
    if (judgement.kind === 'refuse') return { verdict: 'refuse', reason: judgement.reason, steps };
    if (steps.some(({ result }) => result === 'unknown')) return { verdict: 'ask', reason: null, steps };
    return explainPlace(service, client.record, steps);
  };

  return async (id: string, address: string): Promise<Admission | Failure> => {
    const service = services.get(id);
    if (service === undefined) return noSuchService(id);
    const client = readClient(address, service.prepared.service.addresses);
    if ('code' in client) return { ...client, what: escapeControls(client.what) };
    return { service: id, address, ...(await explain(service, client)) };
  };
};
