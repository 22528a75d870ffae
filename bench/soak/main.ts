// node dist/bench/soak/main.js: clients for an hour, and everything that happens to servers meanwhile. Nobody may be lost,
// every count must be right, and nothing may leak.
import { setTimeout as wait } from 'node:timers/promises';
import { createRandom } from '../../src/measure/random.ts';
import { renderTable } from '../peers/table.ts';
import { createDirectory } from '../peers/workshop.ts';
import { visit } from './client.ts';
import { createDisturbances } from './disturbances.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { readOptions, type SoakOptions, usage } from './options.ts';
import { type Figures, type SoakServer, startSoakServer } from './server.ts';
import { createSetting, type Setting, type SoakService } from './setting.ts';
import { type Sample, slopeOf } from './slope.ts';

/** Clients at once; a server that stands still makes them wait, not more of them. */
const mostAtOnce = 512;
const turn = 20;
const quietPatience = 60_000;
/** What an hour may add to the private memory of a server that keeps nothing, in KiB; measured from the middle on. */
const mostGrowth = 4_096;

const chooser = (services: readonly SoakService[], random: () => number) => {
  const total = services.reduce((sum, { weight }) => sum + weight, 0);
  return (): SoakService | undefined => {
    let left = random() * total;
    return services.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
  };
};

/** All clients, evenly over the time. */
const sendClients = async (
  options: SoakOptions,
  choose: () => SoakService | undefined,
  ledger: Ledger,
  isOver: () => boolean,
): Promise<void> => {
  const begin = performance.now();
  const rate = options.connections / (options.seconds * 1_000);
  const going = new Set<Promise<void>>();
  for (let sent = 0; sent < options.connections && !isOver(); ) {
    const due = Math.min(options.connections, Math.ceil((performance.now() - begin + turn) * rate));
    for (; sent < due && going.size < mostAtOnce; sent++) {
      const service = choose();
      if (service === undefined) continue;
      const visiting = visit(service.port, service.expects, `token ${sent}\n`).then((fate) => {
        ledger.note(service, fate);
        going.delete(visiting);
      });
      going.add(visiting);
    }
    await wait(turn);
  }
  await Promise.all(going);
};

type Happened = { readonly counts: Map<string, number>; harmed: number; readonly failures: string[] };

const disturbUntil = async (
  options: SoakOptions,
  server: SoakServer,
  setting: Setting,
  random: () => number,
  isOver: () => boolean,
): Promise<Happened> => {
  const happened: Happened = { counts: new Map(), harmed: 0, failures: [] };
  const disturbances = createDisturbances(server, setting, random);
  // each at least once
  const isDone = (index: number): boolean => server.hasEnded() || (isOver() && index >= disturbances.length);
  for (let index = 0; !isDone(index); index++) {
    await wait(options.disturb * 1_000);
    if (isDone(index)) break;
    const at = index < disturbances.length ? index : Math.floor(random() * disturbances.length);
    const chosen = disturbances[at];
    if (chosen === undefined) continue;
    try {
      happened.harmed += await chosen.act();
      happened.counts.set(chosen.name, (happened.counts.get(chosen.name) ?? 0) + 1);
    } catch (error) {
      happened.failures.push(`${chosen.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return happened;
};

/** After the last client: nobody is answered any more, and no more is open than at the beginning. */
const settle = async (server: SoakServer, before: Figures): Promise<Figures> => {
  const until = performance.now() + quietPatience;
  for (;;) {
    const now = server.figures();
    const isQuiet = now.children === 0 && now.descriptors <= before.descriptors;
    if (isQuiet || performance.now() > until) return now;
    await wait(200);
  }
};

const run = async (options: SoakOptions): Promise<readonly string[]> => {
  const setting = await createSetting(createDirectory());
  const { uniform: random } = createRandom(options.seed);
  const server = await startSoakServer(setting);
  const ledger = createLedger(setting.services);
  const samples: Sample[] = [];
  // lazily opened, and open from then on: each service's log, the control socket's own
  for (const service of setting.services)
    ledger.note(service, await visit(service.port, service.expects, 'first\n'));
  await server.status();
  const before = await settle(server, server.figures());
  let isOver = false;
  const begin = performance.now();
  const sampling = (async () => {
    while (!isOver && !server.hasEnded()) {
      samples.push({ at: (performance.now() - begin) / 3_600_000, value: server.figures().memory });
      await wait(Math.min(5_000, options.seconds * 20));
    }
  })();
  const disturbing = disturbUntil(options, server, setting, random, () => isOver);
  await sendClients(options, chooser(setting.services, random), ledger, () => server.hasEnded());
  isOver = true;
  const [happened] = await Promise.all([disturbing, sampling]);
  const findings = [...happened.failures];
  if (server.hasEnded()) return [...findings, `the server has ended:\n${server.lastWords()}`];
  const after = await settle(server, before);
  const status = await server.status();
  findings.push(...ledger.findings(status.services, happened.harmed));
  if (after.children > 0) findings.push(`${after.children} children are left`);
  if (after.descriptors > before.descriptors)
    findings.push(`${after.descriptors} descriptors are open, ${before.descriptors} at the beginning`);
  const growth = slopeOf(samples.slice(Math.floor(samples.length / 2)));
  // a short run says nothing about an hour
  if (options.seconds >= 600 && growth > mostGrowth)
    findings.push(`private memory grows by ${Math.round(growth)} KiB an hour`);
  const rows = setting.services.map(({ id, name }) => {
    const { answered, cut, lost, 'turned-away': away } = ledger.of(id);
    return [name, String(answered), String(away), String(cut), String(lost)];
  });
  const table = renderTable({ header: ['service', 'answered', 'turned away', 'cut', 'lost'], rows });
  const disturbances = [...happened.counts].map(([name, count]) => `${name} ${count}`).join(', ');
  const memory = `${samples[0]?.value ?? 0} -> ${samples.at(-1)?.value ?? 0} KiB`;
  process.stdout.write(
    `${table}\n${disturbances}\nupgrades ${status.upgrades}, private memory ${memory}, ${Math.round(growth)} KiB an hour from the middle on; descriptors ${before.descriptors} -> ${after.descriptors}; seed ${options.seed}\n`,
  );
  const code = await server.stop();
  if (code !== 0) findings.push(`it ended with status ${code}`);
  return findings;
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(usage);
  else {
    const findings = await run(options);
    for (const finding of findings) process.stderr.write(`soak: ${finding}\n`);
    process.exitCode = findings.length === 0 ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
