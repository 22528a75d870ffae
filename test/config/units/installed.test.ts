// The service units that Debian's packages have installed here: read without an error but what acceptd cannot have.
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { splitText } from '../../../src/config/source.ts';
import { readServiceUnit } from '../../../src/config/units/meaning-service.ts';
import { systemFacts } from '../../../src/config/units/specifiers.ts';
import { wholeText } from '../../../src/config/units/syntax.ts';
import { openUnit } from '../../../src/config/units/unit.ts';
import { parseUnitName } from '../../../src/config/units/unit-name.ts';
import { showDiagnostic } from '../../../src/model/diagnostic.ts';

const folder = '/usr/lib/systemd/system';
const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.service'));

/** Protections; programs of a terminal; units that only say how the machine goes down; users of another template. */
const isExpected = (message: string): boolean =>
  /is not applied: |'tty(?:-force|-fail)?' is no input here|there is no ExecStart=|could be called ''/.test(
    message,
  );

t.test(
  'installed units are understood',
  { skip: names.length < 10 && 'too few are installed' },
  async (t) => {
    let read = 0;
    for (const name of names) {
      const path = join(folder, name);
      const parts = parseUnitName(name);
      if (parts === undefined || !(await lstat(path)).isFile()) continue;
      const fragments = [wholeText(splitText(await readFile(path, 'utf8'), path))] as const;
      const unit = openUnit({ name, parts, fragments }, false, systemFacts);
      readServiceUnit(unit, {
        role: 'sockets',
        socketCount: 1,
        flushesPending: false,
        allowsUnprotected: false,
      });
      const errors = unit.report
        .diagnostics()
        .filter(({ severity, message }) => severity === 'error' && !isExpected(message));
      t.same(errors.map(showDiagnostic), [], name);
      const unknown = unit.report.diagnostics().filter(({ message }) => message.startsWith('there is no '));
      t.same(
        unknown.filter(({ message }) => !message.includes('ExecStart=')).map(showDiagnostic),
        [],
        `${name} has no directive that is unknown here`,
      );
      read += 1;
    }
    t.ok(read > 5, `${read} units`);
  },
);
