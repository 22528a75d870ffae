// TERM and INT: what ends at once, what has time, and what is left behind.
import { join } from 'node:path';
import t from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { enter, leave, me, readSome, readToEnd, timeOf } from './scene.ts';

const answerOne = join(compileHandlers('answer-one'), 'answer-one');
/** Less than any wait of a stop. */
const quickly = 1_500;
/** A grace that is longer than the patience of this test. */
const unhurried = ['--drain', '600'];

/** Milliseconds from the last thing that a stop had to wait for to its end, by acceptd's own clock. */
const timeToStop = ({ records }: Acceptd, awaited: string): number => {
  const last = records.findLast(({ event }) => event === awaited);
  const stopped = records.findLast(({ event }) => event === 'stopped');
  return last === undefined || stopped === undefined ? Number.NaN : timeOf(stopped) - timeOf(last);
};

const cat = (port: number): string => `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal}: nobody new comes in, who is there may finish`, async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, { config: cat(port) });
    const client = await enter(port);
    acceptd.signal(signal);
    const { fields } = await acceptd.waitFor(({ event }) => event === 'draining', 'the begin of the end');
    t.strictSame([fields['instances'], fields['grace']], [1, 10_000]);
    await t.rejects(connect(port), { code: 'ECONNREFUSED' });
    client.write('last words');
    t.equal(await readSome(client), 'last words');
    await leave(client);
    t.equal(await acceptd.ended(), 0);
    t.notOk(acceptd.records.some(({ event }) => event === 'terminating'));
  });
}

t.test('after the grace TERM, after that KILL, and exit status 0', async (t) => {
  const [port, deaf] = [await freePort(), await freePort()];
  const config = `${cat(port)}127.0.0.1:${deaf} stream tcp nowait ${me} /bin/sh sh -c 'trap "" TERM; echo ready; exec cat'\n`;
  const acceptd = await startAcceptd(t, { config, arguments: ['--drain', '0'] });
  const client = await enter(port);
  const other = await connect(deaf);
  t.equal(await readSome(other), 'ready\n');
  const [end, otherEnd] = [readToEnd(client), readToEnd(other)];
  t.equal(await acceptd.stop(), 0);
  await Promise.all([end, otherEnd]);
  const ends = acceptd.records
    .filter(({ event }) => event === 'exited')
    .map(({ fields }) => fields['status']);
  t.match(ends, [
    { kind: 'signal', signal: 15 },
    { kind: 'signal', signal: 9 },
  ]);
  t.strictSame(
    acceptd.records
      .filter(({ event }) => event === 'terminating')
      .map(({ fields }) => [fields['signal'], fields['instances']]),
    [
      ['TERM', 2],
      ['KILL', 1],
    ],
  );
});

t.test('a second TERM does not wait for the grace', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, { config: cat(port), arguments: unhurried });
  const client = await enter(port);
  const end = readToEnd(client);
  acceptd.signal('SIGTERM');
  await acceptd.waitFor(({ event }) => event === 'draining', 'the begin of the end');
  t.equal(await acceptd.stop(), 0);
  t.ok(timeToStop(acceptd, 'exited') < quickly);
  await end;
});

t.test('without instances it ends at once, whatever has happened just before', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, { config: cat(port), arguments: unhurried });
  await leave(await enter(port));
  t.equal(await acceptd.stop(), 0);
  t.ok(timeToStop(acceptd, 'draining') < quickly, 'no timer keeps it');
});

t.test('the server of a whole socket has its time, and its port is free afterwards', async (t) => {
  const port = await freePort();
  const config = `127.0.0.1:${port} stream tcp wait ${me} ${answerOne} answer-one 300\n`;
  const acceptd = await startAcceptd(t, { config });
  const client = await connect(port);
  await acceptd.waitFor(({ event }) => event === 'started', 'the server');
  acceptd.signal('SIGTERM');
  t.equal(await readToEnd(client), 'blocking\n');
  t.equal(await acceptd.ended(), 0);
  await t.rejects(connect(port), { code: 'ECONNREFUSED' });
});

t.test('built-in conversations have their time too', async (t) => {
  const port = await freePort();
  const config = `127.0.0.1:${port} stream tcp nowait ${me} internal echo\n`;
  const acceptd = await startAcceptd(t, { config, arguments: unhurried });
  const [first, second] = [await enter(port), await enter(port)];
  acceptd.signal('SIGTERM');
  const { fields } = await acceptd.waitFor(({ event }) => event === 'draining', 'the begin of the end');
  t.equal(fields['instances'], 2);
  first.write('still answered');
  t.equal(await readSome(first), 'still answered');
  await leave(first);
  await leave(second);
  t.equal(await acceptd.ended(), 0);
  t.ok(timeToStop(acceptd, 'builtin-ended') < quickly, 'with the last of them it ends');
});

t.test('what a handler writes at its very end is in the log', async (t) => {
  const port = await freePort();
  const config = `127.0.0.1:${port} stream tcp nowait ${me} /bin/sh sh -c 'cat; for i in 1 2 3 4 5; do head -c 4000 /dev/zero | tr "\\\\0" $i >&2; echo >&2; done; printf without-newline >&2'\n`;
  const acceptd = await startAcceptd(t, { config });
  const client = await enter(port);
  acceptd.signal('SIGTERM');
  await acceptd.waitFor(({ event }) => event === 'draining', 'the begin of the end');
  client.end();
  t.equal(await acceptd.ended(), 0);
  const said = acceptd.records
    .filter(({ event }) => event === 'handler-said')
    .map(({ fields }) => String(fields['msg']));
  t.strictSame(
    said.map((line) => line.slice(0, 1) + line.length),
    ['14000', '24000', '34000', '44000', '54000', 'w15'],
  );
});
