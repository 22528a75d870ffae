// A real daemon that binds its own sockets, started by adoption when its first client is there already.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { ListenAddress } from '../../src/model/address.ts';
import type { RecipeRequest } from '../../src/model/recipe.ts';
import type { ResolvedService } from '../../src/model/service.ts';
import { type Adopted, openAdoptionStage } from '../support/adoption.ts';
import { type Engine, readable } from '../support/engine.ts';

/** Sends the question and resolves with all that came until it matched, or until the end. */
export const ask = async (to: NetConnectOpts, question: string, wanted: RegExp): Promise<string> => {
  const socket = connect(to);
  socket.setEncoding('utf8');
  socket.write(question);
  let text = '';
  socket.on('data', (part: string) => {
    text += part;
    if (wanted.test(text)) socket.destroy();
  });
  socket.on('error', (error) => {
    text += `${error.message}\n`;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
};

export type Scene = {
  /** Starts the daemon when somebody waits at the first of its listeners. */
  readonly startAtFirstClient: () => Promise<Adopted>;
  /** Ends it, and what it says until then. */
  readonly stop: (adopted: Adopted, signal?: NodeJS.Signals) => Promise<string>;
  readonly addresses: (adopted: Adopted) => readonly ListenAddress[];
};

export const makeDirectory = (t: Test): string => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-adopted-'));
  chmodSync(directory, 0o755);
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

export const openScene = (
  t: Test,
  engine: Engine,
  addresses: readonly ListenAddress[],
  command: readonly [file: string, ...args: string[]],
  how: {
    readonly service?: Partial<ResolvedService>;
    readonly recipe?: Partial<Omit<RecipeRequest, 'file' | 'arguments'>>;
  } = {},
): Scene => {
  const stage = openAdoptionStage(engine, addresses, how.service);
  const running = new Set<Adopted>();
  const [file, ...args] = command;
  const stop: Scene['stop'] = async (adopted, signal = 'SIGTERM') => {
    running.delete(adopted);
    process.kill(adopted.pid, signal);
    const { failure } = await adopted.ended;
    adopted.end();
    t.equal(failure, undefined);
    return adopted.output;
  };
  t.teardown(async () => {
    for (const adopted of running) await stop(adopted, 'SIGKILL');
    stage.close();
  });
  return {
    startAtFirstClient: async () => {
      const [first] = stage.listeners;
      if (first === undefined) throw new Error('there is no listener');
      await readable(engine.kernel, first.descriptor);
      const adopted = stage.start(file, args, how.recipe);
      running.add(adopted);
      return adopted;
    },
    stop,
    addresses: ({ events }) => events.flatMap((event) => (event.kind === 'adopted' ? [event.address] : [])),
  };
};
