// What the tests of container uses have in common: a load of real clients, and a server that is left as it was found.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { childrenOf } from '../conformance/stage.ts';
import type { Acceptd } from '../support/acceptd.ts';
import { becomes } from '../support/becomes.ts';
import { mustRun } from '../support/command.ts';
import { childEnvironment } from '../support/environment.ts';

const main = fileURLToPath(new URL('../../acceptd/main.js', import.meta.url));

export type Load = {
  readonly port: number;
  readonly clients: number;
  readonly count: number;
  /** What every client says, and what every answer begins with; escapes as `acceptd bench` has them. */
  readonly send: string;
  readonly expect: string;
};

/** The load looks first, with one connection more, whether anybody answers. */
export const looks = 1;

/** Connections that got the expected answer, and those that did not, of a load by `acceptd bench`. */
export const putUnderLoad = async ({
  port,
  clients,
  count,
  send,
  expect,
}: Load): Promise<{ readonly served: number; readonly failed: number }> => {
  const words = [
    ...[main, 'bench', `127.0.0.1:${port}`, '--clients', `${clients}`, '--count', `${count}`],
    ...['--send', send, '--expect', expect, '--no-floor', '--warmup', '0', '--timeout', '20', '--json', '-'],
  ];
  const text = await mustRun(process.execPath, words, { timeout: 60_000, environment: childEnvironment() });
  const { connections, errors }: { connections: number; errors: Readonly<Record<string, number>> } =
    JSON.parse(text);
  return { served: connections, failed: Object.values(errors).reduce((sum, each) => sum + each, 0) };
};

export const descriptorsOf = (acceptd: Acceptd): number => readdirSync(`/proc/${acceptd.pid}/fd`).length;

const countOf = (acceptd: Acceptd, event: string): number =>
  acceptd.records.filter((record) => record.event === event).length;

/** Resolves when all that was started has ended; then nothing of it may be left. */
export const checkNothingIsLeft = async (t: Test, acceptd: Acceptd, descriptors: number): Promise<void> => {
  await acceptd.waitFor(
    () => countOf(acceptd, 'started') === countOf(acceptd, 'exited'),
    'the end of every instance',
  );
  // the records of the last ones may not have come yet
  await becomes(() => childrenOf(acceptd.pid).length === 0);
  t.same(childrenOf(acceptd.pid), [], 'no child is left, a zombie neither');
  // the first count may have seen a file that was being read
  await becomes(() => descriptorsOf(acceptd) <= descriptors);
  const left = descriptorsOf(acceptd);
  t.ok(left <= descriptors, 'no descriptor is left', { left, descriptors });
};
