// acceptd run: the server in the foreground.
import { isatty } from 'node:tty';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { seconds } from '../model/quantity.ts';
import type { LogLevel } from '../operate/log.ts';
import { loadServices } from '../operate/reload.ts';
import type { SyslogFormat } from '../operate/syslog-message.ts';
import { becomeGuard } from './guard.ts';
import { loadOptions, type ReadingChoice } from './load-options.ts';
import type { RecordTarget } from './log-targets.ts';
import type { LogFormat } from './record-log.ts';
import { runServer } from './server.ts';
import { type ControlChoice, controlWishes } from './server-control.ts';
import { usualServer } from './server-options.ts';

export type RunChoice = ReadingChoice &
  ControlChoice & {
    readonly file: readonly string[];
    readonly drain: number;
    readonly drainDelay: number;
    readonly logLevel: LogLevel;
    readonly logFormat: LogFormat;
    readonly log: readonly RecordTarget[] | undefined;
    readonly pidFile: string | undefined;
    readonly trace: string | undefined;
    readonly announce: boolean | undefined;
    readonly guard: boolean;
    readonly metrics: boolean;
    readonly strictReload: boolean;
    readonly reloadOnChange: boolean;
    readonly dump: string | undefined;
    readonly syslogFormat: SyslogFormat;
    readonly upgradeDeadline: number;
  };

export const run = async (chosen: RunChoice): Promise<ExitStatus> => {
  const options = loadOptions(chosen);
  if (chosen.guard) return becomeGuard();
  const control = controlWishes(chosen, 'usual');
  if (typeof control === 'string') return complain(control, exitStatus.usage);
  return runServer({
    ...usualServer,
    load: () => loadServices(chosen.file, options),
    drain: seconds(chosen.drain),
    drainDelay: seconds(chosen.drainDelay),
    control,
    hasMetrics: chosen.metrics,
    logLevel: chosen.logLevel,
    logFormat: chosen.logFormat,
    pidFile: chosen.pidFile,
    trace: chosen.trace,
    announces: chosen.announce ?? isatty(process.stdout.fd),
    isStrictReload: chosen.strictReload,
    watched: chosen.reloadOnChange ? chosen.file : [],
    dump: chosen.dump,
    syslogFormat: chosen.syslogFormat,
    upgradesOnSignal: true,
    upgradeDeadline: seconds(chosen.upgradeDeadline),
    daemonLog: { kind: 'records', targets: chosen.log },
  });
};
