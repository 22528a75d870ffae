// acceptd inetd: the command line of every inetd, for scripts and packages that start one.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultLoadOptions, type LoadOptions } from '../config/options.ts';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { parseCount, seconds } from '../model/quantity.ts';
import { type Dialect, dialects } from '../model/service.ts';
import { loadServices } from '../operate/reload.ts';
import { enterBackground, inForeground } from './background.ts';
import { becomeGuard } from './guard.ts';
import { runServer } from './server.ts';
import { controlWishes } from './server-control.ts';
import { usualServer } from './server-options.ts';

const help = `acceptd inetd [OPTION...] [FILE|DIRECTORY...]

Serves an inetd.conf as inetd does: in the background, with a pid file. Also when acceptd is started as 'inetd'.

  -d, --debug           stay in the foreground and log more
  -i, -f, --foreground  stay in the foreground
  -e                    log to stderr (acceptd always does)
  -E                    handlers inherit the environment
  -R, --rate N          starts per minute of one service; 0 is no limit
  -q N                  length of the listen queue
  -c N                  instances of one service at once
  -C N                  connections per minute from one address
  -s N                  instances of one service for one address
  -a ADDRESS            where entries without an address listen
  -p[FILE], --pidfile[=FILE]  where to write the pid; empty for nowhere (default /run/inetd.pid)
  --environment         handlers find the client's address in their environment
  --resolve             the same; names are not looked up
  -l                    log connections (acceptd always does); TCP wrappers too, see below
  -w, -W                TCP wrappers for programs, for built-ins; see below
  --dialect NAME        ${dialects.join(', ')} (default: debian)
  --without-wrappers    do not consult hosts.allow and hosts.deny, whatever other options say
  --drain SECONDS       what instances get to end at TERM (default 10)
  --drain-delay SECONDS clients are served so long at TERM while /readyz says no (default 0)
  --control PATH        where the control socket is made (default: there is none)
  --control-group NAME  group whose members may look through it
  --control-http ADDRESS:PORT  /livez, /readyz and /metrics over TCP
  --guard               start acceptd again when it fails; clients wait meanwhile and are not refused
  -h, --help            this text

In the background it goes on logging to the stderr that it was given.
Without FILE: /etc/inetd.conf, and /etc/inetd.d where it exists.
TCP wrappers: /etc/hosts.allow and /etc/hosts.deny say who may come, as hosts_access(5) and hosts_options(5) have it.
-l with --dialect debian or openbsd consults them for programs that get accepted streams, by the name argv[0]. -w does
so for these and for programs on datagrams, by the program's name without its directory; -W for built-ins, by the name
of the service. A program /usr/sbin/tcpd consults them itself.

Examples:
  acceptd inetd -i                       the system's services, in the foreground
  acceptd inetd -d ./inetd.conf          try a file
  acceptd inetd --dialect freebsd -c 40 -p /run/inetd.pid /etc/inetd.conf

Exit status: 0 done, 64 usage, 70 our bug, 71 the system refused, 78 configuration.
`;

