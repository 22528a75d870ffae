// Reads the imports of src/ and fails on every arrow that is not in the table of CONTRIBUTING.md.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'tap';

const sources = join(import.meta.dirname, '../../src');
const parts = ['model', 'config', 'admission', 'native', 'serve', 'runtime', 'operate', 'measure'];
const everything = [...parts, 'command', 'command-line', 'exit-status'];
const allowed: Readonly<Record<string, readonly string[]>> = {
  model: [],
  config: ['model'],
  admission: ['model'],
  native: ['model', '#native'],
  serve: ['model', 'native'],
  runtime: ['model', 'admission', 'serve', 'native'],
  operate: ['model', 'config', 'runtime', 'native'],
  measure: ['model', 'native'],
  'exit-status': [],
  command: everything,
  'command-line': everything,
  main: everything,
};

const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const texts = new Map(files.map((file) => [file, readFileSync(join(sources, file), 'utf8')]));

/** Our own modules that a file names: other files of src/, and the addon. */
const importsOf = (file: string): readonly string[] => {
  const found = (texts.get(file) ?? '').matchAll(
    /\b(?:from|import)\b[ (]*['"](\.[^'"]*)['"]|['"](#native)['"]/g,
  );
  return [...found].map(([, path, addon]) => addon ?? posix.join(posix.dirname(file), path ?? ''));
};
const partOf = (file: string): string => (file.split('/')[0] ?? '').replace(/\.ts$/, '');

test('every import follows an arrow of the table', async (t) => {
  for (const file of files) {
    const targets = allowed[partOf(file)];
    if (targets === undefined) t.fail(`${file}: its folder is not in the table`);
    for (const imported of importsOf(file)) {
      const isInside = partOf(imported) === partOf(file);
      t.ok(isInside || targets?.includes(partOf(imported)), `${file} imports ${imported}`);
    }
  }
});

test('no file imports itself by a detour', async (t) => {
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) t.fail(`a cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
    else if (!finished.has(file)) for (const imported of importsOf(file)) visit(imported, [...path, file]);
    finished.add(file);
  };
  for (const file of files) visit(file, []);
});

test('nothing is exported without a name', async (t) => {
  for (const [file, text] of texts) t.notMatch(text, /^export default\b/m, file);
});
