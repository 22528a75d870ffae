// One service's trouble is not another's: an exec that is held up, and descriptors of others.
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { readReport } from '../support/report.ts';
import { me, readToEnd } from './scene.ts';

const handlers = compileHandlers('hold', 'report');
const slow = join(handlers, 'slow');
copyFileSync(join(handlers, 'report'), slow);

type Holder = { readonly child: ChildProcess; readonly next: () => Promise<string> };

/** Holds up every execution of `slow` until a byte is written to it. */
const openHolder = async (): Promise<Holder> => {
  const child = spawn(join(handlers, 'hold'), [slow], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async () => String((await lines.next()).value) };
};

const holder = await openHolder();
const state = await holder.next();
t.teardown(() => {
  holder.child.stdin?.end();
});

t.test(
  'a handler whose exec is held up does not delay another service',
  { skip: state !== 'ready' && `executions cannot be held up here: ${state}` },
  async (t) => {
    const [port, other] = await freePorts(2);
    const acceptd = await startAcceptd(t, {
      config:
        `127.0.0.1:${port} stream tcp nowait ${me} ${slow} slow\n` +
        `127.0.0.1:${other} stream tcp nowait ${me} /bin/echo echo there\n`,
    });
    const waiting = await Promise.all(Array.from({ length: 20 }, () => connect(port ?? 0)));
    for (const _ of waiting) t.match(await holder.next(), /^held/);
    // they are held until the end of all this: who waited for one of them would wait for ever
    for (let count = 0; count < 20; count++) t.equal(await exchange(other ?? 0, ''), 'there\n');
    // a reload and an end of a listener come through as well
    await acceptd.reload(`127.0.0.1:${port} stream tcp nowait ${me} ${slow} slow\n`);
    await t.rejects(connect(other ?? 0), { code: 'ECONNREFUSED' });
    const answers = Promise.all(waiting.map(readToEnd));
    holder.child.stdin?.write('.');
    for (const answer of await answers) t.ok(readReport(answer).one('pid'));
    t.equal(await acceptd.stop(), 0);
  },
);

/** Few listeners: children copy the table of descriptors. Many: they share it (native/spawn.hh). */
for (const many of [4, 250]) {
  t.test(
    `200 handlers at once find only their own descriptors, while ${many} listeners come and go`,
    async (t) => {
      const port = await freePort();
      const report = `127.0.0.1:${port} stream tcp nowait ${me} ${join(handlers, 'report')} report\n`;
      const others = (round: number): string =>
        Array.from(
          { length: many },
          (_, index) =>
            `@acceptd-${process.pid}-${many}-${round % 2}-${index} stream unix nowait ${me} internal echo\n`,
        ).join('');
      const acceptd = await startAcceptd(t, { config: report + others(0) });
      let isOver = false;
      const reload = async (): Promise<number> => {
        let rounds = 0;
        while (!isOver || rounds < 3) {
          rounds++;
          await acceptd.reload(report + others(rounds));
        }
        return rounds;
      };
      const reloads = reload();
      const answers = await Promise.all(
        Array.from({ length: 200 }, async () => readToEnd(await connect(port))),
      );
      isOver = true;
      t.ok((await reloads) >= 3);
      const found = new Set(
        answers.map((answer) =>
          readReport(answer)
            .all('descriptor')
            .map((line) => line.split(' ').slice(0, 3).join(' '))
            .sort()
            .join(', '),
        ),
      );
      t.strictSame(
        [...found],
        ['0 socket blocking, 1 socket blocking, 2 socket blocking, 3 socket blocking'],
      );
      const connections = answers.map((answer) =>
        readReport(answer)
          .all('descriptor')
          .map((line) => line.split(' ')[3]),
      );
      t.ok(
        connections.every(([zero, one, , three]) => zero === one && one === three),
        '0, 1 and 3 are the connection',
      );
      t.equal(new Set(connections.map(([zero]) => zero)).size, 200, 'each its own');
      t.equal(new Set(connections.map(([, , two]) => two)).size, 1, '2 is the log of the service');
      t.equal(await acceptd.stop(), 0);
    },
  );
}
