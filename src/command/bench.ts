// acceptd bench: the target is found or started, and what a run found is printed, kept, drawn and compared.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { renderComparison } from '../measure/comparison-table.ts';
import { openPhaseTracer, type PhaseTracer } from '../measure/phase-tracer.ts';
import { startPrivateServer } from '../measure/private-server.ts';
import type { Request } from '../measure/request.ts';
import type { Result } from '../measure/result.ts';
import { findServer } from '../measure/server-process.ts';
import { readResults } from '../measure/stored.ts';
import { renderResult } from '../measure/table.ts';
import { parseTarget, resolveTarget } from '../measure/target.ts';
import { SystemError } from '../native/addon.ts';
import type { LoadAddress } from '../native/load.ts';
import { type BenchChoice, type Place, requestOf } from './bench-request.ts';
import { isUnicode, prepare, runWatched } from './bench-run.ts';
import { Refusal, usageError } from './refusal.ts';

/** The acceptd that this is. */
const main = process.argv[1] ?? '';

/** Columns of a terminal (one without a size says 0), or of a page. */
const widthOf = (stream: NodeJS.WriteStream): number => (stream.isTTY ? stream.columns || 80 : 100);

const findTarget = async (text: string, pid: number | undefined): Promise<Place> => {
  const target = parseTarget(text);
  if ('mistake' in target) throw usageError(target.mistake);
  const address = await resolveTarget(target);
  if ('mistake' in address) throw new Refusal(address.mistake, exitStatus.system);
  return { target: text, address, pid };
};

const openTracerFor = (choice: BenchChoice, request: Request): PhaseTracer | undefined => {
  const { trace, phases } = choice;
  const { pid, warmUp } = request;
  if (trace === undefined && !phases) return undefined;
  if (trace === undefined && pid === undefined)
    throw usageError('--phases needs to know the server; name its process with --pid');
  const tracer = openPhaseTracer(trace === undefined ? { pid: pid ?? 0 } : { trace }, warmUp * 1e9);
  if ('mistake' in tracer) throw new Refusal(tracer.mistake, exitStatus.system);
  return tracer;
};

const measureTarget = async (choice: BenchChoice, text: string): Promise<Result> => {
  const place = await findTarget(text, choice.pid);
  const found = place.pid ?? findServer(place.address);
  const pid = typeof found === 'number' ? found : undefined;
  const request = await prepare(choice, { ...place, pid });
  const tracer = openTracerFor(choice, request);
  const result = await runWatched(request, { hasFloor: choice.floor, ...(tracer && { tracer }) });
  return typeof found === 'number' ? result : { ...result, server: found };
};

/** Shows words as a shell would take them. */
const showCommand = (words: readonly string[]): string =>
  words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');

/** Seconds, and connections: as much as is followed step by step. */
const followed = { duration: 3, count: 20_000 };

/**
 * Two servers, one after the other: the figures are of one that nobody looks into, the steps of one that writes down
 * when each of them began, which costs it something.
 */
const measureHandler = async (choice: BenchChoice, handler: readonly string[]): Promise<Result> => {
  const placeOf = ({ port, pid }: { readonly port: number; readonly pid: number }): Place => {
    const address: LoadAddress = { kind: 'tcp', version: 4, host: '127.0.0.1', port };
    return { target: showCommand(handler), address, pid };
  };
  const onServer = async (
    words: readonly string[],
    use: (request: Request) => Promise<Result>,
  ): Promise<Result> => {
    const instances = (choice.clients ?? 1024) + 256;
    const server = await startPrivateServer({ main, handler, instances, arguments: words }).catch(
      (error: unknown) => {
        throw new Refusal(error instanceof Error ? error.message : String(error), exitStatus.system);
      },
    );
    try {
      return await use(await prepare(choice, placeOf(server)));
    } finally {
      await server.stop();
    }
  };
  // what is wrong with the words is said before anything is started
  const words = requestOf(choice, placeOf({ port: 1, pid: 1 }));
  if ('mistake' in words) throw usageError(words.mistake);
  const result = await onServer([], (request) => runWatched(request, { hasFloor: choice.floor }));
  if (result.isInterrupted) return result;
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-bench-'));
  try {
    const trace = join(directory, 'trace');
    const traced = await onServer(['--trace', trace], (request) => {
      const tracer = openTracerFor({ ...choice, trace }, request);
      const { duration, count } = request;
      const short = {
        ...request,
        duration: duration && Math.min(duration, followed.duration),
        count: count && Math.min(count, followed.count),
      };
      return runWatched(short, { hasFloor: false, ...(tracer && { tracer }) });
    });
    return { ...result, phases: traced.phases };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

const readStored = (files: readonly string[]): readonly Result[] =>
  files.flatMap((file) => {
    try {
      return readResults(readFileSync(file, 'utf8'), file);
    } catch (error) {
      throw new Refusal(error instanceof Error ? error.message : String(error), exitStatus.system);
    }
  });

const write = (file: string, text: string): void => {
  try {
    if (file === '-') process.stdout.write(text);
    else writeFileSync(file, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(`cannot write ${file}: ${reason}`, exitStatus.system);
  }
};

/** The new run, if there is one, comes last: ratios are to the first. */
const show = async (
  choice: BenchChoice,
  stored: readonly Result[],
  result: Result | undefined,
): Promise<void> => {
  const all = result === undefined ? stored : [...stored, result];
  const options = { width: widthOf(process.stdout), isUnicode: isUnicode() };
  // stdout has room for one of the two
  const out = choice.json === '-' || choice.html === '-' ? process.stderr : process.stdout;
  if (result !== undefined) out.write(`${renderResult(result, options)}\n`);
  if (stored.length > 0) out.write(`\n${renderComparison(all, options)}\n`);
  if (choice.json !== undefined && result !== undefined) write(choice.json, `${JSON.stringify(result)}\n`);
  if (choice.html !== undefined) {
    const { renderReport } = await import('../measure/report/page.ts');
    write(choice.html, renderReport(all));
  }
};

const decide = async (choice: BenchChoice): Promise<ExitStatus> => {
  const handler = Array.isArray(choice['--']) ? choice['--'].map(String) : [];
  if (choice.handler && handler.length === 0)
    throw usageError('no handler; write it after --: acceptd bench --handler -- /bin/date');
  if (choice.handler && choice.target !== undefined)
    throw usageError('--handler starts a server of its own; leave the target out');
  if (!choice.handler && handler.length > 0)
    throw usageError('a program stands after --; add --handler to measure it');
  const stored = readStored(choice.compare);
  if (!choice.handler && choice.target === undefined) {
    if (stored.length === 0) throw usageError('no target; write an address, as 127.0.0.1:79, or --handler');
    await show(choice, stored, undefined);
    return exitStatus.done;
  }
  const result = choice.handler
    ? await measureHandler(choice, handler)
    : await measureTarget(choice, choice.target ?? '');
  await show(choice, stored, result);
  return result.connections > 0 ? exitStatus.done : exitStatus.system;
};

export const bench = async (choice: BenchChoice): Promise<ExitStatus> => {
  try {
    return await decide(choice);
  } catch (error) {
    if (error instanceof Refusal) return complain(error.message, error.status);
    if (error instanceof SystemError) return complain(error.message, exitStatus.system);
    throw error;
  }
};
