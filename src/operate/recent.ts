// What went wrong lately with a service, kept so that a flood of one kind leaves room for the others.
import { type Peer, showPeer } from '../model/address.ts';
import type { Occurrence } from '../model/control.ts';
import { escapeControls } from '../model/diagnostic.ts';
import type { Event, ExitStatus, RefusalReason } from '../model/event.ts';

/** As kept: what is text is made when somebody reads it, and times are the engine's. */
export type Kept = {
  at: number;
  readonly kind: Occurrence['kind'];
  readonly reason: RefusalReason | null;
  /** What tells it from others: its reason and cause, the errno, the way in which it ended. */
  readonly sort: string | number;
  readonly host: string | undefined;
  readonly peer: string | null;
  readonly what: string;
  /** Others like it that came with it. */
  more: number;
};

/** Most of the last ones of each kind; refusals cannot push failures out. */
const room = { refused: 16, failed: 8, 'ended-badly': 8 } as const satisfies Record<
  Occurrence['kind'],
  number
>;
/** So many of a kind are looked at in a second; the others are only counted, with the last one. */
const perSecond = 8;
const second = 1_000;
const longestText = 300;

export type Recent = {
  readonly kept: Record<Occurrence['kind'], Kept[]>;
  /** The second that is counted, and how many were looked at in it. */
  readonly busy: Record<Occurrence['kind'], { since: number; count: number }>;
};

export const createRecent = (): Recent => ({
  kept: { refused: [], failed: [], 'ended-badly': [] },
  busy: {
    refused: { since: 0, count: 0 },
    failed: { since: 0, count: 0 },
    'ended-badly': { since: 0, count: 0 },
  },
});

const hostOf = (peer: Peer | undefined): string | undefined =>
  peer === undefined ? undefined : peer.kind === 'internet' ? peer.host : peer.kind;

const fold = (kept: Kept, now: number): void => {
  kept.at = now;
  kept.more += 1;
};

type Seen = Pick<Kept, 'kind' | 'reason' | 'sort'> & {
  readonly peer: Peer | undefined;
  readonly what: () => string;
};

const isOfSort = (kept: Kept, { reason, sort }: Seen): boolean =>
  kept.reason === reason && kept.sort === sort;

/** Beyond one a second, what is of the same sort and from the same host is one occurrence. */
const note = ({ kept, busy }: Recent, now: number, seen: Seen): void => {
  const { kind, reason, sort, peer, what } = seen;
  const list = kept[kind];
  const looked = busy[kind];
  if (now - looked.since >= second) {
    looked.since = now;
    looked.count = 0;
  }
  looked.count += 1;
  const crowd = looked.count > perSecond ? list.findLast((each) => isOfSort(each, seen)) : undefined;
  if (crowd !== undefined) {
    fold(crowd, now);
    return;
  }
  const host = hostOf(peer);
  const same = list.findLast((each) => isOfSort(each, seen) && each.host === host);
  if (same !== undefined && now - same.at < second) {
    fold(same, now);
    return;
  }
  const text = peer === undefined ? null : showPeer(peer);
  list.push({ at: now, kind, reason, sort, host, peer: text, what: what().slice(0, longestText), more: 0 });
  if (list.length > room[kind]) list.shift();
};

export const noteRefusal = (
  recent: Recent,
  now: number,
  { reason, cause, peer }: Extract<Event, { readonly kind: 'refused' }>,
): void => {
  const what = (): string => (cause === undefined || cause === 'list' ? reason : `${reason}: ${cause}`);
  note(recent, now, { kind: 'refused', reason, sort: cause ?? reason, peer, what });
};

export const noteFailure = (
  recent: Recent,
  now: number,
  { code, what }: { readonly code: string; readonly what: string },
  peer: Peer | undefined,
): void =>
  note(recent, now, { kind: 'failed', reason: null, sort: code, peer, what: () => escapeControls(what) });

const showEnd = (status: ExitStatus): string =>
  status.kind === 'exit'
    ? `exit status ${status.code}`
    : `signal ${status.signal}${status.dumpedCore ? ', core dumped' : ''}`;

/** A number for the way in which a process ended: as wait4(2) says it, more or less. */
const sortOfEnd = (status: ExitStatus): number => (status.kind === 'exit' ? status.code : -status.signal);

export const noteBadEnd = (recent: Recent, now: number, status: ExitStatus, peer: Peer | undefined): void =>
  note(recent, now, {
    kind: 'ended-badly',
    reason: null,
    sort: sortOfEnd(status),
    peer,
    what: () => showEnd(status),
  });

export const noteBuiltinEnd = (
  recent: Recent,
  now: number,
  outcome: 'timeout' | 'error',
  peer: Peer | undefined,
): void => note(recent, now, { kind: 'ended-badly', reason: null, sort: outcome, peer, what: () => outcome });

/** All of them, the oldest first; `dateOf` turns the engine's time into a date. */
export const listRecent = ({ kept }: Recent, dateOf: (at: number) => string): readonly Occurrence[] =>
  [...kept.refused, ...kept.failed, ...kept['ended-badly']]
    .sort((one, other) => one.at - other.at)
    .map(({ at, kind, peer, reason, what, more }) => ({
      at: dateOf(at),
      kind,
      peer,
      reason,
      what: more === 0 ? what : `${what}, and ${more} more like it`,
    }));

/** Takes an occurrence of an earlier process in, which is older than what is there; `more` stays in its text. */
export const putBack = ({ kept }: Recent, { kind, reason, peer, what }: Occurrence, at: number): void => {
  const list = kept[kind];
  if (list.length < room[kind])
    list.unshift({ at, kind, reason, sort: what, host: undefined, peer, what, more: 0 });
};
