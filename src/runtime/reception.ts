// From an accepted client to its answer or its refusal: banners, rules, questions about it, limits. All at once where
// nothing has to be awaited, which is the usual way; otherwise the client waits and nobody else does.
import { admitClient } from '../admission/admit.ts';
import type { Judgement } from '../admission/judge.ts';
import { enterInstance, giveBackStart, type Source } from '../admission/limits.ts';
import { noWrapperFacts, type WrapperFacts } from '../admission/wrapper-facts.ts';
import type { RefusalCause, RefusalReason } from '../model/event.ts';
import type { Milliseconds } from '../model/quantity.ts';
import { peerOf, sourceOf } from '../model/record.ts';
import type { WrapperEffect } from '../model/wrapper-effect.ts';
import type { Accepted, Recipe } from '../native/kernel.ts';
import type { Answers } from './answers.ts';
import type { Effects } from './effects.ts';
import type { Gate } from './gate.ts';
import type { Instances } from './instances.ts';
import { type Questions, withOwnEnd, withoutAnswer } from './questions.ts';
import { observeRefusal } from './refusal.ts';
import { nothingHeard, type RunningService, type Runtime } from './running.ts';
import { createSpeech, type Wait } from './speech.ts';
import type { Visitors } from './visitors.ts';
import type { States } from './watch.ts';

/** What the caller does around the decision. */
export type Manner = {
  /** Called before the answer starts. */
  readonly greet: ((client: Accepted) => void) | undefined;
  /** Which way it came. */
  readonly through: 'listener' | 'mux';
  /** The client is refused, that was told, and it is the caller's again. */
  readonly onRefused: (client: Accepted) => void;
};

/** A client on its way through the reception. */
type Visit = {
  readonly service: RunningService;
  client: Accepted;
  readonly manner: Manner;
  /** The first banner was said, and the second. */
  isGreeted: boolean;
  readonly isWelcomed: boolean;
  /** Set while it holds a place among the service's instances. */
  source: Source | undefined;
  facts: WrapperFacts;
  /** Of hosts.allow and hosts.deny, once they have admitted it. */
  recipe: Recipe | undefined;
};

