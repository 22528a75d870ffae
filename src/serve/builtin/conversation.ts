// What the built-ins that talk for a while share: a stream over the client's descriptor, a limit of silence, one end.
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { type Milliseconds, seconds } from '../../model/quantity.ts';
import type { Accepted } from '../../native/kernel.ts';
import type { Prepared, SavedTalk, Started, Surface, Talk } from '../surface.ts';
import { watchIdleness } from './idleness.ts';
import { type Outcome, reportBuiltin } from './report.ts';

/** How long echo, discard and chargen put up with a silent client. */
export const usualIdleLimit = seconds(300);

export type Manner = {
  readonly idleLimit: Milliseconds;
  /** `ignored`: what the client sends is read and dropped, for all clients in one place. */
  readonly input: 'stream' | 'ignored';
  /** Where the client can only end it by going away: then that is no error. */
  readonly endsByReset: boolean;
};

/** How one kind of conversation is handed over: by all of them what the client has sent stays in the kernel meanwhile. */
export type Manners = {
  readonly resume?: (socket: Socket) => void;
  /** Read and not answered, because the rest of it has not come. */
  readonly pending?: () => string;
};

export type Conversation = {
  readonly socket: Socket;
  /** The client has shown that it is there. */
  readonly touch: () => void;
  readonly started: Started;
  /** Nothing more is said until it goes on. */
  readonly isPaused: () => boolean;
};

const nowhere = new Uint8Array(65536);

/** Takes the connection; `onEnded` is called once, after its close. */
export const openConversation = (
  surface: Surface,
  prepared: Prepared,
  client: Accepted,
  onEnded: () => void,
  manner: Manner,
  saved: SavedTalk | undefined,
  manners: Manners = {},
): Conversation => {
  const startedAt = saved?.startedAt ?? surface.clock.now();
  const report = reportBuiltin(surface, prepared, client.record, saved?.startedAt);
  let isPaused = false;
  let outcome: Outcome = 'ended';
  const idleness = watchIdleness(surface.clock, manner.idleLimit, () => {
    outcome = 'timeout';
    socket.destroy();
  });
  // it may stay for hours, and what stands low makes each start of a handler dearer (native/spawn.hh)
  const descriptor = surface.kernel.tryRaise(client.descriptor);
  const options: SocketConstructorOpts & ConnectOpts = {
    fd: descriptor,
    allowHalfOpen: true,
    readable: true,
    writable: true,
  };
  if (manner.input === 'ignored') {
    const callback = (): boolean => {
      idleness.touch();
      return true;
    };
    options.onread = { buffer: nowhere, callback };
  }
  const socket = new Socket(options);
  socket.on('error', () => {
    if (!manner.endsByReset) outcome = 'error';
  });
  socket.on('close', () => {
    idleness.cancel();
    report(outcome);
    onEnded();
  });
  const stop = (): void => {
    socket.destroy();
  };
  const talk: Talk = {
    service: prepared.service,
    pause: () => {
      isPaused = true;
      socket.pause();
    },
    isSettled: () => {
      // what was read before the pause is answered all the same, and once: a read tells who listens what it takes
      if (manner.input === 'stream') socket.read();
      return !socket.destroyed && socket.writableLength === 0 && !socket.writableEnded;
    },
    resume: () => {
      isPaused = false;
      manners.resume?.(socket);
      socket.resume();
    },
    save: () =>
      socket.destroyed
        ? undefined
        : {
            startedAt,
            client: { descriptor, record: client.record },
            rest: { kind: 'talk', pending: manners.pending?.() ?? '' },
          },
  };
  return {
    socket,
    touch: idleness.touch,
    started: { kind: 'builtin', stop, talk },
    isPaused: () => isPaused,
  };
};
