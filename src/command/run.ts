// acceptd run: the server in the foreground.
import { isatty } from 'node:tty';
import { defaultLoadOptions } from '../config/load.ts';
import type { ExitStatus } from '../exit-status.ts';
import { seconds } from '../model/quantity.ts';
import type { Dialect } from '../model/service.ts';
import type { LogLevel } from '../operate/log.ts';
import { loadServices } from '../operate/reload.ts';
import { runServer, type ServerOptions } from './server.ts';

export type RunChoice = {
  readonly file: readonly string[];
  readonly dialect: Dialect;
  readonly withoutIpsec: boolean;
  readonly drain: number;
  readonly logLevel: LogLevel;
  readonly logFormat: ServerOptions['logFormat'];
  readonly pidFile: string | undefined;
  readonly trace: string | undefined;
  readonly announce: boolean | undefined;
};

export const run = (chosen: RunChoice): Promise<ExitStatus> => {
  const options = { ...defaultLoadOptions, dialect: chosen.dialect, servesWithoutIpsec: chosen.withoutIpsec };
  return runServer({
    load: () => loadServices(chosen.file, options),
    drain: seconds(chosen.drain),
    logLevel: chosen.logLevel,
    logFormat: chosen.logFormat,
    pidFile: chosen.pidFile,
    trace: chosen.trace,
    announces: chosen.announce ?? isatty(process.stdout.fd),
    onReady: () => undefined,
  });
};
