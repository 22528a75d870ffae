// What is asked about a client: names and addresses of the name service, the user of its own machine, netgroups, commands.
import type { Answer } from '../admission/facts.ts';
import { learn } from '../admission/facts.ts';
import type { Judgement } from '../admission/judge.ts';
import { netgroupKey, type WrapperFacts, type WrapperQuestion } from '../admission/wrapper-facts.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Milliseconds, seconds } from '../model/quantity.ts';
import { type ConnectionRecord, ownEndAsPeer, peerOf } from '../model/record.ts';
import { SystemError } from '../native/addon.ts';
import { localOf } from '../native/local-end.ts';
import { isInNetgroup } from '../native/netgroup.ts';
import type { Effects } from './effects.ts';
import { createIdent } from './ident.ts';
import { createNames } from './names.ts';
import type { RunningService, Runtime } from './running.ts';

/** A client about whom something is asked; a datagram has no connection. */
export type Subject = {
  readonly service: RunningService;
  readonly record: ConnectionRecord;
  readonly connection: Descriptor | undefined;
};

const netgroupLimit: Milliseconds = seconds(5);

/** The connection's record with both ends; the client's alone where it is gone, and nobody will be able to say who it was. */
export const withOwnEnd = (
  connection: Descriptor | undefined,
  record: ConnectionRecord,
): ConnectionRecord => {
  if (connection === undefined) return record;
  try {
    return localOf(connection, record);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return record;
  }
};

/** What is known when nobody has answered. */
export const withoutAnswer = (
  { question, isOfLists }: Extract<Judgement, { readonly kind: 'ask' }>,
  facts: WrapperFacts,
): WrapperFacts =>
  isOfLists && (question.kind === 'name' || question.kind === 'addresses')
    ? { ...facts, unanswered: [...facts.unanswered, question] }
    : suppose(question, facts);

/** That there is nothing to know. */
const suppose = (question: WrapperQuestion, facts: WrapperFacts): WrapperFacts => {
  switch (question.kind) {
    case 'name':
      return { ...facts, name: null };
    case 'user':
      return { ...facts, user: null };
    case 'addresses':
      return { ...facts, addresses: new Map(facts.addresses).set(question.of, []) };
    case 'server-name':
      return { ...facts, serverName: null };
    case 'netgroup':
      return {
        ...facts,
        netgroups: new Map(facts.netgroups).set(netgroupKey(question.group, question.host), false),
      };
    case 'command':
      return { ...facts, commands: new Map(facts.commands).set(question.command, false) };
  }
};

const learnServerName = (facts: WrapperFacts, answer: Answer): WrapperFacts | undefined =>
  answer.kind === 'name'
    ? { ...facts, serverName: answer.name, isServerParanoid: answer.isParanoid }
    : undefined;

const learnFrom = (facts: WrapperFacts, answer: Answer): WrapperFacts | undefined =>
  answer.kind === 'unanswered' ? undefined : { ...facts, ...learn(facts, answer) };

export const createQuestions = (
  { clock, observer }: Pick<Runtime, 'clock' | 'observer'>,
  effects: Effects,
) => {
  const names = createNames({ clock });
  const ident = createIdent({ clock });

  /** The facts with the answer where it is known already; `silence`: known to be answered by nobody; undefined: not known. */
  const known = (
    question: WrapperQuestion,
    record: ConnectionRecord | undefined,
    facts: WrapperFacts,
  ): WrapperFacts | 'silence' | undefined => {
    if (record === undefined) return 'silence';
    switch (question.kind) {
      case 'name':
      case 'addresses': {
        const answer = names.known(question, record);
        return answer && (learnFrom(facts, answer) ?? 'silence');
      }
      case 'server-name': {
        const answer = names.known({ kind: 'name' }, ownEndAsPeer(record));
        return answer && (learnServerName(facts, answer) ?? 'silence');
      }
      case 'user':
      case 'netgroup':
      case 'command':
        return undefined;
    }
  };

  const askNetgroup = async (group: string, host: string): Promise<boolean> => {
    let cancel: (() => void) | undefined;
    const late = new Promise<boolean>((resolve) => {
      cancel = clock.after(netgroupLimit, () => resolve(false));
    });
    const isMember = await Promise.race([isInNetgroup(group, host), late]);
    cancel?.();
    return isMember ?? false;
  };

  /** The facts with the answer; undefined where nobody has answered in time. Never rejects. */
  const ask = async (
    question: WrapperQuestion,
    { service, record, connection }: Subject,
    facts: WrapperFacts,
  ): Promise<WrapperFacts | undefined> => {
    switch (question.kind) {
      case 'name':
      case 'addresses':
        return learnFrom(facts, await names.ask(question, record));
      case 'server-name': {
        const own = ownEndAsPeer(withOwnEnd(connection, record));
        return learnServerName(facts, await names.ask({ kind: 'name' }, own));
      }
      case 'user': {
        // who sends a datagram has no connection that its machine could know
        if (connection === undefined) return undefined;
        const answer = await ident.ask(withOwnEnd(connection, record), question.patience);
        return 'user' in answer ? { ...facts, user: answer.user } : undefined;
      }
      case 'netgroup': {
        const isMember = await askNetgroup(question.group, question.host);
        const key = netgroupKey(question.group, question.host);
        return { ...facts, netgroups: new Map(facts.netgroups).set(key, isMember) };
      }
      case 'command': {
        const hasSucceeded = await effects.decide(service, question, connection, record);
        return { ...facts, commands: new Map(facts.commands).set(question.command, hasSucceeded) };
      }
    }
  };

  /** The addresses of a name, for those who ask about no client. */
  const addresses = {
    known: (name: string): readonly string[] | undefined => {
      const answer = names.known({ kind: 'addresses', of: name }, nobody);
      return answer?.kind === 'addresses' ? answer.addresses : undefined;
    },
    ask: async (name: string): Promise<readonly string[] | undefined> => {
      const answer = await names.ask({ kind: 'addresses', of: name }, nobody);
      return answer.kind === 'addresses' ? answer.addresses : undefined;
    },
  };

  /**
   * Asks who the client's user is and tells the observers; `pid` is that of its handler. `record` has both ends: its
   * descriptor may have gone to the handler by now.
   */
  const identify = async (
    service: RunningService,
    record: ConnectionRecord,
    pid: number | undefined,
  ): Promise<boolean> => {
    const answer = await ident.ask(record);
    const { id } = service.prepared.service;
    const peer = peerOf(record);
    if ('user' in answer) observer.observe({ kind: 'identified', service: id, pid, peer, user: answer.user });
    else observer.observe({ kind: 'unidentified', service: id, peer, why: answer.why });
    return 'user' in answer;
  };

  return { known, ask, addresses, identify };
};

/** Addresses of a name do not depend on who wants to know. */
const nobody = new Uint8Array(64) as ConnectionRecord;

export type Questions = ReturnType<typeof createQuestions>;
