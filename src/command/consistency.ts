// acceptd consistency: has a running server look whether its tables agree with each other and with the kernel.
import { readFileSync } from 'node:fs';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { parseCount } from '../model/quantity.ts';
import { askServer } from '../operate/consistency.ts';

export type ConsistencyChoice = { readonly pid: number | undefined; readonly pidFile: string | undefined };

const readPid = (path: string): number | string => {
  try {
    return parseCount(readFileSync(path, 'utf8').trim()) ?? `${path} holds no pid`;
  } catch (error) {
    return `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
};

export const consistency = async ({ pid, pidFile }: ConsistencyChoice): Promise<ExitStatus> => {
  if ((pid === undefined) === (pidFile === undefined)) {
    return complain('say which server: its pid, or --pid-file FILE', exitStatus.usage);
  }
  const asked = pid ?? readPid(pidFile ?? '');
  if (typeof asked === 'string') return complain(asked, exitStatus.system);
  const findings = await askServer(asked);
  if (typeof findings === 'string') return complain(findings, exitStatus.system);
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  process.stdout.write(
    findings.length === 0 ? 'consistency check passed\n' : `detected ${findings.length} errors\n`,
  );
  return findings.length === 0 ? exitStatus.done : exitStatus.inconsistent;
};
