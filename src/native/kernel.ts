// What the kernel can do for the engine, call by call: sockets, epoll, spawning, reaping, looking up.
import { constants } from 'node:os';
import type { InternetAddress, SocketType, UnixAddress } from '../model/address.ts';
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import type { Moments } from '../model/event.ts';
import type { RecipeRequest } from '../model/recipe.ts';
import { type ConnectionRecord, pidOf } from '../model/record.ts';
import { demand, describeErrno, openAddon } from './addon.ts';
import { adviceFor, describeStage, planRecipe, type RecipePlan } from './recipe-plan.ts';

/** A compiled recipe; it lives as long as it is referenced here or a child still starts from it. */
export type Recipe = { readonly recipe: unique symbol };

type Addon = {
  start(
    buffer: ArrayBuffer,
    onReady: (count: number) => void,
    onEnded: (count: number) => void,
    copiesMemory: boolean,
  ): number;
  stop(): void;
  traceConnections(traces: Float64Array | null): number;
  watch(fd: number, token: number, how: number): number;
  unwatch(fd: number): number;
  openSocket(family: number, type: string, protocol: number): number;
  setOption(fd: number, name: string, value: number | string): number;
  getOption(fd: number, name: string): number;
  setBlocking(fd: number, isBlocking: boolean): number;
  bindInternet(fd: number, version: number, host: string, port: number): number;
  bindUnix(fd: number, path: string, mode: number): number;
  probeUnix(path: string, type: string): number;
  listenOn(fd: number, backlog: number): number;
  localPort(fd: number): number;
  acceptBatch(listener: number, limit: number): number;
  raiseDescriptor(fd: number, isOurs: boolean): number;
  queueLength(fd: number): number;
  waitingClients(fd: number): BigUint64Array | number;
  ignoreNewClients(fd: number): number;
  stopListening(fd: number): number;
  closeDescriptor(fd: number): number;
  openNull(): number;
  readNow(fd: number, buffer: Uint8Array, peeks: boolean): number;
  writeNow(fd: number, bytes: Uint8Array): number;
  receiveDatagram(fd: number, buffer: Uint8Array, peeks: boolean): number;
  sendDatagram(fd: number, bytes: Uint8Array): number;
  countSenders(fd: number): number;
  connectDatagram(fd: number): number;
  injectDatagram(bytes: Uint8Array): number;
  openLogPair(pair: Int32Array): number;
  receiveLog(fd: number, buffer: Uint8Array): number;
  compileRecipe(plan: RecipePlan): Recipe;
  replaceVariables(recipe: Recipe, pairs: readonly string[]): Recipe;
  hasExecuted(pid: number): boolean;
  spawnRecipe(recipe: Recipe, fd: number, record: Uint8Array | null, keeps: boolean): number;
  raiseDescriptorLimit(found: Float64Array): number;
  trimMemory(): number;
};

const addon = openAddon<Addon>();

// --- The shared buffer: records of accepted clients, ready tokens, ended children (native/engine.hh) ---

const recordSize = 64;
const recordCount = 64;
const readyCount = 256;
const endedCount = 256;
const endedFields = 8;
const traceFields = 8;
const readyOffset = recordSize * recordCount;
const endedOffset = readyOffset + readyCount * 8;

/** An accepted client. The socket is blocking and CLOEXEC, and belongs to whoever holds this. */
export type Accepted = { readonly descriptor: Descriptor; readonly record: ConnectionRecord };

/** One ended child. `failure` is set when it ended before it became the handler. */
export type Ended = {
  readonly pid: number;
  /** As wait4(2) gives it. */
  readonly status: number;
  readonly userMicroseconds: number;
  readonly systemMicroseconds: number;
  /** 0 where it never exceeded acceptd's own peak, which an exec'd child starts from (getrusage(2)). */
  readonly peakKibibytes: number;
  readonly failure: { readonly code: string; readonly what: string } | undefined;
};

/**
 * The way of one connection through the engine; moments are nanoseconds on CLOCK_MONOTONIC_RAW (model/event.ts tells
 * what they are).
 */
export type Trace = {
  /** The client's; 0 of a unix socket. */
  readonly port: number;
  readonly moments: Moments;
};

export type Watcher = (isHangup: boolean) => void;

/** The order is that of native/engine.cc. */
const watchedFor = ['level', 'edge', 'writable', 'hangup'] as const;
type WatchedFor = (typeof watchedFor)[number];

const isHangupEvent = (events: number): boolean => (events & (0x10 | 0x8)) !== 0;

export type Kernel = ReturnType<typeof openKernel>;

/**
 * Starts the engine; once a process. `onEnded` hears of every child of this process that ended, as PID 1 also of
 * orphans: node:child_process can be used beside it only synchronously. `copiesMemory` forks instead of sharing
 * memory, for tools that cannot follow (valgrind).
 */
