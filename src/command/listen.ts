// acceptd listen: one service from the command line, put into words of the native language and read like a file.
import { isatty } from 'node:tty';
import { quote } from '../config/inetd/written-line.ts';
import { defaultLoadOptions, parseConfiguration } from '../config/load.ts';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { seconds } from '../model/quantity.ts';
import type { LogLevel } from '../operate/log.ts';
import { resolveConfiguration } from '../operate/reload.ts';
import type { LogFormat } from './record-log.ts';
import { runServer, usualServer } from './server.ts';

export type ListenChoice = {
  readonly addresses: readonly string[];
  readonly '--'?: unknown;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly instances: number | undefined;
  readonly perSource: number | undefined;
  readonly cps: string | undefined;
  readonly onLimit: string | undefined;
  readonly wait: boolean;
  readonly stderr: string | undefined;
  readonly env: readonly string[] | undefined;
  readonly chdir: string | undefined;
  readonly backlog: number | undefined;
  readonly drain: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly pidFile: string | undefined;
  readonly trace: string | undefined;
  readonly announce: boolean | undefined;
};

/** What an address says: the service's name, which is its port or path, and keys of the native language. */
type Place = { readonly name: string; readonly keys: readonly (readonly [string, string])[] };

/** `PORT`, `HOST:PORT`, either with `tcp:` or `udp:` before it, `/path`, `unix:PATH`, `@name`; undefined for anything else. */
const placeOf = (address: string): Place | undefined => {
  const unix = /^(?:unix:)?([/@].+)$/.exec(address) ?? /^unix:(.+)$/.exec(address);
  if (unix !== null) {
    const [, path = ''] = unix;
    return {
      name: path,
      keys: [
        ['protocol', 'unix'],
        ['path', path],
      ],
    };
  }
  const internet = /^(?:((?:tcp|udp)[46]?):)?(?:(.*):)?([A-Za-z0-9_-]+)$/.exec(address);
  if (internet === null) return undefined;
  const [, protocol = 'tcp', host, port = ''] = internet;
  const bind = host === undefined ? [] : [['bind', host.replace(/^\[(.*)\]$/, '$1')] as const];
  return { name: port, keys: [['protocol', protocol], ...bind] };
};

const definition = (chosen: ListenChoice, place: Place, program: readonly string[]): string => {
  const [file = '', ...rest] = program;
  const isRoot = process.getuid?.() === 0;
  const settings: readonly (readonly [string, string | number | undefined])[] = [
    ...place.keys.map(([key, value]) => [key, quote(value)] as const),
    ['exec', quote(file)],
    ['args', [file.slice(file.lastIndexOf('/') + 1), ...rest].map(quote).join(' ')],
    ['user', quote(chosen.user ?? (isRoot ? 'root' : '-'))],
    ['group', chosen.group && quote(chosen.group)],
    ['wait', chosen.wait ? 'yes' : 'no'],
    ['instances', chosen.instances],
    ['per_source', chosen.perSource],
    ['cps', chosen.cps],
    ['on_limit', chosen.onLimit],
    ['stderr', chosen.stderr],
    ['env', chosen.env?.map(quote).join(' ')],
    ['chdir', chosen.chdir && quote(chosen.chdir)],
    ['backlog', chosen.backlog],
  ];
  const written = settings.flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}`]));
  return `${quote(place.name)} on ${written.join(', ')} ;\n`;
};

export const listen = async (chosen: ListenChoice): Promise<ExitStatus> => {
  const program = Array.isArray(chosen['--']) ? chosen['--'].map(String) : [];
  if (program.length === 0) {
    return complain('no program; write it after --: acceptd listen 8080 -- /bin/cat', exitStatus.usage);
  }
  const definitions: string[] = [];
  for (const address of chosen.addresses.map(String)) {
    const place = placeOf(address);
    if (place === undefined) {
      return complain(
        `'${address}' is no address; write PORT, HOST:PORT, udp:HOST:PORT or /path`,
        exitStatus.usage,
      );
    }
    definitions.push(definition(chosen, place, program));
  }
  const text = definitions.join('');
  return runServer({
    ...usualServer,
    load: () => resolveConfiguration(parseConfiguration(text, 'command line', defaultLoadOptions)),
    drain: seconds(chosen.drain),
    logLevel: chosen.logLevel,
    logFormat: chosen.logFormat,
    pidFile: chosen.pidFile,
    trace: chosen.trace,
    announces: chosen.announce ?? isatty(process.stdout.fd),
  });
};
