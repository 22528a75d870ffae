// What the options of a rule that matches make of the verdict, one after the other (hosts_options(5)).

import type { WrapperEffect } from '../model/wrapper-effect.ts';
import type { Template, WrapperOption, WrapperRule, WrapperRules } from '../model/wrapper-rules.ts';
import { expandTemplate, type Shown } from './wrapper-expansion.ts';
import type { WrapperQuestion } from './wrapper-facts.ts';
import type { Party } from './wrapper-match.ts';
import type { WrapperJudgement, WrapperRequest } from './wrapper-verdict.ts';

/** Ends the rule, waits for an answer, or goes on to the next option. */
type Step =
  | { readonly kind: 'end'; readonly as: 'allow' | 'deny' | 'twist' }
  | { readonly kind: 'ask'; readonly question: WrapperQuestion }
  | { readonly kind: 'on'; readonly effects: readonly WrapperEffect[] };

const on = (...effects: readonly WrapperEffect[]): Step => ({ kind: 'on', effects });
const refused: Step = { kind: 'end', as: 'deny' };

const expandTo = (template: Template, shown: Shown, next: (text: string) => Step): Step => {
  const text = expandTemplate(template, shown);
  return typeof text === 'string' ? next(text.trim()) : { kind: 'ask', question: text };
};

/** Name and value with blanks between them; setenv(3) takes no name that is empty or has a = in it. */
const readAssignment = (text: string): Step => {
  const [, name = '', value = ''] = /^([^ \t\r\n]*)[ \t\r\n]?([\s\S]*)$/.exec(text) ?? [];
  return name === '' || name.includes('=') ? refused : on({ kind: 'setenv', name, value: value.trim() });
};

/** Names were looked up when the rules were read; one that does not exist keeps everybody out whom the rule matches. */
const findCredentials = (
  { user, group }: { readonly user: string | undefined; readonly group: string | undefined },
  rules: WrapperRules,
): Step => {
  const account = user === undefined ? undefined : rules.users.get(user);
  const gid = group === undefined ? account?.gid : rules.groups.get(group);
  if (gid === undefined || (user !== undefined && account === undefined)) return refused;
  const groups = group === undefined ? (account?.groups ?? []) : [gid];
  return on({ kind: 'credentials', uid: account?.uid, gid, groups });
};

type Place = {
  readonly table: 'allow' | 'deny';
  readonly shown: Shown;
  readonly request: WrapperRequest;
  readonly rules: WrapperRules;
  readonly before: readonly WrapperEffect[];
};

/**
 * A command that fails keeps out whom hosts.allow would let in, and lets in whom hosts.deny would keep out; what stands
 * behind it is not looked at.
 */
const decideByCommand = (command: string, { table, request, before }: Place): Step => {
  const hasSucceeded = request.facts.commands.get(command);
  if (hasSucceeded === undefined)
    return { kind: 'ask', question: { kind: 'command', command, effects: before } };
  if (hasSucceeded) return on();
  return { kind: 'end', as: table === 'allow' ? 'deny' : 'allow' };
};

const takeOption = (option: WrapperOption, place: Place): Step => {
  const { shown, request, rules } = place;
  switch (option.kind) {
    case 'allow':
      return { kind: 'end', as: 'allow' };
    case 'deny':
    case 'broken':
      return refused;
    case 'severity':
    case 'keepalive':
    case 'linger':
    case 'nice':
    case 'umask':
      return on(option);
    case 'spawn':
      return expandTo(option.command, shown, (command) => on({ kind: 'spawn', command }));
    case 'twist':
      return expandTo(option.command, shown, (command) => on({ kind: 'twist', command }));
    case 'aclexec':
      return expandTo(option.command, shown, (command) => decideByCommand(command, place));
    case 'setenv':
      return expandTo(option.assignment, shown, readAssignment);
    case 'user':
      return findCredentials(option, rules);
    case 'rfc931':
      if (typeof shown.user === 'string') return on();
      return { kind: 'ask', question: { kind: 'user', patience: option.timeout } };
    case 'banners': {
      const text = rules.banners.get(option.directory)?.get(request.daemon);
      if (text === undefined) return on();
      const said = expandTemplate(text, shown);
      if (typeof said !== 'string') return { kind: 'ask', question: said };
      return on({ kind: 'banner', text: Buffer.from(said, 'latin1') });
    }
  }
};

const showParty = (party: Party, request: WrapperRequest): Shown => ({
  daemon: request.daemon,
  pid: request.pid,
  client: party.client,
  server: party.server,
  user: party.user === undefined ? { kind: 'user', patience: undefined } : (party.user ?? 'unknown'),
});

export const applyOptions = (
  rule: WrapperRule,
  table: 'allow' | 'deny',
  party: Party,
  request: WrapperRequest,
  rules: WrapperRules,
): WrapperJudgement => {
  const shown = showParty(party, request);
  const effects: WrapperEffect[] = [];
  for (const option of rule.options) {
    const step = takeOption(option, { table, shown, request, rules, before: [...effects] });
    if (step.kind === 'ask') return step;
    if (step.kind === 'end') return { kind: step.as, rule: rule.origin, effects };
    effects.push(...step.effects);
  }
  const isTwisted = effects.some((effect) => effect.kind === 'twist');
  return { kind: isTwisted ? 'twist' : table, rule: rule.origin, effects };
};
