// Reloads one after the other: none is lost, few are made.
import t from 'tap';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { countDiagnostics, createGate, createReloader, type Loaded } from '../../src/operate/reload.ts';

const empty: Loaded = { services: [], diagnostics: [], files: [], isReadable: true };

t.test('requests that come during a load are served by one more after it', async (t) => {
  const loads: ((loaded: Loaded) => void)[] = [];
  let taken = 0;
  const reload = createReloader(
    () => new Promise((resolve) => loads.push(resolve)),
    () => {
      taken += 1;
    },
  );
  const all = [reload(), reload(), reload(), reload()];
  t.equal(loads.length, 1, 'one load at a time');
  loads[0]?.(empty);
  await new Promise(setImmediate);
  t.strictSame([loads.length, taken], [2, 1], 'which is followed by one more');
  loads[1]?.(empty);
  await Promise.all(all);
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
  const refuses = createGate();
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
