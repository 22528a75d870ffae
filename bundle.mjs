// dist/acceptd: the program as it is installed. One file for what every command needs and one for each part that only some
// need, instead of some hundred modules: that is half of the time of a start, and some MiB of an idle server.
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

const outdir = 'dist/acceptd';
rmSync(outdir, { recursive: true, force: true });

const common = {
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['#native', '#package'],
  // names stay: a stack in a report of a fault is to be read
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'external',
  logLevel: 'warning',
};

/** What imports them, and whether that happens more than once. */
const passers = new Map([
  ['dist/src/command/passing-parser.js', 'once'],
  ['dist/src/operate/passing-reading.js', 'again'],
]);

/**
 * What a server needs for a moment only is a CommonJS file that it forgets again (src/operate/passing.ts); an ES module would
 * stay for ever.
 */
const passing = {
  name: 'passing',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/dist\/src\/[a-z]+\/passing-[a-z]+\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const [call, imported] = /\bimport\('(\.[^']+)'\)/.exec(text) ?? [];
      const times = passers.get(relative('.', path));
      if (call === undefined || times === undefined) throw new Error(`${path}: not as expected`);
      await build({
        ...common,
        entryPoints: [join(dirname(path), imported)],
        outExtension: { '.js': '.cjs' },
        format: 'cjs',
        define: { 'import.meta.url': 'importMetaUrl' },
        banner: { js: "const importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
      });
      const file = `./${basename(imported, '.js')}.cjs`;
      const how = times === 'once' ? 'runPassing' : 'repeatPassing';
      const head = `import { readPassing, ${how} } from '${resolve('dist/src/operate/passing.js')}';\n`;
      if (times === 'once')
        return { contents: head + text.replace(call, `Promise.resolve(runPassing(readPassing('${file}')))`) };
      const kept = `const load = repeatPassing(readPassing('${file}'));\n`;
      return { contents: head + kept + text.replace(call, 'Promise.resolve(load())') };
    });
  },
};

await build({
  ...common,
  entryPoints: ['dist/src/main.js'],
  splitting: true,
  format: 'esm',
  plugins: [passing],
  // packages that are still CommonJS ask for Node's own modules by require
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);",
  },
});
