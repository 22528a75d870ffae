// Who answers a client: the one switch from a service to its starter, and the shape that all starters have.
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/event.ts';
import type { ResolvedService } from '../model/service.ts';
import type { Accepted, Descriptor, Kernel, Recipe } from '../native.ts';
import { serveBuiltinDatagrams } from './builtin/datagram.ts';
import { startStreamBuiltin } from './builtin/stream.ts';

/** A service with what was prepared for it at load. Built-ins have no recipe. */
export type Prepared = { readonly service: ResolvedService; readonly recipe: Recipe | undefined };

/** A member of tcpmux as its listener sees it. */
export type MuxMember = { readonly name: string; readonly saysGo: boolean; readonly prepared: Prepared };

/** What a starter may use. */
export type Surface = {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly observer: Observer;
  /** The members of tcpmux that are configured now. */
  readonly muxMembers: () => readonly MuxMember[];
  /**
   * Admits a client to a member, then calls `greet`, takes the connection and starts the member with it. False when the
   * client is refused (and that was observed): it was not greeted and is still the caller's.
   */
  readonly enterMember: (member: MuxMember, client: Accepted, greet: () => void) => boolean;
  /** The ports of all datagram built-ins that are configured now: what comes from them is a loop. */
  readonly internalDatagramPorts: () => ReadonlySet<number>;
};

/** A running answer: a process that will be reaped, or work of our own that says when it has ended. */
export type Started =
  | { readonly kind: 'process'; readonly pid: number }
  | { readonly kind: 'builtin'; readonly stop: () => void };

/** Takes the connection. `onEnded` is called once, later, for a built-in only. */
export type Start = (surface: Surface, prepared: Prepared, client: Accepted, onEnded: () => void) => Started;

/** Starts the answer to one accepted client. Throws SystemError when no process can be made; the client is still ours then. */
export const serveConnection: Start = (surface, prepared, client, onEnded) => {
  const { answer } = prepared.service;
  switch (answer.kind) {
    case 'program':
      return startProgram(surface, prepared, client);
    case 'builtin':
      return startStreamBuiltin(surface, prepared, client, onEnded);
  }
};

/** One exec for one client; how that went comes back with the end of the process. */
const startProgram = (surface: Surface, prepared: Prepared, client: Accepted): Started => ({
  kind: 'process',
  pid: surface.kernel.spawn(recipeOf(prepared), client.descriptor, client.record, 'give'),
});

/** Hands the listener itself to a server; it is ours again when the process has ended. */
export const serveWholeSocket = (surface: Surface, prepared: Prepared, listener: Descriptor): number =>
  surface.kernel.spawn(recipeOf(prepared), listener, undefined, 'keep');

export const recipeOf = (prepared: Prepared): Recipe => {
  if (prepared.recipe === undefined) throw new Error(`${prepared.service.id} has no program`);
  return prepared.recipe;
};

/** Answers what waits at a datagram listener of a built-in; bounded, the rest comes with the next readiness. */
export type ServeDatagrams = (surface: Surface, prepared: Prepared, listener: Descriptor) => void;

export const serveDatagrams: ServeDatagrams = (surface, prepared, listener) =>
  serveBuiltinDatagrams(surface, prepared, listener);
