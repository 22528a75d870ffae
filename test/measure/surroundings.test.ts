// The machine and the versions: what stands beside the figures.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSurroundings, tidyModel } from '../../src/measure/surroundings.ts';

t.test('the surroundings name this machine and these versions', async (t) => {
  const found = readSurroundings();
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  t.equal(found.acceptd, version);
  t.equal(found.node, process.versions.node);
  t.equal(found.kernel, readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
  t.ok(found.processors >= 1);
  const total = /MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  t.ok(found.memoryMebibytes <= Number(total) / 1024 + 1 && found.memoryMebibytes > 0);
  t.notMatch(found.model, / {2}|^ | $|^$/);
});

t.test('a model has single blanks, and a name where the system tells none', async (t) => {
  t.equal(tidyModel('  Some   Processor  @ 2 GHz '), 'Some Processor @ 2 GHz');
  t.equal(tidyModel(' '), 'unknown');
  t.equal(tidyModel(undefined), 'unknown');
});