export const openKernel = (options: {
  readonly onEnded: (ended: Ended, trace: Trace | undefined) => void;
  readonly copiesMemory?: boolean;
}) => {
  const foundLimits = new Float64Array(2);
  demand('raise the limit of descriptors', addon.raiseDescriptorLimit(foundLimits));
  const buffer = new ArrayBuffer(endedOffset + endedCount * endedFields * 8);
  const records = Array.from(
    { length: recordCount },
    (_, index) => new Uint8Array(buffer, index * recordSize, recordSize),
  );
  const firstRecord = new Uint8Array(buffer, 0, recordSize);
  const recordDescriptors = new Int32Array(buffer, 0, readyOffset / 4);
  const ready = new Uint32Array(buffer, readyOffset, readyCount * 2);
  const ended = new Float64Array(buffer, endedOffset, endedCount * endedFields);
  const watchers = new Map<number, Watcher>();
  let traces: Float64Array | undefined;

  const recordAt = (index: number): ConnectionRecord =>
    (records[index] ?? firstRecord).slice() as ConnectionRecord;

  const watcherAt = (index: number): Watcher | undefined => watchers.get(ready[index * 2] ?? -1);

  const onReady = (count: number): void => {
    // most often, and without a list
    if (count === 1) {
      watcherAt(0)?.(isHangupEvent(ready[1] ?? 0));
      return;
    }
    // a watcher may take away one that comes later in the same batch, and its number may be somebody else's by then
    const batch = Array.from({ length: count }, (_, index) => watcherAt(index));
    batch.forEach((watcher, index) => {
      if (watcher === watcherAt(index)) watcher?.(isHangupEvent(ready[index * 2 + 1] ?? 0));
    });
  };

  const describeFailure = (stage: number, errno: number): Ended['failure'] => {
    const { code, reason } = describeErrno(errno);
    return { code, what: `cannot ${describeStage(stage)}: ${reason}${adviceFor(stage, code)}` };
  };

  const endedAt = (index: number): Ended => {
    const field = (offset: number): number => ended[index * endedFields + offset] ?? 0;
    const stage = field(5);
    return {
      pid: field(0),
      status: field(1),
      userMicroseconds: field(2),
      systemMicroseconds: field(3),
      peakKibibytes: field(4),
      failure: stage === 0 ? undefined : describeFailure(stage, field(6)),
    };
  };

  const traceAt = (index: number): Trace | undefined => {
    const field = (offset: number): number => traces?.[index * traceFields + offset] ?? 0;
    if (field(2) === 0) return undefined;
    return {
      port: field(0),
      moments: {
        ready: field(1),
        accepted: field(2),
        spawning: field(3),
        spawned: field(4),
        childBegan: field(5),
        executing: field(6),
        reaped: field(7),
      },
    };
  };

  const onEnded = (count: number): void => {
    // read whole before anybody is told: what they do may bring the next batch into the same buffer
    const batch: [Ended, Trace | undefined][] = [];
    for (let index = 0; index < count; index++) {
      batch.push([endedAt(index), traces === undefined ? undefined : traceAt(index)]);
    }
    for (const [each, trace] of batch) options.onEnded(each, trace);
  };

  demand('start the engine', addon.start(buffer, onReady, onEnded, options.copiesMemory ?? false));

  return {
    /** The RLIMIT_NOFILE that acceptd was started with; handlers get it back. */
    descriptorLimit: { soft: foundLimits[0] ?? 1024, hard: foundLimits[1] ?? 1024 },

    /** Stamps connections that are accepted from here on, or none; their ends come with a Trace. Costs nothing while it is off. */
    traceConnections: (isWanted: boolean): void => {
      if (isWanted === (traces !== undefined)) return;
      traces = isWanted ? new Float64Array(endedCount * traceFields) : undefined;
      demand('trace connections', addon.traceConnections(traces ?? null));
    },

    /** Where messages go; shared with whoever started acceptd, so its flags are never changed. */
    standardError: descriptorOf(2),

    /** Calls `watcher` whenever the descriptor is readable (level-triggered), or once for each arrival; with `hangup` only at its end. */
    watch: (descriptor: Descriptor, watcher: Watcher, how: WatchedFor = 'level'): void => {
      demand('watch a descriptor', addon.watch(descriptor, descriptor, watchedFor.indexOf(how)));
      watchers.set(descriptor, watcher);
    },

    /** Must come before the close: a handler may hold the same open file. A descriptor that is not watched is nothing. */
    unwatch: (descriptor: Descriptor): void => {
      if (watchers.delete(descriptor)) addon.unwatch(descriptor);
    },

    /** A stream, datagram or seqpacket socket, blocking and CLOEXEC; protocol 0 is the usual one. */
    openSocket: (family: 4 | 6 | 'unix' | 'vsock', type: SocketType, protocol = 0): Descriptor => {
      const number = family === 'unix' ? 1 : family === 'vsock' ? 3 : family;
      return descriptorOf(demand('open a socket', addon.openSocket(number, type, protocol)));
    },

    /** A socket option by its name in the manual pages (socket(7), tcp(7), ip(7), ipv6(7)). */
    setOption: (descriptor: Descriptor, name: string, value: number | string): void => {
      demand(`set ${name} to ${value}`, addon.setOption(descriptor, name, value));
    },
    getOption: (descriptor: Descriptor, name: string): number =>
      demand(`read ${name}`, addon.getOption(descriptor, name)),

    /** O_NONBLOCK of the open file: every process that has it sees the change. */
    setBlocking: (descriptor: Descriptor, isBlocking: boolean): void => {
      demand('change a descriptor', addon.setBlocking(descriptor, isBlocking));
    },

    bindInternet: (descriptor: Descriptor, address: InternetAddress): void => {
      demand(
        `bind ${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`,
        addon.bindInternet(descriptor, address.version, address.host, address.port),
      );
    },
    /** The socket file comes into being with the address's mode. A path that begins with `@` is abstract. */
    bindUnix: (descriptor: Descriptor, address: UnixAddress): void => {
      demand(`bind ${address.path}`, addon.bindUnix(descriptor, address.path, address.mode));
    },
    /** Whether a server has a socket at this path now; one that we may not ask counts as alive. */
    isUnixServed: (address: UnixAddress): boolean => {
      const { ECONNREFUSED, ENOENT } = constants.errno;
      return ![-ECONNREFUSED, -ENOENT].includes(addon.probeUnix(address.path, address.socketType));
    },
    listen: (descriptor: Descriptor, backlog: number): void => {
      demand('listen', addon.listenOn(descriptor, backlog));
    },
    /** The port that a socket got, also where the kernel chose it; 0 for a unix socket. */
    portOf: (descriptor: Descriptor): number => demand('read an address', addon.localPort(descriptor)),

    /**
     * At most `limit` (and 64) clients of a non-blocking listener; an empty list when none waits. Throws only when
     * nobody could be accepted, which is a shortage (EMFILE, ENFILE, ENOBUFS, ENOMEM) or our bug.
     */
    accept: (listener: Descriptor, limit: number): readonly Accepted[] => {
      const count = demand('accept a connection', addon.acceptBatch(listener, limit));
      const clients: Accepted[] = [];
      for (let index = 0; index < count; index++) {
        clients.push({
          descriptor: descriptorOf(recordDescriptors[(index * recordSize) / 4] ?? -1),
          record: recordAt(index),
        });
      }
      return clients;
    },

    /** Takes over a descriptor (not when this throws) and gives the same open file at a high number: for what lives long (native/spawn.hh). */
    raise: (descriptor: Descriptor): Descriptor =>
      descriptorOf(demand('move a descriptor', addon.raiseDescriptor(descriptor, true))),
    /** The same for what libuv may come to own; at its low number where no high one is free. */
    tryRaise: (descriptor: Descriptor): Descriptor => {
      const high = addon.raiseDescriptor(descriptor, false);
      return high < 0 ? descriptor : descriptorOf(high);
    },
    /** The end of a descriptor's life; nothing may name it afterwards. */
    close: (descriptor: Descriptor): void => {
      if (watchers.delete(descriptor)) addon.unwatch(descriptor);
      addon.closeDescriptor(descriptor);
    },
    /** From here on nobody new gets into a TCP listener's queue; who tries hears nothing, and tries again after a second. */
    ignoreNewClients: (listener: Descriptor): void => {
      demand('filter a listener', addon.ignoreNewClients(listener));
    },
    /** Closes a listener for everybody who has it: children that have not exec'd yet have copies of all descriptors. */
    closeListener: (listener: Descriptor): void => {
      addon.stopListening(listener);
      if (watchers.delete(listener)) addon.unwatch(listener);
      addon.closeDescriptor(listener);
    },
    /** How much waits at a listener: clients (TCP), bytes (datagrams), or just 1; for comparing two moments. */
    queueLength: (listener: Descriptor): number => addon.queueLength(listener),
    /**
     * Who waits at a TCP or unix listener to be accepted, each by a number that no other client has, or 0 for one who has
     * left; undefined where the kernel does not tell. It looks at every such socket of the machine, some 0.8 us each.
     */
    waitingClients: (listener: Descriptor): BigUint64Array | undefined => {
      const found = addon.waitingClients(listener);
      return typeof found === 'number' ? undefined : found;
    },
    /** A descriptor of /dev/null. */
    openNull: (): Descriptor => descriptorOf(demand('open /dev/null', addon.openNull())),

    /** Bytes of a connection without waiting: 0 at its end, undefined when there are none yet, -1 when it is broken. */
    read: (descriptor: Descriptor, into: Uint8Array, how: 'take' | 'peek'): number | undefined =>
      orNothing(addon.readNow(descriptor, into, how === 'peek')),
    /** Bytes taken without waiting: undefined when none can be now, -1 when the other end is gone. */
    write: (descriptor: Descriptor, bytes: Uint8Array): number | undefined =>
      orNothing(addon.writeNow(descriptor, bytes)),

    /** The next datagram with its two ends, or undefined; `peek` leaves it in the queue. */
    receive: (
      descriptor: Descriptor,
      into: Uint8Array,
      how: 'take' | 'peek',
    ): { readonly length: number; readonly record: ConnectionRecord } | undefined => {
      const length = addon.receiveDatagram(descriptor, into, how === 'peek');
      return length < 0 ? undefined : { length, record: recordAt(0) };
    },
    /** Replies to a datagram from the address that it was sent to. False when the kernel would not take it. */
    send: (descriptor: Descriptor, bytes: Uint8Array, to: ConnectionRecord): boolean => {
      firstRecord.set(to);
      return addon.sendDatagram(descriptor, bytes) >= 0;
    },
    /** Whether a socket's queue holds datagrams of others than this sender. */
    hasOtherSenders: (descriptor: Descriptor, sender: ConnectionRecord): boolean => {
      firstRecord.set(sender);
      return addon.countSenders(descriptor) === 1;
    },
    connectTo: (descriptor: Descriptor, peer: ConnectionRecord): void => {
      firstRecord.set(peer);
      demand('connect a datagram socket', addon.connectDatagram(descriptor));
    },
    /** Puts a datagram back as if its sender had sent it again; throws EPERM without CAP_NET_RAW. */
    inject: (bytes: Uint8Array, record: ConnectionRecord): void => {
      firstRecord.set(record);
      demand('put a datagram back', addon.injectDatagram(bytes));
    },

    /** A one-way pair for what handlers write: `ours` tells the pid of each writer. */
    openLogPair: (): { readonly ours: Descriptor; readonly theirs: Descriptor } => {
      const pair = new Int32Array(2);
      demand('open a socket pair', addon.openLogPair(pair));
      return { ours: descriptorOf(pair[0] ?? -1), theirs: descriptorOf(pair[1] ?? -1) };
    },
    /** Bytes of one writer of a log pair, undefined when there are none now, length 0 when all writers are gone. */
    receiveLog: (
      ours: Descriptor,
      into: Uint8Array,
    ): { readonly length: number; readonly pid: number } | undefined => {
      const length = addon.receiveLog(ours, into);
      return length < 0 ? undefined : { length, pid: pidOf(firstRecord) };
    },

    /** Prepares the start of a handler; after this only spawn() is needed for a connection. */
    compileRecipe: (request: RecipeRequest): Recipe => addon.compileRecipe(planRecipe(request)),
    /** Another recipe, the same but for variables: `NAME=old`, `NAME=new` and so on. Some fifty times cheaper than compiling. */
    replaceVariables: (recipe: Recipe, pairs: readonly string[]): Recipe =>
      addon.replaceVariables(recipe, pairs),

    /**
     * Starts a handler and returns its pid at once, before the exec; how that went is part of its Ended. With `give`
     * the descriptor belongs to the engine from here on (not when this throws: EAGAIN, ENOMEM, EMFILE).
     */
    spawn: (
      recipe: Recipe,
      handed: Descriptor,
      record: ConnectionRecord | undefined,
      how: 'give' | 'keep',
    ): number => demand('start a process', addon.spawnRecipe(recipe, handed, record ?? null, how === 'keep')),

    /** Whether a child is its program by now; false too where it could not become that and has not been reaped yet. */
    hasExecuted: (pid: number): boolean => addon.hasExecuted(pid),

    /** Sends a signal to a handler's session, or to itself where it has none; false when it is gone. */
    kill: (pid: number, signal: NodeJS.Signals | number): boolean => {
      try {
        process.kill(-pid, signal);
        return true;
      } catch {
        // the group does not exist between clone and setsid
        return killOne(pid, signal);
      }
    },

    /** The engine no longer keeps the process alive; nothing may be called afterwards. */
    shutDown: (): void => addon.stop(),

    /** Gives memory back to the kernel that an idle server does not need; a few milliseconds. */
    trimMemory: (): number => addon.trimMemory(),
  };
};

const killOne = (pid: number, signal: NodeJS.Signals | number): boolean => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
};

const orNothing = (result: number): number | undefined => {
  if (result >= 0) return result;
  return result === -constants.errno.EAGAIN || result === -constants.errno.EINTR ? undefined : -1;
};
