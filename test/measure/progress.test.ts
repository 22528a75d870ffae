// The progress line: what it says, how often it is drawn, and that it leaves nothing behind.
import t from 'tap';
import { createProgress, formatProgress, type Progress } from '../../src/measure/progress.ts';

const progress: Progress = {
  part: 'measuring',
  elapsed: 3.24,
  whole: { seconds: 10 },
  connections: 40_000,
  rate: 12_345.6,
  p50: 210.4,
  p99: 1251,
  errors: 0,
};
const wide = { width: 80, isUnicode: true };

t.test('the line says how far, how fast and what went wrong', async (t) => {
  t.equal(formatProgress(progress, wide), '3.2 / 10 s  12,346/s  p50 210 µs  p99 1.25 ms  no errors');
  t.equal(
    formatProgress(
      { ...progress, part: 'warming up', whole: { connections: 50_000 }, p50: undefined, errors: 1 },
      { width: 80, isUnicode: false },
    ),
    'warming up 3.2 s, 40,000 / 50,000  12,346/s  p50 -  p99 1.25 ms  1 error',
  );
  t.equal(formatProgress(progress, { ...wide, width: 12 }), '3.2 / 10 s  ');
});

const open = (isTTY: boolean, columns = 80) => {
  let now = 1000;
  let written = '';
  const stream = {
    isTTY,
    columns,
    write: (text: string) => {
      written += text;
    },
  };
  const line = createProgress(stream, { isUnicode: true, clock: () => now });
  return {
    line,
    written: () => written,
    pass: (time: number) => {
      now += time;
    },
  };
};

/** What stands on the terminal's line after all that was written. */
const screen = (written: string): string => {
  let cells: string[] = [];
  for (const piece of written.split('\r').slice(1)) cells = [...piece, ...cells.slice(piece.length)];
  return cells.join('').trimEnd();
};

t.test('the line is drawn at most four times a second, over the last one', async (t) => {
  const { line, written, pass } = open(true);
  line.show(progress);
  line.show({ ...progress, elapsed: 9 });
  pass(249);
  line.show({ ...progress, elapsed: 9 });
  t.equal(written().split('\r').length - 1, 1);
  pass(1);
  line.show({ ...progress, elapsed: 3.5, rate: 1 });
  t.equal(screen(written()), '3.5 / 10 s  1.0/s  p50 210 µs  p99 1.25 ms  no errors');
  t.notMatch(written(), '\n');
});

t.test('nothing of the line is left when it was cleared', async (t) => {
  const { line, written } = open(true);
  line.clear();
  t.equal(written(), '', 'nothing to clear');
  line.show(progress);
  line.clear();
  t.equal(screen(written()), '');
  t.ok(written().endsWith('\r'));
});

t.test('a narrow terminal gets a shorter line that leaves the last column free', async (t) => {
  const { line, written } = open(true, 20);
  line.show(progress);
  t.equal(screen(written()).length, 19);
});

t.test('what is no terminal gets nothing', async (t) => {
  const { line, written } = open(false);
  line.show(progress);
  line.clear();
  t.equal(written(), '');
});
