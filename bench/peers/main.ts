// npm run bench:peers: acceptd beside the bare loops and the other super-servers, in interleaved rounds.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderCharts } from './charts.ts';
import { projectDirectory } from './compiler.ts';
import { fillPlace, readPlace } from './documents.ts';
import { handlerNames } from './handlers.ts';
import { type Options, readOptions, renderUsage } from './options.ts';
import { allScenarios } from './scenarios/all.ts';
import type { Context } from './scenarios/scenario.ts';
import { allServers, findServers } from './servers/all.ts';
import {
  type Found,
  type Run,
  renderJson,
  renderSettings,
  renderShortTable,
  renderSummary,
} from './summary.ts';
import { openWorkshop } from './workshop.ts';

const readmeFile = join(projectDirectory, 'README.md');
const benchReadmeFile = join(projectDirectory, 'bench', 'README.md');

const names = {
  servers: allServers.map(({ name }) => name),
  handlers: handlerNames,
  scenarios: allScenarios.map(({ name }) => name),
};

const say = (text: string): void => {
  process.stderr.write(`bench: ${text}\n`);
};

const runScenarios = async (options: Options): Promise<Pick<Run, 'servers' | 'found'>> => {
  const workshop = openWorkshop();
  for (const text of workshop.missing) say(text);
  const servers = findServers(options.servers, options.peersRoot, say);
  const handlers = workshop.handlers.filter(
    ({ name }) =>
      handlerNames.includes(name) && (options.handlers.length === 0 || options.handlers.includes(name)),
  );
  const context: Context = { workshop, servers, handlers, options, say };
  const found: Found[] = [];
  for (const scenario of allScenarios) {
    if (options.scenarios.length > 0 && !options.scenarios.includes(scenario.name)) continue;
    const { handler } = scenario;
    if (handler !== undefined && !workshop.handlers.some(({ name }) => name === handler))
      say(`${scenario.name} is skipped: there is no ${handler} handler`);
    else found.push({ scenario, part: await scenario.run(context) });
  }
  return { servers, found };
};

const writeSettings = (): void => fillPlace(benchReadmeFile, 'servers', renderSettings(allServers));

const updateDocuments = (run: Run): void => {
  writeSettings();
  fillPlace(benchReadmeFile, 'bench', renderSummary(run));
  const table = renderShortTable(run);
  if (table !== undefined) fillPlace(readmeFile, 'bench', table);
};

const compare = async (commandLine: readonly string[], options: Options): Promise<void> => {
  if (options.update) {
    for (const name of ['servers', 'bench']) readPlace(benchReadmeFile, name);
    readPlace(readmeFile, 'bench');
  }
  const startedAt = new Date();
  const run: Run = { startedAt, commandLine, options, ...(await runScenarios(options)) };
  process.stdout.write(`${renderSummary(run)}\n`);
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, renderJson(run));
  if (options.htmlFile !== undefined) writeFileSync(options.htmlFile, renderCharts(run));
  if (options.update) updateDocuments(run);
};

const readOptionsOrExit = (commandLine: readonly string[]): Options => {
  try {
    return readOptions(commandLine, names);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(64);
  }
};

// An exit on our own account stops the servers and removes what was made for them; a signal's would not.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const commandLine = process.argv.slice(2);
const options = readOptionsOrExit(commandLine);
if (options.help) {
  process.stdout.write(`${renderUsage(names)}\n`);
} else {
  try {
    if (options.settings) writeSettings();
    else await compare(commandLine, options);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(71);
  }
}
