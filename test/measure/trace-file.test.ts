// A trace is read from where the last reading ended, while it is being written.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readTrace } from '../../src/measure/trace-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'acceptd-trace-'));
t.teardown(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'trace');

const line = (pid: number): string =>
  `${JSON.stringify({
    ...{ service: 'finger', pid, port: 4711, ready: 1, accepted: 2, spawning: 3 },
    ...{ spawned: 4, childBegan: 5, executing: 6, reaped: 7, status: { kind: 'exit', code: 0 } },
  })}\n`;

t.test('whole lines are read, each once', (t) => {
  const half = line(3).length / 2;
  appendFileSync(path, line(1) + line(2) + line(3).slice(0, half));
  const first = readTrace(path, 0);
  t.strictSame(
    first.records.map(({ pid }) => pid),
    [1, 2],
  );
  t.match(first.records[0], { service: 'finger', port: 4711, accepted: 2, reaped: 7 });
  appendFileSync(path, line(3).slice(half) + line(4));
  const second = readTrace(path, first.offset);
  t.strictSame(
    second.records.map(({ pid }) => pid),
    [3, 4],
  );
  t.strictSame(readTrace(path, second.offset).records, []);
  t.end();
});

t.test('what was lost is counted, and so is what is no trace', (t) => {
  const { offset } = readTrace(path, 0);
  const strange = ['no JSON', '{"service":"finger"}', 'null', '{"pid":"12"}'];
  appendFileSync(path, `{"dropped":5}\n${strange.join('\n')}\n{"dropped":2}\n${line(9)}`);
  const { records, dropped, strange: counted } = readTrace(path, offset);
  t.equal(dropped, 7);
  t.equal(counted, strange.length);
  t.equal(records.length, 1);
  t.end();
});

t.test('more than is read at once, and a line that is longer than that', (t) => {
  const { offset } = readTrace(path, 0);
  for (let block = 0; block < 20; block++)
    appendFileSync(path, Array.from({ length: 1_000 }, (_, index) => line(index)).join(''));
  appendFileSync(path, `${'x'.repeat(3_000_000)}\n${line(77)}`);
  const { records, strange } = readTrace(path, offset);
  t.equal(records.length, 20_001);
  t.equal(records.at(-1)?.pid, 77);
  t.equal(strange, 1);
  t.end();
});
