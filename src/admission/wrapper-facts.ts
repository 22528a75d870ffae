// What rules of hosts_access(5) may have to know beyond what other rules ask: our own name, netgroups, commands.

import type { Milliseconds } from '../model/quantity.ts';
import type { WrapperEffect } from '../model/wrapper-effect.ts';
import { type Facts, noFacts, type Question } from './facts.ts';

export type WrapperQuestion =
  | Exclude<Question, { readonly kind: 'user' }>
  /** A user with the patience that a rule has for the answer; undefined: the usual one. */
  | { readonly kind: 'user'; readonly patience: Milliseconds | undefined }
  /** The name of our end of the connection, confirmed by its addresses. */
  | { readonly kind: 'server-name' }
  /** Whether a host is in a netgroup (innetgr(3)). */
  | { readonly kind: 'netgroup'; readonly group: string; readonly host: string }
  /** Whether a command of /bin/sh succeeds; it finds what the options before it have made of its surroundings. */
  | { readonly kind: 'command'; readonly command: string; readonly effects: readonly WrapperEffect[] };

export type WrapperFacts = Facts & {
  readonly serverName: string | null | undefined;
  readonly isServerParanoid: boolean;
  /** By netgroupKey(). */
  readonly netgroups: ReadonlyMap<string, boolean>;
  /** By command; one that did not end in time has not succeeded. */
  readonly commands: ReadonlyMap<string, boolean>;
  /** What access lists wanted to know and nobody has answered. */
  readonly unanswered: readonly Question[];
};

export const netgroupKey = (group: string, host: string): string => `${group} ${host}`;

/** What other rules have found out already is not asked again. */
export const withWrapperFacts = (facts: Facts): WrapperFacts => ({
  ...facts,
  serverName: undefined,
  isServerParanoid: false,
  netgroups: new Map(),
  commands: new Map(),
  unanswered: [],
});

export const noWrapperFacts: WrapperFacts = withWrapperFacts(noFacts);
