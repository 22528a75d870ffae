import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { projectDirectory } from '../../bench/peers/compiler.ts';
import { fillPlace, readPlace } from '../../bench/peers/documents.ts';
import { handlerNames } from '../../bench/peers/handlers.ts';
import { allScenarios } from '../../bench/peers/scenarios/all.ts';
import { allServers } from '../../bench/peers/servers/all.ts';
import { renderSettings } from '../../bench/peers/summary.ts';
import { renderTable } from '../../bench/peers/table.ts';

const document = join(projectDirectory, 'bench', 'README.md');

test('a place of a document is filled, and what stands around it stays', async (t) => {
  const file = join(t.testdir(), 'README.md');
  writeFileSync(file, 'before\n<!-- here:start -->\nold\n<!-- here:end -->\nafter\n');
  fillPlace(file, 'here', 'new');
  t.equal(readFileSync(file, 'utf8'), 'before\n<!-- here:start -->\n\nnew\n\n<!-- here:end -->\nafter\n');
  t.equal(readPlace(file, 'here').inside, 'new');
  t.throws(() => readPlace(file, 'there'), /has no lines "<!-- there:start -->" and "<!-- there:end -->"/);
});

test('tables stand in columns, names to the left and figures to the right', async (t) => {
  t.equal(
    renderTable({ header: ['name', 'us'], rows: [['a', '1,000']] }),
    '| name |    us |\n| ---- | ----: |\n| a    | 1,000 |',
  );
});

test('bench/README.md says what each server is told, as it is in the code', async (t) => {
  const hint = 'npm run bench:peers -- --settings brings it up to date';
  t.equal(readPlace(document, 'servers').inside, renderSettings(allServers), hint);
  for (const { name, settings } of allServers) t.ok(settings.length > 0, `${name} has settings`);
});

test('bench/README.md has each scenario and each handler', async (t) => {
  const text = readFileSync(document, 'utf8');
  for (const name of [...handlerNames, ...allScenarios.map((scenario) => scenario.name)])
    t.match(text, `\`${name}\``);
});

test('no two servers, and no two scenarios, have the same name', async (t) => {
  for (const named of [allServers, allScenarios])
    t.equal(new Set(named.map(({ name }) => name)).size, named.length);
});
