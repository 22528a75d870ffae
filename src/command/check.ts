// acceptd check: every diagnostic of a configuration, and nothing started.
import { defaultLoadOptions } from '../config/load.ts';
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import { isError, showDiagnostic } from '../model/diagnostic.ts';
import type { Dialect } from '../model/service.ts';
import { countDiagnostics, loadServices } from '../operate/reload.ts';

export type CheckChoice = {
  readonly file: readonly string[];
  readonly dialect: Dialect;
  readonly withoutIpsec: boolean;
  readonly json: boolean;
};

export const check = async (chosen: CheckChoice): Promise<ExitStatus> => {
  const options = { ...defaultLoadOptions, dialect: chosen.dialect, servesWithoutIpsec: chosen.withoutIpsec };
  const { services, diagnostics, files } = await loadServices(chosen.file, options);
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
