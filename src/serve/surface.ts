// The shape that all starters have: what they are given, what they may use and what they give back.
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { Failure, Observer } from '../model/event.ts';
import type { Milliseconds } from '../model/quantity.ts';
import type { ConnectionRecord } from '../model/record.ts';
import type { ResolvedService } from '../model/service.ts';
import type { Accepted, Kernel, Recipe } from '../native/kernel.ts';
import type { SavedFlow } from '../native/relay.ts';

/** A service with what was prepared for it at load. Built-ins have no recipe. */
export type Prepared = { readonly service: ResolvedService; readonly recipe: Recipe | undefined };

/** A member of tcpmux as its listener sees it. */
export type MuxMember = { readonly name: string; readonly saysGo: boolean; readonly prepared: Prepared };

/** What a relay wants of the server behind it: that it runs, and that it is not stopped while somebody is connected. */
export type Backends = {
  /**
   * Wants the server of the service to run. `onDone` is called once, never before this returns: without a failure when
   * the server takes connections, which may be so already. What is returned takes the wish back.
   */
  readonly demand: (prepared: Prepared, onDone: (failure: Failure | undefined) => void) => () => void;
  /** A connection goes on until the returned function is called; the idle time counts from the end of the last one. */
  readonly hold: (prepared: Prepared) => () => void;
};

/** What a starter may use. */
export type Surface = {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly observer: Observer;
  /** The members of tcpmux that are configured now. */
  readonly muxMembers: () => readonly MuxMember[];
  /**
   * Decides on a client of a member, perhaps later: it is greeted and the member is started with it, or it is refused,
   * that is observed, and it is the caller's again.
   */
  readonly enterMember: (
    member: MuxMember,
    client: Accepted,
    how: {
      readonly through: 'mux';
      readonly greet: (client: Accepted) => void;
      readonly onRefused: (client: Accepted) => void;
    },
  ) => void;
  /** Whether the sender of a datagram may be answered by a built-in; a refusal is observed. */
  readonly mayAnswer: (prepared: Prepared, record: ConnectionRecord) => boolean;
  /** The ports of all datagram built-ins that are configured now: what comes from them is a loop. */
  readonly internalDatagramPorts: () => ReadonlySet<number>;
  /** The servers behind relays. */
  readonly backends: Backends;
  /**
   * A client waits for its backend; undefined when too many do. `dismiss` is called when the server is stopped
   * meanwhile. The function it gives ends the wait; nothing may be done where it is false.
   */
  readonly enterWait: (prepared: Prepared, dismiss: () => void) => (() => boolean) | undefined;
};

/** What is left of an answer of our own, for the version of acceptd that takes our place: it goes on from there. */
export type SavedTalk = {
  readonly startedAt: Milliseconds;
  readonly client: Accepted;
  readonly rest: TalkRest;
};

export type TalkRest =
  /** Nothing has been taken from the client and nothing said: it can begin anew. */
  | { readonly kind: 'begin' }
  /** A built-in that has said all that it wanted to: `pending` was read and is not answered yet. */
  | { readonly kind: 'talk'; readonly pending: string }
  /** The part of a name that a client of tcpmux has said. */
  | { readonly kind: 'name'; readonly taken: string; readonly sawReturn: boolean }
  | { readonly kind: 'flow'; readonly flow: SavedFlow };

/** How an answer of our own is taken out of our hands. */
export type Talk = {
  /** As it was when this began: a reload may have changed it since. */
  readonly service: ResolvedService;
  /** Takes in nothing more; what was said goes out meanwhile. */
  readonly pause: () => void;
  /** Whether it can be saved now. */
  readonly isSettled: () => boolean;
  /** It goes on here. */
  readonly resume: () => void;
  readonly save: () => SavedTalk | undefined;
};

/** A running answer: a process that will be reaped, or work of our own that says when it has ended. */
export type Started =
  | { readonly kind: 'process'; readonly pid: number }
  /** `talk` undefined: it is over in a moment. */
  | { readonly kind: 'builtin'; readonly stop: () => void; readonly talk?: Talk };

/** Takes the connection. `onEnded` is called once, later, for a built-in only. */
export type Start = (
  surface: Surface,
  prepared: Prepared,
  client: Accepted,
  onEnded: () => void,
  /** What the version before us has left of it. */
  saved?: SavedTalk,
) => Started;

/** Answers what waits at a datagram listener of a built-in; bounded, the rest comes with the next readiness. */
export type ServeDatagrams = (surface: Surface, prepared: Prepared, listener: Descriptor) => void;
