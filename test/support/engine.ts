// One engine for a test process, with ends of children that can be awaited and connections to hand over.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { InternetAddress, UnixAddress } from '../../src/model/address.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { plainRecipe, type RecipeRequest } from '../../src/model/recipe.ts';
import { type Accepted, type Ended, type Kernel, openKernel, type Recipe } from '../../src/native/kernel.ts';

export type Engine = {
  readonly kernel: Kernel;
  /** The end of this child, whether it has come already or not. */
  readonly ended: (pid: number) => Promise<Ended>;
  /** How many children are known to have ended. */
  readonly endedCount: () => number;
};

/** Under valgrind the child cannot share memory; the run as a whole says so. */
const copiesMemory = process.env['ACCEPTD_TEST_COPIES_MEMORY'] === '1';

/** Opens the kernel; the process can end by itself when all tests (tap's own `t`) have ended. */
export const openEngine = (tests: { readonly teardown: (end: () => void) => unknown }): Engine => {
  const waiting = new Map<number, (ended: Ended) => void>();
  const early = new Map<number, Ended>();
  let count = 0;
  const onEnded = (ended: Ended): void => {
    count++;
    const tell = waiting.get(ended.pid);
    if (tell === undefined) early.set(ended.pid, ended);
    else tell(ended);
    waiting.delete(ended.pid);
  };
  const kernel = openKernel({ onEnded, copiesMemory });
  tests.teardown(() => kernel.shutDown());
  const ended = (pid: number): Promise<Ended> => {
    const known = early.get(pid);
    early.delete(pid);
    return known === undefined ? new Promise((resolve) => waiting.set(pid, resolve)) : Promise.resolve(known);
  };
  return { kernel, ended, endedCount: () => count };
};

const plain = { ...plainRecipe, arguments: ['handler'], layout: ['handed', 'handed', 'handed'] as const };

/** A recipe in which only what matters to the test is said. */
export const recipeOf = (
  kernel: Kernel,
  file: string,
  rest: Partial<Omit<RecipeRequest, 'file'>> = {},
): Recipe => kernel.compileRecipe({ ...plain, file, ...rest });

export const loopback = (version: 4 | 6, socketType: 'stream' | 'dgram' = 'stream'): InternetAddress => ({
  kind: 'internet',
  socketType,
  version,
  host: version === 4 ? '127.0.0.1' : '::1',
  port: 0,
  takesMapped: false,
  isOptional: false,
});

export const unixAt = (
  path: string,
  socketType: 'stream' | 'dgram' | 'seqpacket' = 'stream',
): UnixAddress => ({
  kind: 'unix',
  socketType,
  path,
  ownerId: undefined,
  groupId: undefined,
  mode: 0o600,
});

/** A listener that accepts without waiting, as the runtime has them. */
export const listenAt = (kernel: Kernel, address: InternetAddress | UnixAddress): Descriptor => {
  const family = address.kind === 'unix' ? 'unix' : address.version;
  const listener = kernel.openSocket(family, address.socketType);
  if (address.kind === 'unix') kernel.bindUnix(listener, address);
  else kernel.bindInternet(listener, address);
  kernel.setBlocking(listener, false);
  kernel.listen(listener, 512);
  return listener;
};

/** Resolves when the descriptor is readable, and watches it no longer. */
export const readable = (kernel: Kernel, descriptor: Descriptor): Promise<boolean> =>
  new Promise((resolve) =>
    kernel.watch(descriptor, (isHangup) => {
      kernel.unwatch(descriptor);
      resolve(isHangup);
    }),
  );

/** A client and its accepted end. */
export const connectTo = async (
  kernel: Kernel,
  listener: Descriptor,
  options: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<{ readonly client: Socket; readonly accepted: Accepted }> => {
  const client = connect(options);
  client.on('error', () => undefined);
  await once(client, 'connect');
  for (;;) {
    const [accepted] = kernel.accept(listener, 1);
    if (accepted !== undefined) return { client, accepted };
    await readable(kernel, listener);
  }
};

/** All that the other side writes until it closes. */
export const readAll = async (client: Socket): Promise<string> => {
  let text = '';
  client.setEncoding('utf8');
  client.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(client, 'close');
  return text;
};

/** Starts the handler for a new client; its output and how it ended. */
export const serve = async (
  { kernel, ended }: Engine,
  listener: Descriptor,
  recipe: Recipe,
  options: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<{ readonly pid: number; readonly text: string; readonly ended: Ended }> => {
  const { client, accepted } = await connectTo(kernel, listener, options);
  const output = readAll(client);
  const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give');
  const [text, end] = await Promise.all([output, ended(pid)]);
  return { pid, text, ended: end };
};

/** High descriptors, as many listeners make them: from here on handlers start in the shared table. */
export const openManyListeners = (kernel: Kernel, count = 400): readonly Descriptor[] =>
  Array.from({ length: count }, () => kernel.raise(kernel.openSocket(4, 'stream')));
