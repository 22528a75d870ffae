// What a load does after its texts are parsed can be left alone at each service: nothing goes over all of them at once.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { completeServices } from '../../src/config/configuration.ts';
import { listDirectory } from '../../src/config/directory.ts';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { splitText } from '../../src/config/source.ts';
import { dropTakenAddresses, type Resolved, warnOfOverlaps } from '../../src/config/taken-addresses.ts';
import { anyMachine } from '../../src/config/units/machine.ts';
import { readUnitPieces } from '../../src/config/units/meaning.ts';
import { wholeText } from '../../src/config/units/syntax.ts';
import type { UnitPiece } from '../../src/config/units/unit-set.ts';
import type { Pieces } from '../../src/model/pieces.ts';
import { resolved, tcp } from '../support/services.ts';

const many = 500;

/** How often it can be left alone, and what comes of it. */
const count = <Result>(pieces: Pieces<Result>): { readonly pauses: number; readonly result: Result } => {
  let pauses = 0;
  for (;;) {
    const step = pieces.next();
    if (step.done === true) return { pauses, result: step.value };
    pauses += 1;
  }
};

const numbers = Array.from({ length: many }, (_, index) => index);
const text = numbers.map(
  (index) => `127.9.${index >> 8}.${index & 255}:79 stream tcp nowait root /bin/cat cat\n`,
);

t.test('units: each is opened, grouped and read by itself', (t) => {
  const unit = (name: string, lines: string): UnitPiece => ({
    kind: 'unit',
    name,
    fragment: wholeText(splitText(lines, name)),
  });
  const pieces = numbers.flatMap((index) => [
    unit(`s${index}.socket`, `[Socket]\nListenStream=${2000 + index}\nAccept=yes\n`),
    unit(`s${index}@.service`, '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n'),
  ]);
  const { pauses, result } = count(readUnitPieces(pieces, { machine: anyMachine, allowsUnprotected: false }));
  t.equal(result.services.size, many);
  t.ok(pauses >= 3 * many, `${pauses} pauses`);
  t.end();
});

t.test('what is seen only over all files, and addresses that two want', (t) => {
  const { services } = parseConfiguration(text.join(''), 'conf', defaultLoadOptions);
  t.equal(services.length, many);
  const complete = count(completeServices(services, [], () => undefined));
  t.equal(complete.result.services.length, many);
  t.ok(complete.pauses >= 2 * many, `${complete.pauses} pauses`);
  const all = services.map((located, index): Resolved => {
    return { located, service: resolved(`s${index}`, [tcp(`127.9.${index >> 8}.${index & 255}`, 79)]) };
  });
  const kept = count(dropTakenAddresses(all, []));
  t.equal(kept.result.length, many);
  t.ok(kept.pauses >= 2 * many, `${kept.pauses} pauses`);
  t.ok(count(warnOfOverlaps(kept.result, [])).pauses >= many);
  t.end();
});

t.test('a directory tells which of its members are files, and links are followed', async (t) => {
  const root = t.testdir({ b: 'text', a: 'text' });
  await mkdir(join(root, 'd'));
  await writeFile(join(root, 'B'), '');
  await symlink('a', join(root, 'link'));
  await symlink('d', join(root, 'to-directory'));
  await symlink('nowhere', join(root, 'broken'));
  t.strictSame(
    (await listDirectory(root)).map(({ name, kind }) => `${name} ${kind}`),
    ['B file', 'a file', 'b file', 'broken other', 'd other', 'link file', 'to-directory other'],
  );
});
