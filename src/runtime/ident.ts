import type { Clock } from '../model/clock.ts';
import type { IdentFailure } from '../model/event.ts';
import type { Milliseconds } from '../model/quantity.ts';
import type { ConnectionRecord } from '../model/record.ts';
export const createIdent = (_: { clock: Clock }) => ({
  ask: async (_r: ConnectionRecord, _d: Milliseconds): Promise<{ user: string } | { why: IdentFailure }> => ({
    why: 'timeout',
  }),
});