export const createReception = (
  runtime: Runtime,
  states: States,
  instances: Instances,
  answers: Answers,
  visitors: Visitors,
  gate: Gate,
  questions: Questions,
  effects: Effects,
) => {
  const { kernel, clock } = runtime;

  /** Lets a client wait for something; when there are too many it is refused. `resume` does nothing once the wait is over. */
  const wait: Wait<Visit> = (visit, begin, repeating = 'again') => {
    let stop: ReturnType<typeof begin> | undefined;
    const leave = visitors.enter(
      visit.service,
      () => {
        stop?.();
        refuse(visit, 'draining');
      },
      repeating === 'once'
        ? 'not-now'
        : () => {
            const unsaid = stop?.();
            leavePlace(visit);
            const { client, manner, isGreeted, isWelcomed } = visit;
            const isCut = unsaid !== undefined;
            // what was begun is one banner or the other
            const heard = {
              isGreeted: isGreeted || isCut,
              isWelcomed: isWelcomed || (isGreeted && isCut),
              unsaid,
            };
            return { client, through: manner.through, heard };
          },
    );
    if (leave === undefined) {
      refuse(visit, 'access', 'unanswered');
      return;
    }
    // it may stay for seconds, and what stands low makes each start of a handler dearer (native/spawn.hh)
    visit.client = { ...visit.client, descriptor: kernel.tryRaise(visit.client.descriptor) };
    stop = begin((next) => {
      if (leave()) next();
    });
  };

  const { say, sayBanner, sayFarewell } = createSpeech(runtime, visitors, wait);

  const leavePlace = (visit: Visit): void => {
    const { service, source } = visit;
    if (source === undefined) return;
    visit.source = undefined;
    giveBackStart(service.usage, service.limits.rate);
    instances.release(service, source);
  };

  const refuse = (visit: Visit, reason: RefusalReason, cause?: RefusalCause): void => {
    const { service, client, manner } = visit;
    leavePlace(visit);
    observeRefusal(runtime, service, reason, client.record, cause);
    const { identity, banners } = service.prepared.service;
    // who could not say who it is has been asked already, and what came of it is told
    if (identity?.whenRefused === true && cause !== 'identity') void identify(visit, undefined);
    const next = (): void => manner.onRefused(client);
    if (banners?.failure === undefined || reason === 'draining') next();
    else sayFarewell(visit, banners.failure, next);
  };

  /** Takes a place among the service's instances; false after a refusal. */
  const takePlace = (visit: Visit): boolean => {
    const { service, client } = visit;
    const { limits } = service;
    const { id } = service.prepared.service;
    if (runtime.instances.size >= runtime.processLimit) {
      refuse(visit, 'processes', 'process-limit');
      return false;
    }
    // a service without a listener of its own has no queue that somebody could wait in
    if ((service.suspension !== undefined || service.isPaused) && service.listeners.size === 0) {
      refuse(visit, 'suspended');
      return false;
    }
    const source = sourceOf(client.record, limits.sourcePrefix);
    const verdict = admitClient(
      { service: id, limits, source },
      service.usage,
      runtime.sourceRates,
      clock.now(),
    );
    if (verdict.kind === 'admit') {
      enterInstance(service.usage, source);
      visit.source = source;
      return true;
    }
    refuse(visit, verdict.reason);
    if (verdict.reason === 'rate' && limits.onRate === 'close') states.enterSuspended(service, 'rate');
    return false;
  };

  const start = (visit: Visit): void => {
    const { service, client, source, manner } = visit;
    if (source === undefined) throw new Error('a client without a place cannot be answered');
    manner.greet?.(client);
    const { identity } = service.prepared.service;
    if (identity?.whenAdmitted !== true || identity.isRequired) {
      answers.start(service, client, source, visit.recipe);
      return;
    }
    // asked beside the start, not before it; the descriptor is the handler's by the time of the answer
    const record = withOwnEnd(client.descriptor, client.record);
    void questions.identify(service, record, answers.start(service, client, source, visit.recipe));
  };

  const identify = ({ service, client }: Visit, pid: number | undefined): Promise<boolean> =>
    questions.identify(service, withOwnEnd(client.descriptor, client.record), pid);

  /** What comes between the decision and the answer: nothing, most often. */
  const welcome = (visit: Visit): void => {
    const { identity, banners } = visit.service.prepared.service;
    const banner = visit.isWelcomed ? undefined : banners?.success;
    if (identity?.isRequired !== true && banner === undefined) start(visit);
    else demandIdentity(visit, () => sayBanner(visit, banner, () => start(visit)));
  };

  /** The client's machine has to say who its user is, or there is no answer. */
  const demandIdentity = (visit: Visit, next: () => void): void => {
    if (visit.service.prepared.service.identity?.isRequired !== true) {
      next();
      return;
    }
    wait(visit, (resume) => {
      void identify(visit, undefined).then((isKnown) =>
        resume(isKnown ? next : () => refuse(visit, 'access', 'identity')),
      );
      return () => undefined;
    });
  };

  const ask = (visit: Visit, asked: Extract<Judgement, { kind: 'ask' }>): void => {
    wait(visit, (resume) => {
      const { service, client, facts } = visit;
      const subject = { service, record: client.record, connection: visit.client.descriptor };
      void questions.ask(asked.question, subject, facts).then((answered) =>
        resume(() => {
          visit.facts = answered ?? withoutAnswer(asked, facts);
          decide(visit);
        }),
      );
      return () => undefined;
    });
  };

  /** Does what rules of hosts.allow and hosts.deny want done, and gives what they want said. */
  const affect = (visit: Visit, wanted: readonly WrapperEffect[]): Uint8Array => {
    const { recipe, banner } = effects.apply(
      visit.service,
      wanted,
      visit.client.descriptor,
      visit.client.record,
    );
    visit.recipe = recipe;
    return banner;
  };

  const decide = (visit: Visit): void => {
    const { service, client } = visit;
    visit.isGreeted = true;
    if (runtime.isDraining) {
      refuse(visit, 'draining');
      return;
    }
    const { judgement, facts } = gate.judge(service, client.record, client.descriptor, visit.facts);
    visit.facts = facts;
    switch (judgement.kind) {
      case 'refuse':
        say(
          visit,
          affect(visit, judgement.effects),
          () => refuse(visit, judgement.reason, judgement.cause),
          'once',
        );
        return;
      case 'ask':
        // while it is found out who the client is, its place is not given to another
        if (visit.source !== undefined || takePlace(visit)) ask(visit, judgement);
        return;
      case 'admit':
        if (visit.source === undefined && !takePlace(visit)) return;
        if (judgement.effects.length === 0) welcome(visit);
        else say(visit, affect(visit, judgement.effects), () => welcome(visit), 'once');
    }
  };

  /** Nobody has any business at a sensor: who comes is kept out of all services. */
  const trap = (
    { prepared }: RunningService,
    { record }: Accepted,
    denyTime: Milliseconds | 'forever' | undefined,
  ): void => {
    if (denyTime !== undefined) runtime.sensors.trap(record, clock.now(), denyTime);
    if (!runtime.observer.isWanted('trapped')) return;
    runtime.observer.observe({
      kind: 'trapped',
      service: prepared.service.id,
      peer: peerOf(record),
      denyTime,
    });
  };

  /** A sensor looks like a service that turns its client away. */
  const dismissTrapped = (visit: Visit): void => {
    const { client, manner, service } = visit;
    const banner = service.prepared.service.banners?.failure;
    if (banner === undefined) manner.onRefused(client);
    else sayFarewell(visit, banner, () => manner.onRefused(client));
  };

  /** Decides on a client and takes it, unless it is refused. */
  const enter = (service: RunningService, client: Accepted, manner: Manner, heard = nothingHeard): void => {
    const { answer } = service.prepared.service;
    const visit: Visit = {
      service,
      client,
      manner,
      isGreeted: heard.isGreeted,
      isWelcomed: heard.isWelcomed,
      source: undefined,
      facts: noWrapperFacts,
      recipe: undefined,
    };
    const banner = service.prepared.service.banners?.always;
    const isNew = !heard.isGreeted && heard.unsaid === undefined;
    // first, as it may never come back for the banner
    if (answer.kind === 'sensor' && isNew) trap(service, client, answer.denyTime);
    const next = (): void => (answer.kind === 'sensor' ? dismissTrapped(visit) : decide(visit));
    if (heard.unsaid !== undefined) say(visit, heard.unsaid, next);
    else if (banner === undefined || heard.isGreeted) next();
    else sayBanner(visit, banner, next);
  };

  return { enter };
};

export type Reception = ReturnType<typeof createReception>;
