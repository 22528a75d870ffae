// What a server does not load before its first control client.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const sources = fileURLToPath(new URL('../../../src', import.meta.url));

/** All modules that a compiled file brings with it; what it imports with import() comes later. */
const modulesOf = (file: string, known = new Set<string>()): ReadonlySet<string> => {
  if (known.has(file)) return known;
  known.add(file);
  if (!file.startsWith('/')) return known;
  const imports = readFileSync(file, 'utf8').matchAll(/^import\b[^'"]*['"]([^'"]+)['"];$/gm);
  for (const [, module = ''] of imports)
    modulesOf(module.startsWith('.') ? resolve(dirname(file), module) : module, known);
  return known;
};

t.test('a server without control clients runs without HTTP', async (t) => {
  const modules = modulesOf(`${sources}/command/server.js`);
  t.ok(modules.has(`${sources}/operate/control/control.js`));
  for (const module of [
    'node:http',
    'node:https',
    `${sources}/operate/control/http.js`,
    `${sources}/operate/control/routes.js`,
  ])
    t.notOk(modules.has(module), module);
});
