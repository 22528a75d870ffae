// What a kind of server is to the comparison: whether it is here, and how it is started for an assignment.
import type { Programs } from './programs.ts';
import type { Command } from './server.ts';

/** What a server is to serve. */
export type Assignment = {
  readonly port: number;
  readonly program: string;
  /** Listeners besides that one, on one port of many addresses. */
  readonly extra: { readonly count: number; readonly port: number };
  /** Where configurations and logs go; the handlers are in it too. */
  readonly directory: string;
  /** The program of the bare loops, and that of the bare loop of socket activation. */
  readonly floor: string;
  readonly activate: string;
};

/** One thing that a server was told to be at its best, or to be measured at all. */
export type Setting = { readonly text: string; readonly reason: string };

export type ServerKind = {
  readonly name: string;
  readonly title: string;
  /** Judged against, asked to be reached, or shown beside. */
  readonly role: 'bare loop' | 'peer' | 'acceptd';
  readonly settings: readonly Setting[];
  /** How many addresses it can listen on; most are made for one. */
  readonly mostListeners: number;
  /** Whether SIGHUP makes it read its configuration again. */
  readonly reloads: boolean;
  /** Why it cannot take part, or how it is started. */
  readonly find: (
    programs: Programs,
  ) => { readonly missing: string } | { readonly command: (assignment: Assignment) => Command };
};

/** One that is here. */
export type PresentServer = Omit<ServerKind, 'find'> & {
  readonly startCommand: (assignment: Assignment) => Command;
};

/** The i-th of the addresses that bear the extra listeners; floor.c counts the same way. */
export const extraAddress = (index: number): string => `127.1.${(index + 1) >> 8}.${(index + 1) & 255}`;

export const extraAddresses = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => extraAddress(index));

export const missing = (program: string, debianPackage: string): { readonly missing: string } => ({
  missing: `${program} is not here (Debian: apt install ${debianPackage}, or unpack it for --peers-root)`,
});
