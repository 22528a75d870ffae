// Flows: two sockets whose bytes the addon copies from each to the other, and the connections that lead there.
import type { ConnectAddress } from '../model/address.ts';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { type Milliseconds, milliseconds } from '../model/quantity.ts';
import { demand, describeErrno, openAddon, SystemError } from './addon.ts';
import type { Kernel } from './kernel.ts';

const addon = openAddon<{
  connectStream(version: number, host: string, port: number): number;
  connectState(fd: number): number;
  openRelay(rows: Float64Array, onEnded: (count: number) => void): number;
  joinFlow(first: number, second: number): number;
  saveFlow(id: number, numbers: Float64Array): number | readonly [there: Uint8Array, back: Uint8Array];
  restoreFlow(numbers: Float64Array, there: Uint8Array, back: Uint8Array): number;
  stopFlow(id: number, resets: boolean, row: Float64Array): number;
  quietTime(id: number): number;
}>();

/** A flow's end. First and second are the sockets in the order in which they were joined. */
export type FlowEnd = {
  /** undefined when both sides had said all; else what broke it, and both sides were reset. */
  readonly failure: { readonly code: string; readonly reason: string } | undefined;
  readonly takenFromFirst: number;
  readonly givenToFirst: number;
  readonly takenFromSecond: number;
  readonly givenToSecond: number;
};

/** A flow that goes on elsewhere: both sockets, what is under way between them, and how far each direction has come. */
export type SavedFlow = {
  readonly first: Descriptor;
  readonly second: Descriptor;
  readonly there: Uint8Array;
  readonly back: Uint8Array;
  /** As native/relay-binding.cc has them. */
  readonly numbers: readonly number[];
};

export type Flow = {
  /**
   * Resets both sides, or says an end of file to both where nothing is under way that would be missing; `onEnded` is
   * called before this returns. Nothing where it has ended.
   */
  readonly stop: (how?: 'reset' | 'end') => void;
  /** For how long no byte was moved; undefined when it has ended. */
  readonly quietFor: () => Milliseconds | undefined;
  /** What it is now; it goes on here all the same. undefined when it has ended. */
  readonly save: () => SavedFlow | undefined;
};

export type Relay = {
  /**
   * Copies in both directions until both have come to their end: one side's end of file is passed on after its bytes and
   * leaves the other direction as it is; a reset of one becomes a reset of the other. Takes both sockets, also when it
   * throws SystemError. `onEnded` is called once, later or by stop().
   */
  readonly join: (first: Descriptor, second: Descriptor, onEnded: (end: FlowEnd) => void) => Flow;
  /** The same with one that somebody has begun. */
  readonly restore: (saved: SavedFlow, onEnded: (end: FlowEnd) => void) => Flow;
};

export const showTarget = (target: ConnectAddress): string => {
  if (target.version === 'unix') return target.path;
  const { version, host, port } = target;
  return version === 6 ? `[${host}]:${port}` : `${host}:${port}`;
};

/** A socket on its way to an address; throws SystemError where there can be none, or no way is known. */
export const beginConnect = (target: ConnectAddress): Descriptor => {
  const result =
    target.version === 'unix'
      ? addon.connectStream(1, target.path, 0)
      : addon.connectStream(target.version, target.host, target.port);
  return descriptorOf(demand(`connect to ${showTarget(target)}`, result));
};

/** How far a begun connection has come. On the same machine it is there, or refused, right after its begin. */
export const connectProgress = (
  descriptor: Descriptor,
  target: ConnectAddress,
): 'connected' | 'under way' | SystemError => {
  const state = addon.connectState(descriptor);
  if (state === 0) return 'connected';
  if (state > 0) return 'under way';
  const { code, reason } = describeErrno(state);
  return new SystemError(`connect to ${showTarget(target)}`, code, reason);
};

const rowFields = 8;
const savedFields = 10;
const rowCount = 64;

const endOf = (rows: Float64Array, index: number): FlowEnd => {
  const field = (offset: number): number => rows[index * rowFields + offset] ?? 0;
  return {
    failure: field(1) === 0 ? undefined : describeErrno(field(1)),
    takenFromFirst: field(2),
    givenToFirst: field(3),
    takenFromSecond: field(4),
    givenToSecond: field(5),
  };
};

const openRelay = (): Relay => {
  const rows = new Float64Array(rowCount * rowFields);
  const row = new Float64Array(rowFields);
  const waiting = new Map<number, (end: FlowEnd) => void>();

  const takeWaiting = (id: number): ((end: FlowEnd) => void) | undefined => {
    const tell = waiting.get(id);
    waiting.delete(id);
    return tell;
  };

  const tellEnds = (count: number): void => {
    // read whole before anybody is told: they may join others, which get the same ids
    const batch = Array.from({ length: count }, (_, index) => ({
      tell: takeWaiting(rows[index * rowFields] ?? -1),
      end: endOf(rows, index),
    }));
    for (const { tell, end } of batch) tell?.(end);
  };

  demand('open a relay', addon.openRelay(rows, tellEnds));

  const follow = (id: number, onEnded: (end: FlowEnd) => void): Flow => {
    const tell = (end: FlowEnd): void => {
      isOver = true;
      onEnded(end);
    };
    let isOver = false;
    waiting.set(id, tell);
    const isGone = (): boolean => isOver || waiting.get(id) !== tell;
    return {
      stop: (how = 'reset') => {
        if (isGone() || addon.stopFlow(id, how === 'reset', row) === 0) return;
        waiting.delete(id);
        tell(endOf(row, 0));
      },
      quietFor: () => {
        const time = isGone() ? -1 : addon.quietTime(id);
        return time < 0 ? undefined : milliseconds(time);
      },
      save: () => {
        const numbers = new Float64Array(savedFields);
        const bytes = isGone() ? -1 : addon.saveFlow(id, numbers);
        if (typeof bytes === 'number') return undefined;
        const [first = -1, second = -1] = numbers;
        const [there, back] = bytes;
        return {
          first: descriptorOf(first),
          second: descriptorOf(second),
          there,
          back,
          numbers: [...numbers],
        };
      },
    };
  };

  return {
    join: (first, second, onEnded) =>
      follow(demand('relay a connection', addon.joinFlow(first, second)), onEnded),
    restore: ({ numbers, there, back }, onEnded) =>
      follow(
        demand('relay a connection', addon.restoreFlow(Float64Array.from(numbers), there, back)),
        onEnded,
      ),
  };
};

const relays = new WeakMap<Kernel, Relay>();

/** The relay of the process's engine, opened for the first who needs it; throws SystemError. */
export const relayOf = (kernel: Kernel): Relay => {
  const known = relays.get(kernel);
  if (known !== undefined) return known;
  const relay = openRelay();
  relays.set(kernel, relay);
  return relay;
};
