// Who may come, when, and under which load: settings, not decisions.
import { type Network, showNetwork } from './network.ts';

/**
 * Whom an entry of an access list means. Clients over IPv4 are IPv4 however they came in; a network of IPv6 that holds
 * ::ffff:0:0/96 (as ::/0 does) means all of them too.
 */
export type ClientPattern =
  | { readonly kind: 'network'; readonly network: Network }
  /** Clients at one of the addresses that the name has; in lower case. */
  | { readonly kind: 'host'; readonly name: string }
  /** Clients whose name, confirmed by its addresses, ends so; with the dot, in lower case: `.example.com`. */
  | { readonly kind: 'domain'; readonly suffix: string };

/** Minutes since midnight, local time; both are in it. From 22:00 to 06:00 goes over midnight. 1440 is 24:00. */
export type TimeRange = { readonly from: number; readonly to: number };

export type Access = {
  /** undefined: everybody; empty: nobody. */
  readonly onlyFrom: readonly ClientPattern[] | undefined;
  /** Who is on both lists is kept out. */
  readonly noAccess: readonly ClientPattern[];
  /** Empty: always. */
  readonly times: readonly TimeRange[];
  /** Nobody is let in while the load average of one minute is as high. */
  readonly maxLoad: number | undefined;
  /** The daemon's name in hosts.allow and hosts.deny (hosts_access(5)); undefined: they are not consulted. */
  readonly wrapperName: string | undefined;
};

/** Files that are sent to clients as they are. */
export type Banners = {
  /** To everybody, before anything is decided. */
  readonly always: string | undefined;
  /** Before the answer. */
  readonly success: string | undefined;
  /** To those who are refused. */
  readonly failure: string | undefined;
};

/** Whether the client's user is asked for at the client's machine (RFC 1413). */
export type Identity = {
  readonly whenAdmitted: boolean;
  readonly whenRefused: boolean;
  /** Who cannot be told gets no answer. */
  readonly isRequired: boolean;
};

/** As configurations write it. */
export const showClientPattern = (pattern: ClientPattern): string => {
  switch (pattern.kind) {
    case 'network':
      return showNetwork(pattern.network);
    case 'host':
      return pattern.name;
    case 'domain':
      return pattern.suffix;
  }
};
