// acceptd xinetd: xinetd's command line, for scripts and packages that start one.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defaultLoadOptions, type LoadOptions } from '../config/options.ts';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { seconds } from '../model/quantity.ts';
import type { ResolvedService } from '../model/service.ts';
import { silenceStandardError } from '../native/standard-error.ts';
import { type Loaded, loadServices } from '../operate/reload.ts';
import { enterBackground, inForeground } from './background.ts';
import { becomeGuard } from './guard.ts';
import { runServer } from './server.ts';
import { controlWishes } from './server-control.ts';
import type { DaemonLog } from './server-log.ts';
import { usualServer } from './server-options.ts';
import { readVersion } from './version.ts';
import { parseXinetdFlags, type XinetdFlags } from './xinetd-flags.ts';
import { xinetdHelp } from './xinetd-help.ts';

const inetdConf = '/etc/inetd.conf';

const withoutWrappers = (service: ResolvedService): ResolvedService =>
  service.access === undefined
    ? service
    : { ...service, access: { ...service.access, wrapperName: undefined } };

/** What a start and each reload read. `umask` is the one that the daemon was started with. */
const loadXinetd = async (flags: XinetdFlags, file: string, umask: number): Promise<Loaded> => {
  const options: LoadOptions = {
    ...defaultLoadOptions,
    language: 'xinetd',
    hasQuotes: flags.hasQuotes,
    showsMapped: flags.showsMapped,
    umask,
    variables: new Set(Object.keys(process.env)),
  };
  // start scripts ask for it whether the file is there or not; what xinetd.conf has wins
  const hasInetdConf = flags.readsInetdConf && existsSync(inetdConf);
  const further = { ...options, language: 'inetd', dialect: 'debian' } as const;
  const loaded = await loadServices(
    [file],
    options,
    hasInetdConf ? { paths: [inetdConf], options: further } : undefined,
  );
  return flags.skipsWrappers ? { ...loaded, services: loaded.services.map(withoutWrappers) } : loaded;
};

/** Where to write the pid: in the foreground somebody else knows it. */
const pidFileOf = ({ pidFile, isDebug }: XinetdFlags, isInFront: boolean): string | undefined => {
  if (isDebug || pidFile === '' || (pidFile === undefined && isInFront)) return undefined;
  return resolve(pidFile ?? '/run/xinetd.pid');
};

/** xinetd's own default is syslog; in the foreground somebody looks on. */
const daemonLogOf = ({ daemonLog, isDebug }: XinetdFlags, isInFront: boolean): DaemonLog => {
  if (isDebug) return { kind: 'records' };
  if (daemonLog?.kind === 'file') return { kind: 'file', path: resolve(daemonLog.path) };
  return daemonLog ?? (isInFront ? { kind: 'records' } : { kind: 'syslog', facility: 'daemon' });
};

/** The words after `xinetd`, or all of them when acceptd was started under that name. */
export const runXinetd = async (words: readonly string[]): Promise<ExitStatus> => {
  const flags = parseXinetdFlags(words);
  if (typeof flags === 'string') return complain(`${flags}; see acceptd xinetd --help`, exitStatus.usage);
  if (flags.wanted === 'help') {
    process.stdout.write(xinetdHelp);
    return exitStatus.done;
  }
  if (flags.wanted === 'version') {
    process.stderr.write(`acceptd Version ${readVersion()}, in place of xinetd\n`);
    return exitStatus.done;
  }
  const control = controlWishes(flags, 'only-when-named');
  if (typeof control === 'string') return complain(control, exitStatus.usage);
  const isInFront = flags.isDebug || flags.staysInFront;
  const stay = isInFront ? inForeground : await enterBackground();
  if (stay.kind === 'left') return stay.status;
  if (flags.isGuarded) return becomeGuard({ ready: stay.ready, isSilent: !isInFront });

  process.title = 'xinetd';
  // relative to where the command was called, at each reload too
  const file = resolve(flags.file);
  const pidFile = pidFileOf(flags, isInFront);
  const daemonLog = daemonLogOf(flags, isInFront);
  const dump = resolve(flags.dump);
  process.chdir('/');
  const umask = process.umask(0o022);
  process.umask(umask | 0o022);
  return runServer({
    ...usualServer,
    load: () => loadXinetd(flags, file, umask),
    emptyStart: flags.staysAlive ? 'served' : 'refused',
    drain: seconds(flags.drain),
    drainDelay: seconds(flags.drainDelay),
    control,
    isStrictReload: flags.isStrictReload,
    processLimit: flags.processLimit,
    logLevel: flags.logLevel ?? (flags.isDebug ? 'debug' : 'info'),
    logFormat: flags.logFormat,
    daemonLog,
    tellsCaller: daemonLog.kind !== 'records',
    syslogFormat: flags.syslogFormat,
    warnings: flags.warnings,
    pidFile,
    dump,
    checkInterval: flags.checkInterval === undefined ? undefined : seconds(flags.checkInterval),
    reloadSignals: ['SIGHUP', 'SIGUSR2'],
    onReady: () => {
      // who has called us may wait for the end of what we could write there
      if (!isInFront) silenceStandardError();
      stay.tellReady();
    },
  });
};
