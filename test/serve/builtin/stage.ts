// A stage for built-ins: real sockets on 127.0.0.1, a clock that the test moves, and what observers would hear.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import type { Descriptor } from '../../../src/model/descriptor.ts';
import type { Event } from '../../../src/model/event.ts';
import type { BuiltinName, ResolvedService } from '../../../src/model/service.ts';
import { type Kernel, openKernel } from '../../../src/native/kernel.ts';
import { createDatagramBuiltins } from '../../../src/serve/builtin/datagram.ts';
import { startStreamBuiltin } from '../../../src/serve/builtin/stream.ts';
import type { MuxMember, Prepared, Start, Started, Surface } from '../../../src/serve/surface.ts';
import { createTestClock, type TestClock } from '../../support/clock.ts';
import { resolved } from '../../support/services.ts';

let opened: Kernel | undefined;

/** One for each process, which ends with its tests. */
const kernelOfTest = (): Kernel => {
  if (opened === undefined) {
    const kernel = openKernel({ onEnded: () => undefined });
    t.teardown(() => kernel.shutDown());
    opened = kernel;
  }
  return opened;
};

/** A service that is nothing but a built-in with a name. */
export const builtinService = (builtin: BuiltinName, id: string = builtin): ResolvedService =>
  resolved(id, [], { answer: { kind: 'builtin', builtin, format: undefined } });

const preparedOf = (service: ResolvedService): Prepared => ({ service, recipe: undefined });

export const memberOf = (name: string, saysGo: boolean): MuxMember => ({
  name,
  saysGo,
  prepared: preparedOf(builtinService('echo', `tcpmux/${name}`)),
});

export type Stage = {
  readonly kernel: Kernel;
  readonly clock: TestClock;
  readonly events: Event[];
  readonly surface: Surface;
};

export type StageOptions = Partial<
  Pick<
    Surface,
    'muxMembers' | 'internalDatagramPorts' | 'enterMember' | 'mayAnswer' | 'backends' | 'enterWait'
  >
> & {
  readonly isWanted?: (kind: Event['kind']) => boolean;
};

/** Built-ins have no server behind them. */
const noBackends: Surface['backends'] = {
  demand: () => {
    throw new Error('no server is behind a built-in');
  },
  hold: () => () => undefined,
};

/** What a built-in may use, with everything that it tells written down. */
export const createStage = (options: StageOptions = {}): Stage => {
  const kernel = kernelOfTest();
  const clock = createTestClock(1_000, new Date(2026, 10, 1, 4, 5, 6));
  const events: Event[] = [];
  const surface: Surface = {
    kernel,
    clock,
    observer: { observe: (event) => void events.push(event), isWanted: options.isWanted ?? (() => true) },
    muxMembers: options.muxMembers ?? (() => []),
    enterMember: options.enterMember ?? ((_, client, { onRefused }) => onRefused(client)),
    mayAnswer: options.mayAnswer ?? (() => true),
    internalDatagramPorts: options.internalDatagramPorts ?? (() => new Set()),
    backends: options.backends ?? noBackends,
    enterWait: options.enterWait ?? (() => () => true),
  };
  return { kernel, clock, events, surface };
};

const openListener = (
  kernel: Kernel,
  socketType: 'stream' | 'dgram',
): { readonly listener: Descriptor; readonly port: number } => {
  const listener = kernel.openSocket(4, socketType);
  if (socketType === 'dgram') kernel.setOption(listener, 'IP_PKTINFO', 1);
  const host = socketType === 'stream' ? '127.0.0.1' : '0.0.0.0';
  const rest = { port: 0, takesMapped: false, isOptional: false } as const;
  kernel.bindInternet(listener, { kind: 'internet', socketType, version: 4, host, ...rest });
  return { listener, port: kernel.portOf(listener) };
};

export type StreamService = {
  readonly port: number;
  readonly started: readonly Started[];
  /** Resolves when this many have ended; fails the process when more have. */
  readonly whenEnded: (count: number) => Promise<void>;
};

/** What a stage needs of a test. */
type Teardown = { readonly teardown: (call: () => void) => unknown };

/** Serves a stream built-in to whoever connects, until the test ends; until `isReady` they wait in the queue. */
export const serveStream = (
  t: Teardown,
  stage: Stage,
  builtin: BuiltinName,
  isReady: Promise<void> = Promise.resolve(),
): StreamService => serveEach(t, stage, startStreamBuiltin, builtinService(builtin), isReady);

/** The same with any starter of an answer of our own. */
export const serveEach = (
  t: Teardown,
  stage: Stage,
  start: Start,
  service: ResolvedService,
  isReady: Promise<void> = Promise.resolve(),
): StreamService => {
  const { kernel, surface } = stage;
  const { listener, port } = openListener(kernel, 'stream');
  kernel.setBlocking(listener, false);
  kernel.listen(listener, 128);
  const prepared = preparedOf(service);
  const started: Started[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let ended = 0;
  const onReady = (): void => {
    for (const client of kernel.accept(listener, 16)) {
      let hasEnded = false;
      let isStarted = false;
      const onEnded = (): void => {
        if (hasEnded || !isStarted) throw new Error('an end was told twice, or before the start returned');
        hasEnded = true;
        ended++;
        for (const { count, resolve } of waiting) if (ended >= count) resolve();
      };
      started.push(start(surface, prepared, client, onEnded));
      isStarted = true;
    }
  };
  void isReady.then(() => kernel.watch(listener, onReady));
  t.teardown(() => {
    for (const each of started) if (each.kind === 'builtin') each.stop();
    kernel.close(listener);
  });
  const whenEnded = (count: number): Promise<void> =>
    new Promise((resolve) => {
      if (ended >= count) resolve();
      else waiting.push({ count, resolve });
    });
  return { port, started, whenEnded };
};

/** Serves a datagram built-in on all addresses. */
export const serveDatagrams = (
  t: Teardown,
  stage: Stage,
  builtin: BuiltinName,
): { readonly port: number } => {
  const { kernel, surface } = stage;
  const { listener, port } = openListener(kernel, 'dgram');
  const prepared = preparedOf(builtinService(builtin));
  const serve = createDatagramBuiltins();
  kernel.watch(listener, () => serve(surface, prepared, listener));
  t.teardown(() => kernel.close(listener));
  return { port };
};

/** A client's socket, connected. */
export const open = async (port: number): Promise<Socket> => {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
};

/** All that comes until the end of the connection. */
export const readAll = async (socket: Socket): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** What a service says to a client that says this, and then nothing more. */
export const ask = async (port: number, question: string | Buffer): Promise<Buffer> => {
  const socket = await open(port);
  socket.end(question);
  return readAll(socket);
};
