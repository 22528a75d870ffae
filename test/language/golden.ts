// Compares what a text means with the model and the diagnostics beside it.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import {
  type Configuration,
  defaultLoadOptions,
  type LoadOptions,
  parseConfiguration,
} from '../../src/config/load.ts';
import { showDiagnostic } from '../../src/model/diagnostic.ts';
import type { Dialect, Service } from '../../src/model/service.ts';

const root = 'test/language';

/** `ACCEPTD_GOLDEN=write npx tap ...` writes the files anew, and `npx biome check --write` breaks their lines; look at every change before it is committed. */
const { ACCEPTD_GOLDEN } = process.env;
const writesFiles = ACCEPTD_GOLDEN === 'write';

const keepUndefined = (_: string, value: unknown): unknown => (value === undefined ? null : value);

/** One service a paragraph, one field a line: a difference is read at a glance. */
const showService = ({ origin, ...service }: Service): string => {
  const fields = Object.entries({ at: `${origin.line}:${origin.column}`, ...service });
  const lines = fields.map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value, keepUndefined)}`,
  );
  return ` {\n${lines.join(',\n')}\n }`;
};

const showServices = ({ services }: Configuration): string =>
  `[\n${services.map(({ service }) => showService(service)).join(',\n')}\n]\n`;

const showDiagnostics = ({ diagnostics }: Configuration): string =>
  diagnostics.map((diagnostic) => `${showDiagnostic(diagnostic)}\n`).join('');

/** Every `.conf` in the language's folder, read without a disk's file name before its lines. */
const testFolder = async (language: string, options: Partial<LoadOptions>): Promise<void> => {
  const folder = join(root, language);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.conf')).sort();
  for (const name of names) {
    await t.test(`${language}: ${name.replace('.conf', '').replaceAll('-', ' ')}`, async (t) => {
      const text = await readFile(join(folder, name), 'utf8');
      const configuration = parseConfiguration(text, name, { ...defaultLoadOptions, ...options });
      const model = join(folder, name.replace('.conf', '.json'));
      const messages = join(folder, name.replace('.conf', '.txt'));
      if (writesFiles) {
        await writeFile(model, showServices(configuration));
        await writeFile(messages, showDiagnostics(configuration));
      }
      // The formatter of the sources breaks the lines of the model.
      t.same(JSON.parse(showServices(configuration)), JSON.parse(await readFile(model, 'utf8')), model);
      t.equal(showDiagnostics(configuration), await readFile(messages, 'utf8'), messages);
    });
  }
};

export const testDialect = (dialect: Dialect): Promise<void> => testFolder(dialect, { dialect });

/** Recognised by what is written in it. */
export const testXinetd = (): Promise<void> => testFolder('xinetd', {});

/** Recognised by what is written in it; each text has several units below comments with their names. */
export const testSystemd = (): Promise<void> => testFolder('systemd', {});
