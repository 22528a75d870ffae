// A reload of very many services is made in pieces: whoever comes meanwhile is served, and all tables agree between them.
import { createConnection } from 'node:net';
import t from 'tap';
import type { Event } from '../../src/model/event.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import type { ResolvedService } from '../../src/model/service.ts';
import { exchange } from '../support/client.ts';
import { ask, daemonService, openSupervisor } from '../support/daemons.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { noLimits, resolved, tcp } from '../support/services.ts';

const many = 1000;
const { supervisor, events, until, directory } = openSupervisor(t);
const limit = supervisor.kernel.descriptorLimit.soft;
const skip = limit < 3 * many && `${limit} descriptors are too few`;

const hostOf = (index: number): string => `127.9.${index >> 8}.${index & 255}`;

const manyAt = (
  port: number,
  from: number,
  rest: (index: number) => Partial<ResolvedService> = () => ({}),
): readonly ResolvedService[] =>
  Array.from({ length: many }, (_, index) =>
    resolved(`many-${from + index}`, [tcp(hostOf(from + index), port)], rest(index)),
  );

/** Turns of the loop until a promise is settled, and what is wrong between them. */
const watchTurns = async <Result>(
  work: Promise<Result>,
): Promise<{ readonly turns: number; readonly findings: readonly string[]; readonly result: Result }> => {
  let turns = 0;
  let isOver = false;
  const findings = new Set<string>();
  const look = (): void => {
    if (isOver) return;
    turns += 1;
    // it reads thousands of files
    if (turns % 4 === 1) for (const finding of supervisor.checkConsistency()) findings.add(finding);
    setImmediate(look);
  };
  setImmediate(look);
  const result = await work.finally(() => {
    isOver = true;
  });
  return { turns, findings: [...findings], result };
};

const indexOf = (isMeant: (event: Event) => boolean, since: number): number =>
  events.findIndex((event, index) => index >= since && isMeant(event));

t.test('the loop turns while a thousand services come, change, move and go', { skip }, async (t) => {
  const [port = 0, other = 0] = await freePorts(2);
  const start = await watchTurns(supervisor.apply(manyAt(port, 0)));
  t.ok(start.turns > 3, `${start.turns} turns while all are opened`);
  t.equal(start.result?.opens.length, many);

  const same = await watchTurns(supervisor.apply(manyAt(port, 0)));
  t.equal(same.result?.kept, many);

  // whole-socket: its socket has to be changed too
  const changed = await watchTurns(
    supervisor.apply(
      manyAt(port, 0, (index) =>
        index % 3 === 0 ? { mode: 'whole-socket' } : { limits: { ...noLimits, instances: 7 } },
      ),
    ),
  );
  t.equal(changed.result?.changed.length, many);
  t.ok(changed.turns > 1, `${changed.turns} turns while all are changed`);

  // half of them are others at the same addresses, under the same names; the rest is replaced
  const half = many / 2;
  const moved = await watchTurns(supervisor.apply(manyAt(port, half)));
  t.strictSame(
    [moved.result?.kept, moved.result?.opens.length, moved.result?.closes.length],
    [half, half, half],
  );

  const renamed = await watchTurns(
    supervisor.apply(manyAt(port, half).map((service) => ({ ...service, id: `again-${service.id}` }))),
  );
  t.strictSame([renamed.result?.kept, renamed.result?.added.length], [many, many]);

  const replaced = await watchTurns(supervisor.apply(manyAt(other, 0)));
  t.ok(replaced.turns > 3, `${replaced.turns} turns while all are replaced`);
  t.strictSame([replaced.result?.opens.length, replaced.result?.closes.length], [many, many]);
  for (const { findings } of [start, same, changed, moved, renamed, replaced]) t.strictSame(findings, []);
  t.strictSame(supervisor.checkConsistency(), []);
  t.equal(supervisor.snapshot().length, many, 'nothing of the old ones is left');
});

t.test('a client that comes in the middle of it is served before it is done', { skip }, async (t) => {
  const [port = 0, kept = 0] = await freePorts(2);
  const keptOne = resolved('kept', [tcp('127.0.0.1', kept)]);
  await supervisor.apply([keptOne]);
  const since = events.length;
  const work = supervisor.apply([keptOne, ...manyAt(port, 0)]);
  t.equal(supervisor.isApplying(), true);
  t.match(supervisor.handover.unsettled(), 'is being applied', 'no other version takes over half of it');
  await until('listening', () => true, since);
  t.equal(await exchange(kept, 'hello'), 'hello');
  await work;
  t.equal(supervisor.isApplying(), false);
  t.equal(supervisor.handover.unsettled(), undefined);
  const started = indexOf((event) => event.kind === 'started' && event.service === 'kept', since);
  t.ok(
    started !== -1 && started < indexOf(({ kind }) => kind === 'applied', since),
    'it was started between the first socket and the last',
  );
});

t.test('a daemon that somebody calls in the middle of it gets all of its sockets', { skip }, async (t) => {
  const [port = 0, first = 0, second = 0] = await freePorts(3);
  await supervisor.apply([daemonService(directory, [tcp('127.0.0.1', first)], { id: 'both' })]);
  const since = events.length;
  const work = supervisor.apply([
    ...manyAt(port, 0),
    daemonService(directory, [tcp('127.0.0.1', first), tcp('127.0.0.1', second)], { id: 'both' }),
  ]);
  await until('listening', () => true, since);
  t.match(await ask(first, 'names'), /^2 /);
  await work;
  t.strictSame(supervisor.checkConsistency(), []);
});

t.test('two that are asked for at once are made one after the other', async (t) => {
  const [one = 0, two = 0] = await freePorts(2);
  const [, first, plan, second] = await Promise.all([
    supervisor.apply([]),
    supervisor.apply([resolved('one', [tcp('127.0.0.1', one)])]),
    supervisor.steering.plan([]),
    supervisor.apply([resolved('two', [tcp('127.0.0.1', two)])]),
  ]);
  t.match(first, { added: ['one'], removed: [] });
  t.match(
    plan,
    { added: [], removed: ['one'] },
    'what is asked about the next one is told of what is there then',
  );
  t.match(second, { added: ['two'], removed: ['one'] });
});

t.test('an end in the middle of it leaves nothing open', { skip }, async (t) => {
  const [old, port] = [await freePort(), await freePort()];
  await supervisor.apply([resolved('old', [tcp('127.0.0.1', old)])]);
  const since = events.length;
  const work = supervisor.apply(manyAt(port, 0));
  await until('listening', () => true, since);
  await supervisor.stop(milliseconds(0));
  t.equal(await work, undefined, 'it is not done');
  t.strictSame([supervisor.snapshot(), supervisor.checkConsistency()], [[], []]);
  const opened = events.slice(since).filter(({ kind }) => kind === 'listening').length;
  t.ok(opened < many, `${opened} of ${many} were opened`);
  for (const each of [old, port]) {
    const code = await new Promise((resolve) => {
      createConnection({ host: each === old ? '127.0.0.1' : hostOf(0), port: each })
        .on('error', (error) => resolve('code' in error && error.code))
        .on('connect', () => resolve('connected'));
    });
    t.equal(code, 'ECONNREFUSED');
  }
});
