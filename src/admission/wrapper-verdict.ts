// What is asked of hosts.allow and hosts.deny about a client, and what they answer.
import type { Origin } from '../model/diagnostic.ts';
import type { ConnectionRecord } from '../model/record.ts';
import type { WrapperEffect } from '../model/wrapper-effect.ts';
import type { WrapperFacts, WrapperQuestion } from './wrapper-facts.ts';

export type WrapperRequest = {
  /** What rules call the service. */
  readonly daemon: string;
  /** undefined: nobody knows who waits there. It has our end where the rules need it. */
  readonly record: ConnectionRecord | undefined;
  /** The user is null where there is no connection that its machine could know. */
  readonly facts: WrapperFacts;
  /** Of acceptd, for %p. */
  readonly pid: number;
};

export type WrapperVerdict = {
  /** `twist`: somebody else answers, a command among the effects. */
  readonly kind: 'allow' | 'deny' | 'twist';
  /** undefined: no rule matched. */
  readonly rule: Origin | undefined;
  readonly effects: readonly WrapperEffect[];
};

/** Something has to be asked; then the same is to be called again with the answer. */
export type WrapperJudgement = WrapperVerdict | { readonly kind: 'ask'; readonly question: WrapperQuestion };
