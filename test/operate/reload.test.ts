// Reloads one after the other: none is lost, few are made.
import t from 'tap';
import type { ReloadReport } from '../../src/model/control.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { countDiagnostics, createGate, createReloader, type Loaded } from '../../src/operate/reload.ts';

const empty: Loaded = { services: [], diagnostics: [], files: [], isReadable: true };

const reportOf = (why: string): ReloadReport => ({ outcome: 'refused', why, changes: null, diagnostics: [] });

t.test('requests that come during a load are served by one more after it', async (t) => {
  const loads: ((loaded: Loaded) => void)[] = [];
  let taken = 0;
  const reload = createReloader(
    () => new Promise((resolve) => loads.push(resolve)),
    () => {
      taken += 1;
      return reportOf(`take ${taken}`);
    },
  );
  const all = [reload(), reload(), reload(), reload()];
  t.equal(loads.length, 1, 'one load at a time');
  loads[0]?.(empty);
  await new Promise(setImmediate);
  t.strictSame([loads.length, taken], [2, 1], 'which is followed by one more');
  loads[1]?.(empty);
  const reports = await Promise.all(all);
  t.strictSame(
    reports.map(({ why }) => why),
    ['take 1', 'take 2', 'take 2', 'take 2'],
    'everybody hears of a load that began after he asked',
  );
  t.strictSame([loads.length, taken], [2, 2]);
  const later = reload();
  t.equal(loads.length, 3, 'afterwards a request is served at once');
  loads[2]?.(empty);
  await later;
});

t.test('what was found is counted', (t) => {
  const diagnostic = (severity: Diagnostic['severity']): Diagnostic => ({
    severity,
    at: { file: 'file', line: 1, column: 1 },
    source: '',
    width: 1,
    message: 'message',
    advice: 'advice',
  });
  t.equal(countDiagnostics([]), undefined);
  t.equal(countDiagnostics([diagnostic('warning')]), '1 warning');
  t.equal(
    countDiagnostics([diagnostic('error'), diagnostic('warning'), diagnostic('error')]),
    '2 errors, 1 warning',
  );
  t.end();
});

t.test('only errors that the running configuration does not have keep a reload out', (t) => {
  const error = (message: string, line: number): Diagnostic => ({
    severity: 'error',
    at: { file: 'file', line, column: 1 },
    source: message,
    width: 1,
    message,
    advice: 'mend it',
  });
  const gate = createGate();
  const refuses = (loaded: Loaded): string | undefined => {
    const why = gate.refusalOf(loaded);
    if (why === undefined) gate.enter(loaded);
    return why;
  };
  t.equal(refuses({ ...empty, diagnostics: [error('old', 1)] }), undefined, 'a start takes what is good');
  t.equal(refuses({ ...empty, diagnostics: [error('old', 7)] }), undefined, 'at another line it is the same');
  t.equal(refuses({ ...empty, diagnostics: [error('old', 7), error('new', 8)] }), '1 new error');
  t.equal(refuses({ ...empty, diagnostics: [{ ...error('w', 1), severity: 'warning' }] }), undefined);
  t.equal(
    refuses({ ...empty, diagnostics: [error('old', 1)] }),
    '1 new error',
    'mended ones may not come back',
  );
  t.equal(refuses({ ...empty, isReadable: false }), 'unreadable');
  t.end();
});

t.test('a load that fails is told to those who asked for it, and the next one is made', async (t) => {
  let tries = 0;
  const reload = createReloader(
    async () => {
      tries += 1;
      if (tries === 1) throw new Error('no disk');
      return empty;
    },
    () => reportOf('taken'),
  );
  const [first, second] = [reload(), reload()];
  await t.rejects(first, { message: 'no disk' });
  t.equal((await second).why, 'taken');
});

t.test('asking what a reload would do lets nothing in', (t) => {
  const broken: Loaded = {
    ...empty,
    diagnostics: [
      {
        severity: 'error',
        at: { file: 'f', line: 1, column: 1 },
        source: 'x',
        width: 1,
        message: 'm',
        advice: 'a',
      },
    ],
  };
  const gate = createGate();
  gate.enter(empty);
  t.equal(gate.refusalOf(broken), '1 new error');
  t.equal(gate.refusalOf(broken), '1 new error');
  t.equal(gate.refusalOf(empty), undefined);
  t.end();
});
