// Why a client would be let in or kept out: the tests of judge.ts in their order, in words, up to the one that decides.
import type { TimeRange } from '../model/access.ts';
import type { Origin } from '../model/diagnostic.ts';
import type { ConnectionRecord } from '../model/record.ts';
import { isWithin } from './access-times.ts';
import { explainAccess, isUnknown, passes, refuses, type Step } from './explain-access.ts';
import { type Circumstances, consultWrappers, type Rules } from './judge.ts';
import type { WrapperFacts, WrapperQuestion } from './wrapper-facts.ts';

const showMinute = (minute: number): string => {
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`;
};

const showRange = ({ from, to }: TimeRange): string => `${showMinute(from)}-${showMinute(to)}`;

export const showOrigin = ({ file, line }: Origin): string => `${file}:${line}`;

export const showQuestion = (question: WrapperQuestion): string => {
  switch (question.kind) {
    case 'name':
      return 'the name of the client';
    case 'addresses':
      return `the addresses of ${question.of}`;
    case 'user':
      return 'the user at the machine of the client, which only a connection can tell';
    case 'server-name':
      return 'the name of the address that the client calls';
    case 'netgroup':
      return `whether ${question.host} is in the netgroup ${question.group}`;
    case 'command':
      return `the exit status of '${question.command}', which is run for clients alone`;
  }
};

/** Both are looked at once the lists have kept nobody out, also while they have not admitted yet. */
const explainMoment = ({ access }: Rules, { date, loadAverage }: Circumstances, where: string): Step[] => {
  const steps: Step[] = [];
  if (access.times.length > 0) {
    const now = date();
    const test = `access_times ${access.times.map(showRange).join(' ')} (${where})`;
    const why = `it is ${showMinute(now.getHours() * 60 + now.getMinutes())}`;
    if (!isWithin(access.times, now)) return [refuses(test, why)];
    steps.push(passes(test, why));
  }
  if (access.maxLoad !== undefined) {
    const load = loadAverage();
    const test = `max_load ${access.maxLoad} (${where})`;
    const why = `the load is ${load.toFixed(2)}`;
    steps.push(load >= access.maxLoad ? refuses(test, why) : passes(test, why));
  }
  return steps;
};

const explainWrappers = (
  { access: { wrapperName } }: Rules,
  record: ConnectionRecord | undefined,
  facts: WrapperFacts,
  circumstances: Circumstances,
): readonly Step[] => {
  const found = consultWrappers(wrapperName, record, facts, circumstances);
  if (found === undefined) return [];
  const test = `hosts.allow and hosts.deny for ${wrapperName}`;
  if (found.kind === 'ask') return [isUnknown(test, `it depends on ${showQuestion(found.question)}`)];
  const rule = found.rule === undefined ? 'no rule of them matches' : `the rule at ${showOrigin(found.rule)}`;
  if (found.kind === 'deny') return [refuses(test, rule)];
  return [passes(test, found.kind === 'twist' ? `${rule} has a command answer instead` : rule)];
};

const isDecided = (steps: readonly Step[]): boolean => steps.some(({ result }) => result === 'refuses');

/**
 * `stranger`: its rules are held against a client of whom nobody knows anything, but for the access lists, which the
 * kernel holds against each.
 */
export const explainClient = (
  rules: Rules | undefined,
  record: ConnectionRecord,
  facts: WrapperFacts,
  circumstances: Circumstances,
  { where, isStranger }: { readonly where: string; readonly isStranger: boolean },
): readonly Step[] => {
  const steps: Step[] = [];
  if (!isStranger) {
    if (circumstances.isTrapped(record)) return [refuses('sensors', 'it has called one and is kept out')];
    steps.push(passes('sensors', 'it has called none'));
  }
  if (rules === undefined) return [...steps, passes('rules', 'there are none about who may come, and when')];
  const lists = explainAccess(rules, record, facts, where);
  steps.push(...lists);
  if (isDecided(lists)) return steps;
  const moment = explainMoment(rules, circumstances, where);
  steps.push(...moment);
  if (isDecided(moment) || lists.some(({ result }) => result === 'unknown')) return steps;
  return [...steps, ...explainWrappers(rules, isStranger ? undefined : record, facts, circumstances)];
};
