// May this client have this service at all? Lists, sensors, times, load: cheap and numeric first, and before any limit,
// so that who is kept out uses up nothing.
import type { Access } from '../model/access.ts';
import type { RefusalCause, RefusalReason } from '../model/event.ts';
import type { ConnectionRecord } from '../model/record.ts';
import { type CompiledAccess, compileAccess, judgeAccess } from './access-list.ts';
import { isWithin } from './access-times.ts';
import type { Facts, Question } from './facts.ts';

export type Judgement =
  | { readonly kind: 'admit' }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly cause: RefusalCause | undefined }
  | { readonly kind: 'ask'; readonly question: Question };

/** What the rules are held against; asked only by the rules that need it. */
export type Circumstances = {
  readonly date: () => Date;
  /** Of one minute. */
  readonly loadAverage: () => number;
  readonly isTrapped: (record: ConnectionRecord) => boolean;
};

/** The rules of one service. */
export type Rules = { readonly access: Access; readonly lists: CompiledAccess };

/** Once a load. */
export const compileRules = (access: Access | undefined): Rules | undefined =>
  access === undefined ? undefined : { access, lists: compileAccess(access) };

const admitted: Judgement = { kind: 'admit' };
const refusal = (reason: RefusalReason, cause?: RefusalCause): Judgement => ({
  kind: 'refuse',
  reason,
  cause,
});

/** What is known of the time and the machine, whoever comes; `admit` where it keeps nobody out. */
export const judgeMoment = (access: Access, circumstances: Circumstances): Judgement => {
  if (access.times.length > 0 && !isWithin(access.times, circumstances.date())) return refusal('time');
  if (access.maxLoad !== undefined && circumstances.loadAverage() >= access.maxLoad) return refusal('load');
  return admitted;
};

/** The verdict on one client of a service, as far as the facts go. */
export const judgeClient = (
  rules: Rules | undefined,
  record: ConnectionRecord,
  facts: Facts,
  circumstances: Circumstances,
): Judgement => {
  if (circumstances.isTrapped(record)) return refusal('access', 'sensor');
  if (rules === undefined) return admitted;
  const listed = judgeAccess(rules.lists, record, facts);
  if (listed === 'deny') return refusal('access', 'list');
  const moment = judgeMoment(rules.access, circumstances);
  if (moment.kind !== 'admit' || listed === 'allow') return moment;
  return { kind: 'ask', question: listed };
};
