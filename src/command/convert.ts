// acceptd convert: a configuration in another language, with all that is not the same there, and a proof on request.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findMismatches } from '../config/comparison.ts';
import type { Conversion } from '../config/conversion.ts';
import { anchorPaths } from '../config/inetd/conversion.ts';
import { type Configuration, loadConfiguration } from '../config/load.ts';
import type { PortNumber } from '../config/normal-form.ts';
import { diagnose } from '../config/source.ts';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { type Diagnostic, isError, showDiagnostic } from '../model/diagnostic.ts';
import { parseCount } from '../model/quantity.ts';
import type { Service } from '../model/service.ts';
import { machine } from '../operate/machine.ts';
import type { TargetName } from './convert-options.ts';
import { type Target, targets } from './convert-targets.ts';
import { loadOptions, type ReadingChoice } from './load-options.ts';
import { FileExistsError, strictestMode, writeFiles } from './write-files.ts';

export type ConvertChoice = ReadingChoice & {
  readonly file: readonly string[];
  readonly to: TargetName;
  readonly output: string | undefined;
  readonly check: boolean;
  readonly force: boolean;
};

const tell = (diagnostics: readonly Diagnostic[]): void => {
  for (const diagnostic of diagnostics) process.stderr.write(`${showDiagnostic(diagnostic)}\n`);
};

/** All ports of services(5) that a conversion may ask for, looked up beforehand. */
const lookUpPorts = async (services: readonly Service[]): Promise<PortNumber> => {
  const known = new Map<string, number | undefined>();
  for (const endpoint of services.flatMap(({ endpoints }) => endpoints)) {
    if (endpoint.kind !== 'internet' || parseCount(endpoint.port) !== undefined) continue;
    const protocol = endpoint.socketType === 'stream' ? 'tcp' : 'udp';
    const key = `${endpoint.port}/${protocol}`;
    if (!known.has(key)) known.set(key, await machine.port(endpoint.port, protocol).catch(() => undefined));
  }
  return (name, protocol) => known.get(`${name}/${protocol}`);
};

const lossesOf = (
  conversion: Conversion,
  { services }: Configuration,
  target: Target,
): readonly Diagnostic[] =>
  conversion.services.flatMap(({ service, parts, losses }, number) => {
    const mark = services[number]?.marks.service;
    if (mark === undefined) return [];
    const what = parts === 0 ? `'${service.id}' is left out of ${target.shown}` : `'${service.id}' changes`;
    // the line of the source is shown once
    return losses.map(({ message, advice }, index) =>
      diagnose(
        'warning',
        index === 0 ? mark : { ...mark, source: '' },
        `${what}: ${message}`,
        advice ?? 'leave it to acceptd if that matters',
      ),
    );
  });

/** Reads the conversion back; true where nothing differs but what was said. */
const prove = (conversion: Conversion, target: Target, portNumber: PortNumber): boolean => {
  const { services, diagnostics } = target.read(conversion.files);
  const errors = diagnostics.filter(isError);
  tell(errors);
  const mismatches = findMismatches(conversion.services, services, (service) =>
    target.normal(service, portNumber),
  );
  for (const { service, message } of mismatches) {
    process.stderr.write(`acceptd: check: '${service.id}' in ${target.shown}: ${message}\n`);
  }
  if (errors.length > 0 || mismatches.length > 0) return false;
  const written = conversion.services.filter(({ parts }) => parts > 0);
  const changed = written.filter(({ losses }) => losses.some(({ fields }) => fields.length > 0)).length;
  const left = conversion.services.length - written.length;
  const except = changed === 0 ? '' : `, but for what is said above of ${changed} of them`;
  const rest = left === 0 ? '' : `; ${left} left out`;
  process.stderr.write(`acceptd: check: ${written.length} services read back as they were${except}${rest}\n`);
  return true;
};

/** Several files are told apart on stdout by a line with the name of each. */
const print = ({ files }: Conversion, target: Target): void => {
  const text = target.hasManyFiles
    ? files.map((file) => `# --- ${file.name}\n${file.text}`).join('\n')
    : files.map((file) => file.text).join('');
  process.stdout.write(text);
};

const write = async (
  { files }: Conversion,
  output: string,
  target: Target,
  sources: readonly string[],
  isForced: boolean,
): Promise<ExitStatus> => {
  const isDirectory = (await stat(output).catch(() => undefined))?.isDirectory() === true;
  if (target.hasManyFiles && !isDirectory) {
    return complain(
      `${output} is no directory, which ${target.shown} need; make it first`,
      exitStatus.system,
    );
  }
  const named = files.map(({ name, text }) => ({
    path: isDirectory ? join(output, name) : output,
    text,
  }));
  try {
    await writeFiles(named, await strictestMode(sources), isForced);
    return exitStatus.done;
  } catch (error) {
    if (error instanceof FileExistsError) {
      return complain(`${error.message}; use --force to replace it`, exitStatus.system);
    }
    const reason = error instanceof Error ? error.message : String(error);
    return complain(`cannot write ${output}: ${reason}`, exitStatus.system);
  }
};

export const convert = async (chosen: ConvertChoice): Promise<ExitStatus> => {
  const target = targets[chosen.to];
  const configuration = await loadConfiguration(chosen.file, loadOptions(chosen));
  tell(configuration.diagnostics);
  if (!configuration.isReadable) return exitStatus.configuration;
  const services = configuration.services.map(({ service }) => anchorPaths(service));
  const portNumber = await lookUpPorts(services);
  const conversion = target.write(services, configuration, portNumber);
  tell(lossesOf(conversion, configuration, target));
  if (chosen.check && !prove(conversion, target, portNumber)) return exitStatus.configuration;
  if (chosen.output === undefined) print(conversion, target);
  else {
    const status = await write(conversion, chosen.output, target, configuration.files, chosen.force);
    if (status !== exitStatus.done) return status;
  }
  return configuration.diagnostics.some(isError) ? exitStatus.configuration : exitStatus.done;
};