const options = {
  debug: { type: 'boolean', short: 'd' },
  foreground: { type: 'boolean', short: 'f' },
  interactive: { type: 'boolean', short: 'i' },
  stderr: { type: 'boolean', short: 'e' },
  'keep-environment': { type: 'boolean', short: 'E' },
  rate: { type: 'string', short: 'R' },
  queue: { type: 'string', short: 'q' },
  instances: { type: 'string', short: 'c' },
  'per-source-rate': { type: 'string', short: 'C' },
  'per-source': { type: 'string', short: 's' },
  address: { type: 'string', short: 'a' },
  pidfile: { type: 'string', short: 'p' },
  environment: { type: 'boolean' },
  resolve: { type: 'boolean' },
  log: { type: 'boolean', short: 'l' },
  'wrap-programs': { type: 'boolean', short: 'w' },
  'wrap-internal': { type: 'boolean', short: 'W' },
  dialect: { type: 'string' },
  'without-wrappers': { type: 'boolean' },
  drain: { type: 'string' },
  'drain-delay': { type: 'string' },
  control: { type: 'string' },
  'control-group': { type: 'string' },
  'control-http': { type: 'string' },
  guard: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const parse = (words: readonly string[]) =>
  // -p and --pidfile may stand alone, for no pid file: getopt's optional argument, which parseArgs does not know
  parseArgs({
    args: words.map((word) => (word === '-p' || word === '--pidfile' ? '--pidfile=' : word)),
    options,
    allowPositionals: true,
    strict: true,
  });

type Values = ReturnType<typeof parse>['values'];

const isDialect = (name: string): name is Dialect => dialects.some((dialect) => dialect === name);

/** Options with a number, by name; a text for the one that is wrong. */
const numbersOf = (values: Values): ReadonlyMap<string, number> | string => {
  const numbers = new Map<string, number>();
  for (const name of [
    'rate',
    'queue',
    'instances',
    'per-source-rate',
    'per-source',
    'drain',
    'drain-delay',
  ] as const) {
    const written = values[name];
    if (written === undefined) continue;
    const number = parseCount(written);
    if (number === undefined) return `--${name} '${written}' is no number; write a whole number from 0 on`;
    numbers.set(name, number);
  }
  return numbers;
};

/** In some dialects -l also asks for TCP wrappers. */
const wrapsOf = (values: Values, dialect: Dialect): LoadOptions['wraps'] => {
  if (values['without-wrappers'] === true) return defaultLoadOptions.wraps;
  const isLogWrapping = values.log === true && (dialect === 'debian' || dialect === 'openbsd');
  return {
    programs: values['wrap-programs'] === true ? 'all' : isLogWrapping ? 'streams' : 'none',
    builtins: values['wrap-internal'] === true,
  };
};

/** The words after `inetd`, or all of them when acceptd was started under that name. */
export const runInetd = async (words: readonly string[]): Promise<ExitStatus> => {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(words);
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0] : String(error);
    return complain(`${message}; see acceptd inetd --help`, exitStatus.usage);
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    process.stdout.write(help);
    return exitStatus.done;
  }
  const dialect = values.dialect ?? 'debian';
  if (!isDialect(dialect)) {
    return complain(`unknown dialect '${dialect}'; choose one of ${dialects.join(', ')}`, exitStatus.usage);
  }
  const numbers = numbersOf(values);
  if (typeof numbers === 'string') return complain(numbers, exitStatus.usage);
  const control = controlWishes(
    {
      control: values.control,
      controlGroup: values['control-group'],
      controlHttp: values['control-http'],
    },
    'only-when-named',
  );
  if (typeof control === 'string') return complain(control, exitStatus.usage);
  const staysInFront = values.debug === true || values.foreground === true || values.interactive === true;
  const stay = staysInFront ? inForeground : await enterBackground();
  if (stay.kind === 'left') return stay.status;
  if (values.guard === true) return becomeGuard({ ready: stay.ready });

  process.title = 'inetd';
  const load: LoadOptions = {
    ...defaultLoadOptions,
    dialect,
    defaultRate: numbers.get('rate'),
    backlog: numbers.get('queue'),
    listenHost: values.address,
    defaultInstances: numbers.get('instances'),
    defaultPerSourceRate: numbers.get('per-source-rate'),
    defaultPerSource: numbers.get('per-source'),
    hasAddressVariables: values.environment === true || values.resolve === true,
    keepsEnvironment: values['keep-environment'] === true,
    wraps: wrapsOf(values, dialect),
  };
  const standard = ['/etc/inetd.conf', ...(existsSync('/etc/inetd.d') ? ['/etc/inetd.d'] : [])];
  const named = values.pidfile ?? '/run/inetd.pid';
  const pidFile = named === '' ? undefined : resolve(named);
  // as written, relative to where the command was called; a daemon keeps no directory busy
  const files = positionals.length > 0 ? positionals.map((file) => resolve(file)) : standard;
  if (!staysInFront) process.chdir('/');
  return runServer({
    ...usualServer,
    load: () => loadServices(files, load),
    drain: seconds(numbers.get('drain') ?? 10),
    drainDelay: seconds(numbers.get('drain-delay') ?? 0),
    control,
    logLevel: values.debug === true ? 'debug' : 'info',
    pidFile,
    onReady: stay.tellReady,
  });
};
