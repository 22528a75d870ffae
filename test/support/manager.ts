// A small service manager: it has sockets, starts acceptd with them, hears what it tells, and keeps what it leaves.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { parseNotify } from '../../src/model/notify-message.ts';
import { openNotify, receiveNotify } from '../../src/native/notify.ts';
import { searchPath } from './command.ts';
import { type Engine, recipeOf } from './engine.ts';
import { childEnvironment } from './environment.ts';

export const mainModule = fileURLToPath(new URL('../../acceptd/main.js', import.meta.url));
const deadline = 60_000;

export type Named = { readonly name: string; readonly descriptor: Descriptor };

export type Started = {
  readonly pid: number;
  /** The end of acceptd itself: its status as wait4(2) gives it. */
  readonly ended: () => Promise<number>;
  readonly output: () => string;
};

export type Manager = {
  readonly directory: string;
  /** `watchdog` in microseconds. `count`: what LISTEN_FDS says, where that is not how many there are. */
  readonly start: (
    words: readonly string[],
    sockets: readonly Named[],
    more?: Readonly<Record<string, string>>,
  ) => Started;
  /** The first message that was not taken yet and matches; `what` is for the error after a minute. */
  readonly next: (fits: RegExp) => Promise<string>;
  /** What is kept for the next start, by name. */
  readonly stored: ReadonlyMap<string, Descriptor>;
};

/** `config` is written to `acceptd.conf` in the manager's directory; later with writeFileSync. */
export const createManager = (t: Test, { kernel, ended }: Engine, config: string): Manager => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
  writeFileSync(join(directory, 'acceptd.conf'), config);
  const { descriptor: socket, address } = openNotify(kernel);
  const running = new Set<number>();
  const messages: string[] = [];
  const stored = new Map<string, Descriptor>();
  let onMessage = (): void => undefined;

  const store = (text: string, descriptors: readonly Descriptor[]): void => {
    const { store: wish } = parseNotify(text);
    const [descriptor] = descriptors;
    const name = wish?.name ?? 'stored';
    if (wish?.kind === 'add' && descriptor !== undefined) stored.set(name, descriptor);
    if (wish?.kind !== 'remove') return;
    const gone = stored.get(name);
    stored.delete(name);
    if (gone !== undefined) kernel.close(gone);
  };

  kernel.watch(socket, () => {
    const receipt = receiveNotify(socket);
    if (receipt === undefined) return;
    store(receipt.text, receipt.descriptors);
    messages.push(receipt.text);
    onMessage();
  });

  t.teardown(async () => {
    for (const pid of running) {
      process.kill(pid, 'SIGKILL');
      await ended(pid);
    }
    kernel.close(socket);
    for (const descriptor of stored.values()) kernel.close(descriptor);
    rmSync(directory, { recursive: true, force: true });
  });

  let starts = 0;
  const start: Manager['start'] = (words, sockets, more = {}) => {
    const log = join(directory, `log${starts++}`);
    const environment = {
      PATH: searchPath,
      ACCEPTD_CONTROL: '',
      ...childEnvironment(),
      NOTIFY_SOCKET: address,
      ...(sockets.length === 0
        ? {}
        : {
            LISTEN_FDS: String(sockets.length),
            LISTEN_FDNAMES: sockets.map(({ name }) => name).join(':'),
          }),
      ...more,
    };
    const recipe = recipeOf(kernel, process.execPath, {
      arguments: ['node', mainModule, ...words],
      environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      pidVariables: sockets.length === 0 ? ['WATCHDOG_PID'] : ['LISTEN_PID', 'WATCHDOG_PID'],
      hasPidfdVariable: sockets.length > 0,
      layout: ['null', 'null', { path: log, how: 'append' }, ...sockets.map(({ descriptor }) => descriptor)],
    });
    const pid = kernel.spawn(recipe, kernel.standardError, undefined, 'keep');
    running.add(pid);
    const end = ended(pid).then(({ status }) => {
      running.delete(pid);
      onMessage();
      return status;
    });
    return { pid, ended: () => end, output: () => readFileSync(log, 'utf8') };
  };

  const next = (fits: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no message fits ${fits}; there are:\n${messages.join('\n---\n')}`)),
        deadline,
      );
      const look = (): void => {
        const index = messages.findIndex((text) => fits.test(text));
        if (index === -1) return;
        clearTimeout(timer);
        // what comes before somebody waits again is for him
        onMessage = () => undefined;
        resolve(messages.splice(index, 1)[0] ?? '');
      };
      onMessage = look;
      look();
    });

  return { directory, start, next, stored };
};
