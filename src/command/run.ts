// acceptd run: the server in the foreground.
import { isatty } from 'node:tty';
import type { ExitStatus } from '../exit-status.ts';
import { seconds } from '../model/quantity.ts';
import type { LogLevel } from '../operate/log.ts';
import { loadServices } from '../operate/reload.ts';
import type { SyslogFormat } from '../operate/syslog-message.ts';
import { loadOptions, type ReadingChoice } from './load-options.ts';
import type { LogFormat } from './record-log.ts';
import { runServer, usualServer } from './server.ts';

export type RunChoice = ReadingChoice & {
  readonly file: readonly string[];
  readonly drain: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly pidFile: string | undefined;
  readonly trace: string | undefined;
  readonly announce: boolean | undefined;
  readonly strictReload: boolean;
  readonly dump: string | undefined;
  readonly syslogFormat: SyslogFormat;
  readonly upgradeDeadline: number;
};

export const run = (chosen: RunChoice): Promise<ExitStatus> => {
  const options = loadOptions(chosen);
  return runServer({
    ...usualServer,
    load: () => loadServices(chosen.file, options),
    drain: seconds(chosen.drain),
    logLevel: chosen.logLevel,
    logFormat: chosen.logFormat,
    pidFile: chosen.pidFile,
    trace: chosen.trace,
    announces: chosen.announce ?? isatty(process.stdout.fd),
    isStrictReload: chosen.strictReload,
    dump: chosen.dump,
    syslogFormat: chosen.syslogFormat,
    upgradesOnSignal: true,
    upgradeDeadline: seconds(chosen.upgradeDeadline),
  });
};
