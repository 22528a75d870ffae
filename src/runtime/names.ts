import type { Question } from '../admission/facts.ts';
import type { Clock } from '../model/clock.ts';
import type { ConnectionRecord } from '../model/record.ts';
export type Answer = { readonly value: string | null | readonly string[] };
export const createNames = (_: { clock: Clock }) => ({
  known: (_q: Question, _r: ConnectionRecord): string | null | readonly string[] | undefined => undefined,
  ask: async (_q: Question, _r: ConnectionRecord): Promise<Answer | 'unanswered'> => 'unanswered',
  knownAddresses: (_: string): readonly string[] | undefined => undefined,
  askAddresses: async (_: string): Promise<readonly string[] | undefined> => undefined,
});
