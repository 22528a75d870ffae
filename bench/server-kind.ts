// What a kind of server is to the benchmark: whether it is here, and how it is started for an assignment.
import type { Command } from './server.ts';

/** What a server is to serve. */
export type Assignment = {
  readonly port: number;
  readonly program: string;
  /** Listeners besides that one, on one port of many addresses. */
  readonly extra: { readonly count: number; readonly port: number };
  readonly directory: string;
  readonly floor: string;
};

export type ServerKind = {
  readonly name: string;
  readonly title: string;
  readonly isPeer: boolean;
  /** Why it cannot take part, or how it is started. */
  readonly find: () =>
    | { readonly missing: string }
    | { readonly command: (assignment: Assignment) => Command };
};

/** The i-th of the addresses that bear the extra listeners; bench/floor.c counts the same way. */
export const extraAddress = (index: number): string => `127.1.${(index + 1) >> 8}.${(index + 1) & 255}`;
