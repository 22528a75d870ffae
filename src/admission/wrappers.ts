// The verdict of hosts.allow and hosts.deny on a client: the first rule that matches, and what its options make of it.
import { showAddressBytes } from '../model/network.ts';
import { localBytes, localPortOf, remoteBytes, remotePortOf, scopeOf } from '../model/record.ts';
import type { WrapperRules } from '../model/wrapper-rules.ts';
import { foldCase } from './text-pattern.ts';
import type { WrapperQuestion } from './wrapper-facts.ts';
import { firstMatch } from './wrapper-index.ts';
import type { End, Party } from './wrapper-match.ts';
import { applyOptions } from './wrapper-options.ts';
import type { WrapperJudgement, WrapperRequest, WrapperVerdict } from './wrapper-verdict.ts';

const unknownEnd: End = { bytes: undefined, scope: 0, port: 0, address: 'unknown', name: 'unknown' };

const endOf = (
  bytes: Uint8Array | undefined,
  scope: number,
  port: number,
  name: string | null | undefined,
  isParanoid: boolean,
  question: WrapperQuestion,
): End => {
  if (bytes === undefined) return unknownEnd;
  const missing = isParanoid ? 'paranoid' : 'unknown';
  return {
    bytes,
    scope,
    port,
    address: showAddressBytes(bytes),
    name: name === undefined ? question : foldCase(name ?? missing),
  };
};

const partyOf = ({ daemon, record, facts }: WrapperRequest, { files }: WrapperRules): Party => {
  const bytes = record && remoteBytes(record);
  const end = record && bytes ? { scope: scopeOf(record), port: remotePortOf(record) } : unknownEnd;
  const localPort = record ? localPortOf(record) : 0;
  return {
    daemon: foldCase(daemon),
    client: endOf(bytes, end.scope, end.port, facts.name, facts.isParanoid, { kind: 'name' }),
    server: endOf(
      record && localBytes(record),
      end.scope,
      localPort,
      facts.serverName,
      facts.isServerParanoid,
      { kind: 'server-name' },
    ),
    // only over an address can anybody be asked who the user is
    user: bytes === undefined ? null : facts.user,
    facts,
    files,
  };
};

const judgeTable = (
  name: 'allow' | 'deny',
  party: Party,
  request: WrapperRequest,
  rules: WrapperRules,
): WrapperJudgement | undefined => {
  const table = rules[name];
  const refusal: WrapperVerdict = { kind: 'deny', rule: table.endsAt, effects: [] };
  // what it keeps out is not known, so nobody is let in
  if (table.ending === 'unreadable') return refusal;
  const found = firstMatch(table, party);
  if (found !== undefined) {
    const { rule, match } = found;
    if (match === true) return applyOptions(rule, name, party, request, rules);
    return match.kind === 'senseless' ? { ...refusal, rule: rule.origin } : { kind: 'ask', question: match };
  }
  return name === 'deny' && table.ending === 'broken' ? refusal : undefined;
};

/** As hosts_access(5): who matches in hosts.allow may come, who matches in hosts.deny may not, everybody else may. */
export const judgeWrappers = (rules: WrapperRules, request: WrapperRequest): WrapperJudgement => {
  const party = partyOf(request, rules);
  return (
    judgeTable('allow', party, request, rules) ??
    judgeTable('deny', party, request, rules) ?? { kind: 'allow', rule: undefined, effects: [] }
  );
};
