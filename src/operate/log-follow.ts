// Entries for somebody who looks on: from now on, at level info whatever the logs are told, and none is made while nobody does.
import type { Clock } from '../model/clock.ts';
import type { LogRecord } from '../model/control.ts';
import type { Observer } from '../model/event.ts';
import { isLogged, isLoggedKind, levelOf } from './log.ts';
import { cleanFields, cleanText, entryOf, isAtLeast, type LogEntry } from './log-entry.ts';
import type { Say } from './log-records.ts';

export type Follow = {
  readonly observer: Observer;
  /** What is no event of the engine. */
  readonly say: Say;
  /** Records of one service or of all, as the JSON log has them; the function it gives ends it. `onRecord` must not wait and not throw. */
  readonly follow: (service: string | undefined, onRecord: (record: LogRecord) => void) => () => void;
};

type Follower = { readonly service: string | undefined; readonly onRecord: (record: LogRecord) => void };

export const createFollow = ({ wallClock }: Pick<Clock, 'wallClock'>): Follow => {
  const followers = new Set<Follower>();

  const wants =
    (service: unknown) =>
    (follower: Follower): boolean =>
      follower.service === undefined || follower.service === service;

  const give = (entry: LogEntry, service: unknown): void => {
    const all = [...followers].filter(wants(service));
    if (all.length === 0) return;
    const { severity, fields, text } = entry;
    const record = { level: severity, time: wallClock().toISOString(), ...fields, msg: text };
    for (const each of all) each.onRecord(record);
  };

  return {
    observer: {
      isWanted: (kind) => followers.size > 0 && isLoggedKind(kind) && isAtLeast(levelOf(kind), 'info'),
      observe: (event) => {
        if (followers.size === 0 || !isLogged(event) || !isAtLeast(levelOf(event.kind), 'info')) return;
        const service = 'service' in event ? event.service : undefined;
        // the entry itself costs more than the question
        if ([...followers].some(wants(service))) give(entryOf(event), service);
      },
    },
    say: (severity, fields, text) => {
      if (followers.size === 0 || !isAtLeast(severity, 'info')) return;
      give(
        { severity, fields: cleanFields(fields), text: cleanText(text), about: undefined },
        fields['service'],
      );
    },
    follow: (service, onRecord) => {
      const follower = { service, onRecord };
      followers.add(follower);
      return () => void followers.delete(follower);
    },
  };
};
