// acceptd as the first process of a container: it reaps orphans, and every signal that is documented does what it says.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { searchPath } from '../support/command.ts';
import { container, withoutContainers } from '../support/container.ts';
import { mainModule } from '../support/manager.ts';
import { freePort } from '../support/ports.ts';
import { childrenOf, enter, readSome } from './scene.ts';

t.setTimeout(120_000);

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** The first process of the container, by its number here. */
const firstOf = ({ pid }: Acceptd): number => Number(childrenOf(pid)[0]);

const stateOf = (pid: string): string =>
  /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

const serve = (t: Test, config: string, more: readonly string[]): Promise<Acceptd> =>
  startAcceptd(t, { config, under: container, arguments: ['--drain', '5', ...more] });

for (const [name, more] of [
  ['acceptd', []],
  ['a guarded acceptd', ['--guard']],
] as const) {
  t.test(`${name} as pid 1 reaps, reloads, tells and stops`, withoutContainers, async (t) => {
    const port = await freePort();
    const other = await freePort();
    const config = [
      `127.0.0.1:${port} stream tcp nowait root /bin/cat cat`,
      `127.0.0.1:${other} stream tcp nowait root /bin/sh sh -c "(sleep 0.05 </dev/null >/dev/null 2>&1 &); echo left"`,
      '',
    ].join('\n');
    const acceptd = await serve(t, config, more);
    const first = firstOf(acceptd);
    t.match(readFileSync(`/proc/${first}/status`, 'utf8'), /^NSpid:\s+\d+\s+1$/m);
    for (let count = 0; count < 5; count++) t.equal(await exchange(other, ''), 'left\n');
    const expected = more.length;
    await until(() => childrenOf(first).length === expected);
    t.strictSame(
      childrenOf(first).filter((pid) => stateOf(pid) === 'Z'),
      [],
      'no zombie stays',
    );

    const tell = (signal: NodeJS.Signals): void => {
      process.kill(first, signal);
    };
    const from = acceptd.records.length;
    tell('SIGUSR1');
    await acceptd.waitFor(({ event }) => event === 'state', 'the state', from);
    tell('SIGABRT');
    await acceptd.waitFor(({ event }) => event === 'consistency', 'the check', from);
    tell('SIGALRM');
    tell('SIGHUP');
    await acceptd.waitFor(({ event }) => event === 'applied', 'the reload', from);
    const client = await enter(port);
    tell('SIGTERM');
    await acceptd.waitFor(({ event }) => event === 'draining', 'the drain');
    client.write('served to the end');
    t.equal(await readSome(client), 'served to the end');
    client.end();
    t.equal(await acceptd.ended(), 0);
  });

  t.test(
    `${name} as pid 1 leaves at INT and QUIT, and tells why it cannot start`,
    withoutContainers,
    async (t) => {
      const port = await freePort();
      const config = `127.0.0.1:${port} stream tcp nowait root /bin/cat cat\n`;
      for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
        const acceptd = await serve(t, config, more);
        process.kill(firstOf(acceptd), signal);
        t.equal(await acceptd.ended(), 0, signal);
      }
      const [command = '', ...rest] = container;
      const { status } = spawnSync(
        command,
        [...rest, process.execPath, mainModule, 'run', '-f', '/nonexistent/acceptd.conf', ...more],
        { env: { PATH: searchPath }, timeout: 30_000 },
      );
      t.equal(status, 78);
    },
  );
}

t.test('a guard as pid 1 starts acceptd again', withoutContainers, async (t) => {
  const port = await freePort();
  const config = `127.0.0.1:${port} stream tcp nowait root /bin/echo echo here\n`;
  const acceptd = await serve(t, config, ['--guard']);
  const guard = firstOf(acceptd);
  const own = Number(childrenOf(guard)[0]);
  process.kill(own, 'SIGKILL');
  t.equal(await exchange(port, '', { timeout: 60_000 }), 'here\n');
  t.notOk(existsSync(`/proc/${own}`));
  process.kill(guard, 'SIGTERM');
  t.equal(await acceptd.ended(), 0);
});
