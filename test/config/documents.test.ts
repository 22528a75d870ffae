// What the documents show can be used as it stands: configurations load, and links lead somewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { showDiagnostic } from '../../src/model/diagnostic.ts';

const documents = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

const blocksOf = (text: string): readonly string[] =>
  [...text.matchAll(/^```\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');

t.test('every definition that is shown is understood', async (t) => {
  let count = 0;
  for (const document of documents) {
    const shown = blocksOf(readFileSync(document, 'utf8')).filter((block) => /^\S+ on$/m.test(block));
    for (const block of shown) {
      const { services, diagnostics } = parseConfiguration(block, document, defaultLoadOptions);
      t.ok(services.length > 0, document);
      t.same(diagnostics.map(showDiagnostic), [], document);
      count += 1;
    }
  }
  t.ok(count >= 2, `${count} blocks`);
});

t.test('every link between documents leads to a file', async (t) => {
  for (const document of documents) {
    for (const [, target = ''] of readFileSync(document, 'utf8').matchAll(/\]\(([^)#:]+)\)/g)) {
      t.ok(existsSync(join(dirname(document), target)), `${document}: ${target}`);
    }
  }
});
