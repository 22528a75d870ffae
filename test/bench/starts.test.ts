import { test } from 'tap';
import { summaryOf } from '../../bench/peers/sample.ts';
import { execsOf, startsOf } from '../../bench/peers/starts.ts';
import { measurement, samplesOf } from './sample-rounds.ts';

const fork = (pid: number, parent: number, moment: number) =>
  ({ kind: 'fork', pid, parent, moment }) as const;
const exec = (pid: number, moment: number) => ({ kind: 'exec', pid, parent: 0, moment }) as const;
const exit = (pid: number, moment: number) => ({ kind: 'exit', pid, parent: 0, moment }) as const;
const client = (started: number, firstByte: number, ended: number, error = 0) => ({
  started,
  firstByte,
  ended,
  error,
});

test('of all execs those of the server’s own children count, in order', async (t) => {
  const records = [
    fork(7, 1, 30),
    exec(7, 40),
    fork(9, 2, 10),
    exec(9, 20),
    exec(7, 45),
    exit(7, 50),
    fork(8, 7, 41),
  ];
  t.same(execsOf([...records, exec(8, 42)], 1), [40]);
});

test('a client is told of the exec that came while it waited', async (t) => {
  const clients = [
    client(1_000, 501_000, 601_000),
    client(2_000_000, 2_300_000, 2_400_000),
    client(3e6, 0, 4e6, 2),
  ];
  const found = startsOf(clients, [201_000, 1_900_000, 2_200_000]);
  t.match(found, { connections: 2, exec: { p50: 200, most: 200 }, errors: { failed: 1 } });
  t.same([found.firstByte.most, found.endOfFile.most], [500, 600]);
});

test('without the kernel’s stamps there is no figure of an exec, and no other is lost', async (t) => {
  const found = startsOf([client(0, 100_000, 200_000)], undefined);
  t.equal(found.exec, undefined);
  t.equal(found.firstByte.p50, 100);
  const question = {
    scenario: 'clients',
    setting: '',
    handler: 'once',
    clients: 1,
    server: 'acceptd',
  } as const;
  const samples = samplesOf('acceptd', 'once', 1, [found, measurement({ firstByte: 300 })]);
  t.equal(summaryOf(samples, { ...question, figure: 'exec' }), undefined);
  t.same(summaryOf(samples, { ...question, figure: 'firstByte' })?.most, 300);
});
