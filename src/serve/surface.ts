// The shape that all starters have: what they are given, what they may use and what they give back.
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Observer } from '../model/event.ts';
import type { ResolvedService } from '../model/service.ts';
import type { Accepted, Kernel, Recipe } from '../native/kernel.ts';

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

/** Answers what waits at a datagram listener of a built-in; bounded, the rest comes with the next readiness. */
export type ServeDatagrams = (surface: Surface, prepared: Prepared, listener: Descriptor) => void;
