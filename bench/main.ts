// npm run bench: acceptd beside the bare loop and the other super-servers, in interleaved rounds.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { join } from 'node:path';
import { compare, type Part } from './comparison.ts';
import { compareListeners } from './listeners.ts';
import { describeNoise } from './noise.ts';
import { type Options, readOptions, usage } from './options.ts';
import { openReadme, updateReadme } from './readme.ts';
import { renderJudgements } from './report.ts';
import { allServers } from './servers.ts';
import { handlerNames, openWorkshop, projectDirectory } from './workshop.ts';

const readmeFile = join(projectDirectory, 'README.md');

const say = (text: string): void => {
  process.stderr.write(`bench: ${text}\n`);
};

const checkNames = ({ handlers, servers }: Options): void => {
  const serverNames = allServers.map(({ name }) => name);
  for (const [given, known] of [
    [handlers, handlerNames],
    [servers, serverNames],
  ] as const) {
    const stranger = given.find((name) => !known.includes(name));
    if (stranger !== undefined)
      throw new Error(`--only knows no "${stranger}"; there are ${known.join(', ')}`);
  }
};

const describeRun = ({ rounds, duration }: Options): string =>
  `${availableParallelism()} CPUs (${cpus().at(0)?.model.trim() ?? 'unknown'}), Linux ${release()}, Node ${process.versions.node}; ` +
  `medians of ${rounds} interleaved ${rounds === 1 ? 'round' : 'rounds'} of ${duration} ms.`;

const run = async (options: Options): Promise<void> => {
  if (options.updateReadme) openReadme(readmeFile);
  const workshop = openWorkshop();
  for (const text of workshop.missing) say(text);
  const parts: Part[] = [];
  if (options.parts.comparison) parts.push(await compare(workshop, options, say));
  if (options.parts.listeners) parts.push(await compareListeners(workshop, options, say));
  const judgements = parts.flatMap((part) => part.judgements);
  const foreignLoads = parts.flatMap((part) => part.foreignLoads);
  const text = [
    `${describeRun(options)} ${describeNoise(foreignLoads)}`,
    ...parts.map((part) => part.text),
    renderJudgements(judgements),
  ].join('\n\n');
  process.stdout.write(`${text}\n`);
  if (options.jsonFile !== undefined) {
    const samples = parts.flatMap((part) => part.samples);
    writeFileSync(
      options.jsonFile,
      `${JSON.stringify({ foreignLoads, judgements, samples }, undefined, 1)}\n`,
    );
  }
  if (options.updateReadme) updateReadme(readmeFile, text);
};

const readOptionsOrExit = (): Options => {
  try {
    const options = readOptions(process.argv.slice(2));
    checkNames(options);
    return options;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(64);
  }
};

// An exit on our own account stops the servers and removes what was compiled; a signal's would not.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const options = readOptionsOrExit();
if (options.help) {
  process.stdout.write(`${usage}\n`);
} else {
  try {
    await run(options);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(71);
  }
}
