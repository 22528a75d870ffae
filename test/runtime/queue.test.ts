// Whether a server took anybody from its queue, and how long one that seems not to is borne with.
import t from 'tap';
import { milliseconds } from '../../src/model/quantity.ts';
import { countRun, isUntouched, needsCloseLook, noDoubt, patientRuns } from '../../src/runtime/queue.ts';

const look = (length: number, clients?: readonly bigint[]) => ({
  length,
  first: undefined,
  clients: clients && new Set(clients),
});

t.test('a length alone says little, who waits says all', async (t) => {
  t.equal(isUntouched(look(1), look(1)), true);
  t.equal(isUntouched(look(2), look(1)), false);
  t.equal(isUntouched(look(0), look(1)), false, 'nobody was there to be taken');
  t.equal(isUntouched(look(1, [1n]), look(1, [2n])), false, 'one was served, the next has come');
  t.equal(isUntouched(look(1, [1n]), look(3, [1n, 2n, 3n])), true);
  t.equal(isUntouched(look(2, [1n, 2n]), look(2, [])), true, 'both have left, and lie in the queue');
  t.equal(isUntouched(look(2, [1n, 2n]), look(2, [2n])), true, 'one of them');
  t.equal(isUntouched(look(2, [1n, 2n]), look(2, [2n, 3n])), false, 'one was served');
});

t.test('a close look comes last, and its finding holds for a second', async (t) => {
  const doubt = noDoubt();
  const idle = { hasFailed: false, isUntouched: true, wasClose: false };
  for (let run = 0; run < patientRuns; run++) {
    t.notOk(needsCloseLook(doubt));
    countRun(doubt, idle, milliseconds(run));
  }
  t.ok(needsCloseLook(doubt));
  countRun(doubt, { hasFailed: false, isUntouched: false, wasClose: true }, milliseconds(100));
  for (let run = 0; run < 100; run++) countRun(doubt, idle, milliseconds(1_099));
  t.equal(doubt.failures, 0);
  countRun(doubt, { ...idle, hasFailed: true }, milliseconds(1_099));
  t.equal(doubt.failures, 1, 'who cannot start is trusted in nothing');
  countRun(doubt, idle, milliseconds(1_100));
  t.equal(doubt.failures, 2);
});
