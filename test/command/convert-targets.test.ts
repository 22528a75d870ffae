// Every configuration that the tests of the languages read goes into each language, and is proved there.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import t from 'tap';
import { targets } from '../../src/command/convert-targets.ts';
import { findMismatches } from '../../src/config/comparison.ts';
import { anchorPaths } from '../../src/config/inetd/conversion.ts';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { showDiagnostic } from '../../src/model/diagnostic.ts';
import { dialects } from '../../src/model/service.ts';

const roots = ['test/language', 'conf'];
const files = roots.flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.conf'))
    .map((name) => join(root, name)),
);

/** A few names of services(5), whatever this machine knows. */
const ports: ReadonlyMap<string, number> = new Map([
  ['echo', 7],
  ['discard', 9],
  ['daytime', 13],
  ['chargen', 19],
  ['ftp', 21],
  ['telnet', 23],
  ['time', 37],
  ['tftp', 69],
  ['finger', 79],
  ['ident', 113],
  ['rsync', 873],
]);

t.ok(files.length > 30, `${files.length} files`);

for (const file of files) {
  const folder = basename(dirname(file));
  const dialect = dialects.find((name) => name === folder) ?? 'acceptd';
  const configuration = parseConfiguration(readFileSync(file, 'utf8'), file, {
    ...defaultLoadOptions,
    dialect,
  });
  const services = configuration.services.map(({ service }) => anchorPaths(service));
  t.test(`${file}: ${services.length} services`, async (t) => {
    for (const [name, target] of Object.entries(targets)) {
      const portNumber = (port: string): number | undefined => ports.get(port);
      const conversion = target.write(services, configuration, portNumber);
      const back = target.read(conversion.files);
      const mismatches = findMismatches(conversion.services, back.services, (service) =>
        target.normal(service, portNumber),
      );
      t.same(
        mismatches.map(({ service, message }) => `${service.id}: ${message}`),
        [],
        name,
      );
      const errors = back.diagnostics.filter(({ severity }) => severity === 'error');
      t.same(errors.map(showDiagnostic), [], name);
      t.equal(conversion.services.length, services.length, name);
      if (name === 'json' || (name === 'inetd' && folder !== 'systemd')) {
        t.ok(
          conversion.services.every(({ parts, losses }) => parts === 1 && losses.length === 0),
          `${name} loses nothing`,
        );
      }
    }
  });
}
