// acceptd listen: one program from the command line, put into words of the native language and read like a file.
import { isatty } from 'node:tty';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { type Activation, activations } from '../model/daemon.ts';
import { seconds } from '../model/quantity.ts';
import type { LogLevel } from '../operate/log.ts';
import { loadText } from '../operate/reload.ts';
import type { SyslogFormat } from '../operate/syslog-message.ts';
import { becomeGuard } from './guard.ts';
import { placeOf } from './listen-address.ts';
import { daemonDefinition, eachDefinition, type ProgramChoice } from './listen-definition.ts';
import { type InheritedPlace, inheritedPlaces } from './listen-inherited.ts';
import type { RecordTarget } from './log-targets.ts';
import type { LogFormat } from './record-log.ts';
import { runServer } from './server.ts';
import { type ControlChoice, controlWishes } from './server-control.ts';
import { usualServer } from './server-options.ts';

export type ListenChoice = ProgramChoice &
  ControlChoice & {
    readonly addresses: readonly string[] | undefined;
    /** Addresses again, in the way of systemd-socket-activate. */
    readonly listen: readonly string[] | undefined;
    readonly '--'?: unknown;
    readonly datagram: boolean;
    readonly seqpacket: boolean;
    readonly accept: boolean;
    readonly daemon: boolean;
    /** As configurations write it. */
    readonly activation: string | undefined;
    readonly fdname: string | undefined;
    readonly drain: number;
    readonly drainDelay: number;
    readonly logLevel: LogLevel;
    readonly logFormat: LogFormat;
    readonly log: readonly RecordTarget[] | undefined;
    readonly syslogFormat: SyslogFormat;
    readonly pidFile: string | undefined;
    readonly trace: string | undefined;
    readonly announce: boolean | undefined;
    readonly guard: boolean;
  };

/** undefined: a program for each client, or for each socket. */
const activationOf = (chosen: ListenChoice): Activation | undefined => {
  const word = chosen.activation?.replaceAll('_', '-');
  if (word !== undefined) return activations.find((each) => each === word);
  if (chosen.accept || chosen.wait) return undefined;
  if (chosen.inetd) return 'inetd';
  return chosen.daemon || chosen.listen !== undefined ? 'listen-fds' : undefined;
};

/** What contradicts itself, as a sentence that says what to write instead. */
const contradictionIn = (chosen: ListenChoice, activation: Activation | undefined): string | undefined => {
  const isDaemon = activation !== undefined;
  if (chosen.datagram && chosen.seqpacket)
    return '--datagram and --seqpacket are two types; write one of them';
  if (isDaemon && chosen.accept)
    return '--accept starts a program for each client, --activation one for all; write one of them';
  if (isDaemon && chosen.wait)
    return '--wait starts a program for each socket, --activation one for all; write one of them';
  const daemonOnly = [
    ...(chosen.now ? ['--now'] : []),
    ...(chosen.notify ? ['--notify'] : []),
    ...(chosen.idleStop === undefined ? [] : ['--idle-stop']),
  ];
  const [first] = daemonOnly;
  if (!isDaemon && first !== undefined) return `${first} is for a daemon; add --daemon`;
  const perClient = [
    ...(chosen.instances === undefined ? [] : ['--instances']),
    ...(chosen.perSource === undefined ? [] : ['--per-source']),
    ...(chosen.onLimit === undefined ? [] : ['--on-limit']),
    ...(chosen.cps === undefined ? [] : ['--cps']),
  ];
  const [limit] = perClient;
  if (isDaemon && limit !== undefined) return `${limit} is for a program for each client; add --accept`;
  return undefined;
};

/** One name for all sockets, or one for each. */
const nameAll = (
  places: readonly InheritedPlace[],
  fdname: string | undefined,
): readonly InheritedPlace[] | string => {
  if (fdname === undefined) return places;
  const names = fdname.split(':');
  if (names.length !== 1 && names.length !== places.length)
    return `there are ${places.length} sockets and ${names.length} names in --fdname; write one for each, or one for all`;
  return places.map(({ place }, index) => ({ place, name: names[index] ?? names[0] }));
};

const configure = (chosen: ListenChoice, program: readonly string[]): { readonly text: string } | string => {
  const activation = activationOf(chosen);
  const contradiction = contradictionIn(chosen, activation);
  if (contradiction !== undefined) return contradiction;
  const usual = chosen.datagram ? 'dgram' : chosen.seqpacket ? 'seqpacket' : 'stream';
  const own: InheritedPlace[] = [];
  for (const address of [...(chosen.listen ?? []), ...(chosen.addresses ?? [])].map(String)) {
    const place = placeOf(address, usual);
    if (place === undefined)
      return `'${address}' is no address; write PORT, HOST:PORT, udp:HOST:PORT, /path or seqpacket:/path`;
    own.push({ place, name: undefined });
  }
  const places = nameAll([...inheritedPlaces(process.env), ...own], chosen.fdname);
  if (typeof places === 'string') return places;
  if (places.length === 0) return 'no address; write one: acceptd listen 8080 -- /bin/cat';
  if (activation === 'inetd' && places.length > 1)
    return 'only one socket can be stdin; add --accept for a program for each client';
  const text =
    activation === undefined
      ? eachDefinition(chosen, places, program)
      : daemonDefinition(chosen, activation, places, program);
  return { text };
};

export const listen = async (chosen: ListenChoice): Promise<ExitStatus> => {
  const program = Array.isArray(chosen['--']) ? chosen['--'].map(String) : [];
  if (program.length === 0) {
    return complain('no program; write it after --: acceptd listen 8080 -- /bin/cat', exitStatus.usage);
  }
  const configured = configure(chosen, program);
  if (typeof configured === 'string') return complain(configured, exitStatus.usage);
  if (chosen.guard) return becomeGuard();
  const control = controlWishes(chosen, 'only-when-named');
  if (typeof control === 'string') return complain(control, exitStatus.usage);
  return runServer({
    ...usualServer,
    load: () => loadText(configured.text),
    drain: seconds(chosen.drain),
    drainDelay: seconds(chosen.drainDelay),
    control,
    logLevel: chosen.logLevel,
    logFormat: chosen.logFormat,
    daemonLog: { kind: 'records', targets: chosen.log },
    syslogFormat: chosen.syslogFormat,
    pidFile: chosen.pidFile,
    trace: chosen.trace,
    announces: chosen.announce ?? isatty(process.stdout.fd),
  });
};
