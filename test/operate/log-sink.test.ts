// The log never waits, never grows without bound, and counts what it loses.
import t from 'tap';
import { createLogSink, type Outlet } from '../../src/operate/log-sink.ts';

/** An outlet that takes what it is told to. */
const createReader = () => {
  let taken = '';
  let room = Number.POSITIVE_INFINITY;
  let onTaken: ((count: number) => void) | undefined;
  const outlet: Outlet = (bytes, later) => {
    if (room === 0) {
      onTaken = later;
      return undefined;
    }
    const count = Math.min(bytes.length, room);
    taken += Buffer.from(bytes.subarray(0, count)).toString();
    room -= count;
    return count;
  };
  return {
    outlet,
    taken: () => taken,
    /** From here on so many bytes are taken. */
    give: (bytes: number) => {
      room = bytes;
      const call = onTaken;
      onTaken = undefined;
      call?.(0);
    },
  };
};

const record = (index: number): string => `record ${index}\n`;

/** Records are not gathered, but in the test of that. */
const atOnce = (call: () => void): void => call();

t.test('a reader that takes everything gets everything, at once and in order', (t) => {
  const reader = createReader();
  const sink = createLogSink(reader.outlet, atOnce);
  for (let index = 0; index < 100; index++) sink.write(record(index));
  t.equal(reader.taken(), Array.from({ length: 100 }, (_, index) => record(index)).join(''));
  t.equal(sink.takeDropped(), 0);
  t.end();
});

t.test('a reader that takes a byte at a time gets the same', (t) => {
  const reader = createReader();
  const sink = createLogSink(reader.outlet, atOnce);
  reader.give(0);
  for (let index = 0; index < 10; index++) sink.write(record(index));
  for (let turn = 0; turn < 200; turn++) reader.give(1);
  t.equal(reader.taken(), Array.from({ length: 10 }, (_, index) => record(index)).join(''));
  t.end();
});

t.test('a reader that takes nothing: whole records are lost, counted, and told when there is room', (t) => {
  const reader = createReader();
  const sink = createLogSink(reader.outlet, atOnce);
  const told: number[] = [];
  sink.onRoom(() => told.push(sink.takeDropped()));
  reader.give(0);
  const line = `${'x'.repeat(999)}\n`;
  for (let index = 0; index < 6_000; index++) sink.write(line);
  t.equal(sink.takeDropped(), 0, 'not told as long as there is no room to tell it');
  reader.give(1_000);
  t.strictSame(told, [], 'nor when there is room for one record');
  reader.give(Number.POSITIVE_INFINITY);
  t.strictSame(told, [6_000 - 4_194]);
  t.equal(reader.taken().length, 4_194_000);
  t.ok(reader.taken().endsWith(line), 'no half records');
  sink.write('after\n');
  t.ok(reader.taken().endsWith('after\n'));
  t.equal(sink.takeDropped(), 0);
  t.end();
});

t.test('what is written while the loss is told comes behind it', (t) => {
  const reader = createReader();
  const sink = createLogSink(reader.outlet, atOnce);
  sink.onRoom(() => sink.write(`lost ${sink.takeDropped()}\n`));
  reader.give(0);
  for (let index = 0; index < 4_246; index++) sink.write(`${'x'.repeat(999)}\n`);
  reader.give(Number.POSITIVE_INFINITY);
  t.ok(reader.taken().endsWith('lost 52\n'));
  t.end();
});

t.test('an outlet that answers later is asked for one piece at a time', async (t) => {
  let calls = 0;
  let text = '';
  const sink = createLogSink((bytes, onTaken) => {
    calls += 1;
    t.equal(calls, 1, 'never two at once');
    queueMicrotask(() => {
      calls -= 1;
      text += Buffer.from(bytes).toString();
      onTaken(bytes.length);
    });
    return undefined;
  }, atOnce);
  for (let index = 0; index < 20; index++) sink.write(record(index));
  await sink.flush(1_000);
  t.equal(text, Array.from({ length: 20 }, (_, index) => record(index)).join(''));
  t.end();
});

t.test('a flush ends when its patience does', async (t) => {
  const sink = createLogSink(() => undefined, atOnce);
  sink.write('never\n');
  await sink.flush(1);
  t.pass('it did');
});

t.test('records are gathered for a while, and written together', (t) => {
  const reader = createReader();
  let call: (() => void) | undefined;
  const sink = createLogSink(reader.outlet, (later) => {
    t.equal(call, undefined, 'one while at a time');
    call = later;
  });
  sink.write('one\n');
  sink.write('two\n');
  t.equal(reader.taken(), '', 'nothing is written yet');
  call?.();
  t.equal(reader.taken(), 'one\ntwo\n');
  t.end();
});

t.test(
  'what nobody can take is counted, and told when somebody can again; no record goes on within another',
  (t) => {
    let text = '';
    let room = 25;
    const outlet: Outlet = (bytes) => {
      if (room === 0) return 'lost';
      const count = Math.min(room, bytes.length);
      text += Buffer.from(bytes.subarray(0, count)).toString();
      room -= count;
      return count;
    };
    const sink = createLogSink(outlet, atOnce);
    sink.onRoom(() => sink.write(`lost ${sink.takeDropped()}\n`));
    for (let index = 0; index < 5; index++) sink.write(record(index));
    t.equal(text, 'record 0\nrecord 1\nrecord ', 'the disk is full');
    t.equal(sink.lost(), 3);
    t.equal(sink.takeDropped(), 0, 'not told as long as nothing is taken');
    room = 1;
    sink.write(record(5));
    t.equal(sink.lost(), 4);
    room = 1_000;
    sink.write(record(6));
    t.equal(text, 'record 0\nrecord 1\nrecord \nrecord 6\nlost 4\n');
    t.equal(sink.takeDropped(), 0);
    t.equal(sink.lost(), 4, 'in all');
    t.end();
  },
);
