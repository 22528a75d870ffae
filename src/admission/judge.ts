// May this client have this service at all? Lists, sensors, times, load, and then hosts.allow and hosts.deny: cheap and
// numeric first, and before any limit, so that who is kept out uses up nothing.
import type { Access } from '../model/access.ts';
import type { RefusalCause, RefusalReason } from '../model/event.ts';
import type { ConnectionRecord } from '../model/record.ts';
import type { WrapperEffect } from '../model/wrapper-effect.ts';
import type { WrapperRules } from '../model/wrapper-rules.ts';
import { type CompiledAccess, compileAccess, judgeAccess } from './access-list.ts';
import { isWithin } from './access-times.ts';
import type { WrapperFacts, WrapperQuestion } from './wrapper-facts.ts';
import type { WrapperJudgement } from './wrapper-verdict.ts';
import { judgeWrappers } from './wrappers.ts';

export type Judgement =
  | { readonly kind: 'admit'; readonly effects: readonly WrapperEffect[] }
  | {
      readonly kind: 'refuse';
      readonly reason: RefusalReason;
      readonly cause: RefusalCause | undefined;
      readonly effects: readonly WrapperEffect[];
    }
  | {
      readonly kind: 'ask';
      readonly question: WrapperQuestion;
      /** To access lists silence is none of the answers; to hosts.allow and hosts.deny it means that there is nothing to know. */
      readonly isOfLists: boolean;
    };

/** What the rules are held against; asked only by the rules that need it. */
export type Circumstances = {
  readonly date: () => Date;
  /** Of one minute. */
  readonly loadAverage: () => number;
  readonly isTrapped: (record: ConnectionRecord) => boolean;
  /** undefined: hosts.allow and hosts.deny are not consulted. */
  readonly wrapperRules: () => WrapperRules | undefined;
  /** The same client with our end of its connection. */
  readonly withOwnEnd: (record: ConnectionRecord) => ConnectionRecord;
};

/** The rules of one service. */
export type Rules = { readonly access: Access; readonly lists: CompiledAccess };

/** Once a load. */
export const compileRules = (access: Access | undefined): Rules | undefined =>
  access === undefined ? undefined : { access, lists: compileAccess(access) };

const admitted: Judgement = { kind: 'admit', effects: [] };
const refusal = (reason: RefusalReason, cause?: RefusalCause): Judgement => ({
  kind: 'refuse',
  reason,
  cause,
  effects: [],
});

/** What is known of the time and the machine, whoever comes; `admit` where it keeps nobody out. */
export const judgeMoment = (access: Access, circumstances: Circumstances): Judgement => {
  if (access.times.length > 0 && !isWithin(access.times, circumstances.date())) return refusal('time');
  if (access.maxLoad !== undefined && circumstances.loadAverage() >= access.maxLoad) return refusal('load');
  return admitted;
};

const hasRules = ({ allow, deny }: WrapperRules): boolean =>
  [allow, deny].some(({ rules, ending }) => rules.length > 0 || ending !== 'complete');

/** What hosts.allow and hosts.deny say; undefined: they are not consulted, or there is nothing in them. */
export const consultWrappers = (
  daemon: string | undefined,
  record: ConnectionRecord | undefined,
  facts: WrapperFacts,
  { wrapperRules, withOwnEnd }: Circumstances,
): WrapperJudgement | undefined => {
  const rules = daemon === undefined ? undefined : wrapperRules();
  if (daemon === undefined || rules === undefined || !hasRules(rules)) return undefined;
  const client = record && withOwnEnd(record);
  return judgeWrappers(rules, { daemon, record: client, facts, pid: process.pid });
};

const judgeByWrappers = (
  daemon: string | undefined,
  record: ConnectionRecord | undefined,
  facts: WrapperFacts,
  circumstances: Circumstances,
): Judgement => {
  const found = consultWrappers(daemon, record, facts, circumstances);
  if (found === undefined) return admitted;
  switch (found.kind) {
    case 'ask':
      return { kind: 'ask', question: found.question, isOfLists: false };
    case 'deny':
      return { kind: 'refuse', reason: 'access', cause: 'wrappers', effects: found.effects };
    case 'allow':
    case 'twist':
      return { kind: 'admit', effects: found.effects };
  }
};

/** The verdict on one client of a service, as far as the facts go; undefined is a client whom nobody has seen yet. */
export const judgeClient = (
  rules: Rules | undefined,
  record: ConnectionRecord | undefined,
  facts: WrapperFacts,
  circumstances: Circumstances,
): Judgement => {
  if (record !== undefined && circumstances.isTrapped(record)) return refusal('access', 'sensor');
  if (rules === undefined) return admitted;
  const listed = record === undefined ? 'allow' : judgeAccess(rules.lists, record, facts, facts.unanswered);
  if (listed === 'deny') return refusal('access', facts.unanswered.length > 0 ? 'unanswered' : 'list');
  const moment = judgeMoment(rules.access, circumstances);
  if (moment.kind !== 'admit') return moment;
  if (listed !== 'allow') {
    const question: WrapperQuestion = listed.kind === 'user' ? { ...listed, patience: undefined } : listed;
    return { kind: 'ask', question, isOfLists: true };
  }
  return judgeByWrappers(rules.access.wrapperName, record, facts, circumstances);
};
