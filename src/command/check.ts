// acceptd check: every diagnostic of a configuration, and nothing started.
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import { isError, showDiagnostic } from '../model/diagnostic.ts';
import { countDiagnostics, loadServices } from '../operate/reload.ts';
import { loadOptions, type ReadingChoice } from './load-options.ts';

export type CheckChoice = ReadingChoice & {
  readonly file: readonly string[];
  readonly json: boolean;
};

export const check = async (chosen: CheckChoice): Promise<ExitStatus> => {
  const { services, diagnostics, files } = await loadServices(chosen.file, loadOptions(chosen));
  if (chosen.json) {
    process.stdout.write(`${JSON.stringify({ files, services: services.length, diagnostics }, null, 2)}\n`);
  } else {
    for (const diagnostic of diagnostics) process.stderr.write(`${showDiagnostic(diagnostic)}\n`);
    process.stdout.write(
      `${services.length} services, ${countDiagnostics(diagnostics) ?? 'nothing wrong'}\n`,
    );
  }
  return diagnostics.some(isError) ? exitStatus.configuration : exitStatus.done;
};
