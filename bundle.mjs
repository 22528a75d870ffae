// dist/acceptd: the program as it is installed. One file for what every command needs and one for each part that only some
// need, instead of some hundred modules: that is half of the time of a start, and some MiB of an idle server.
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const outdir = 'dist/acceptd';
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: ['dist/src/main.js'],
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['#native', '#package'],
  // names stay: a stack in a report of a fault is to be read
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'external',
  // packages that are still CommonJS ask for Node's own modules by require
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);",
  },
  logLevel: 'warning',
});
