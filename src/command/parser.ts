// The command line in words, and what somebody has chosen of it as plain data. A server lets go of all this, yargs too, before
// it begins (passing-parser.ts): nothing that is given back may lead here.
import yargs, { type Argv } from 'yargs';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
import { dialects } from '../model/service.ts';
import { logLevels } from '../operate/log.ts';
import { syslogFormats } from '../operate/syslog-message.ts';
import type { CheckChoice } from './check.ts';
import { controlServerOptions } from './control-server-options.ts';
import type { ConvertChoice } from './convert.ts';
import { convertOptions } from './convert-options.ts';
import type { ListenChoice } from './listen.ts';
import { limitOptions, listenOptions } from './listen-options.ts';
import { logTargets } from './log-targets.ts';
import { UsageError, wholeNumber } from './option-values.ts';
import type { RelayChoice } from './relay.ts';
import { relayOptions } from './relay-options.ts';
import type { RunChoice } from './run.ts';

/** What is to be done; undefined: it has been done, as help is. */
export type Wish =
  | { readonly command: 'run'; readonly chosen: RunChoice }
  | { readonly command: 'listen'; readonly chosen: ListenChoice }
  | { readonly command: 'relay'; readonly chosen: RelayChoice }
  | { readonly command: 'check'; readonly chosen: CheckChoice }
  | { readonly command: 'convert'; readonly chosen: ConvertChoice }
  | { readonly command: undefined; readonly status: ExitStatus };

/** The commands that are no server's: they run while they are parsed. */
export type OtherCommands = {
  readonly add: (parser: Argv, ended: (status: ExitStatus) => void) => Argv;
  readonly complete: (parser: Argv, line: readonly string[]) => Promise<ExitStatus>;
};

const done = (status: ExitStatus): Wish => ({ command: undefined, status });

const defaultConfiguration = '/etc/acceptd.conf';

/** Options of everything that reads a configuration. */
const configurationOptions = <Options>(command: Argv<Options>) =>
  command
    .option('file', {
      alias: 'f',
      type: 'string',
      array: true,
      nargs: 1,
      default: [defaultConfiguration],
      describe: 'configuration file, unit of systemd, or a directory of them; may be repeated',
    })
    .option('dialect', {
      choices: dialects,
      default: 'acceptd' as const,
      describe: 'dialect of an inetd.conf',
    })
    .option('language', {
      choices: ['auto', 'inetd', 'xinetd', 'systemd'] as const,
      default: 'auto' as const,
      describe: 'what the files are written in (auto: each as it looks)',
    })
    .option('quotes', {
      type: 'boolean',
      default: false,
      describe: 'words of an xinetd.conf may be quoted, which xinetd does not know',
    })
    .option('mapped', {
      type: 'boolean',
      default: false,
      describe: 'IPv4 clients are ::ffff:a.b.c.d where xinetd writes them so',
    })
    .option('without-ipsec', {
      type: 'boolean',
      default: false,
      describe: 'serve entries that stand below an IPsec policy, without IPsec',
    })
    .option('allow-unprotected', {
      type: 'boolean',
      default: false,
      describe: 'serve units that ask for a protection which acceptd does not give',
    });

/** Options of everything that serves. */
const serverOptions = <Options>(command: Argv<Options>) =>
  controlServerOptions(command)
    .option('drain', {
      type: 'number',
      coerce: wholeNumber('drain'),
      default: 10,
      describe: 'seconds that instances have to end at TERM, before they are sent TERM and KILL',
    })
    .option('log', {
      type: 'string',
      array: true,
      nargs: 1,
      coerce: logTargets,
      describe:
        'where to log: stderr, journald, syslog[:FACILITY] or file:PATH; may be repeated (default: stderr, in full to journald where stderr is the journal)',
    })
    .option('log-level', {
      choices: logLevels,
      default: 'info' as const,
      describe: 'least important record to write',
    })
    .option('log-format', {
      choices: ['auto', 'json', 'pretty'] as const,
      default: 'auto' as const,
      describe: 'JSON lines, or lines for people (auto: for people on a terminal)',
    })
    .option('syslog-format', {
      choices: syslogFormats,
      default: 'rfc3164' as const,
      describe: 'how messages for syslog are written',
    })
    .option('announce', {
      type: 'boolean',
      describe: 'print on stdout what listens and a line to try for each (default: on a terminal)',
    })
    .option('pid-file', {
      type: 'string',
      describe: 'where to write the pid; a second acceptd there does not start',
    })
    .option('guard', {
      type: 'boolean',
      default: false,
      describe: 'have a small program start acceptd again when it fails; clients wait meanwhile',
    })
    .option('trace', {
      type: 'string',
      nargs: 1,
      describe:
        'file, FIFO or /dev/fd/N for a JSON line with the moments of each connection, from accept to reaping',
    });

const exitStatusText =
  'Exit status: 0 done, 1 inconsistent or refused by the server, 64 usage, 70 our bug, 71 the system refused or no server answers, 78 configuration.';

/** What these words ask for; a mistake in them has been told. */
export const parseCommandLine = async (words: readonly string[], others?: OtherCommands): Promise<Wish> => {
  let wish = done(exitStatus.done);
  const servers = yargs([...words])
    .scriptName('acceptd')
    .usage(
      'acceptd: a super-server. Listens on many ports and starts a program for each connection.\n\n$0 <command>',
    )
    .command(
      'run',
      'serve what a configuration says, in the foreground',
      (command) =>
        serverOptions(configurationOptions(command))
          .option('metrics', {
            type: 'boolean',
            default: false,
            describe: 'count for Prometheus; /metrics of the control socket and of --control-http gives it',
          })
          .option('strict-reload', {
            type: 'boolean',
            default: false,
            describe:
              'a reload ends instances whose service is gone or whose client would not be let in any more',
          })
          .option('reload-on-change', {
            type: 'boolean',
            default: false,
            describe: 'read the configuration again when one of its files changes, as at HUP',
          })
          .option('upgrade-deadline', {
            type: 'number',
            coerce: wholeNumber('upgrade-deadline'),
            default: 30,
            describe: 'seconds that a new version has to say that it could take over, when USR2 asks for it',
          })
          .option('dump', {
            type: 'string',
            nargs: 1,
            describe: 'file in which USR1 writes the state (default: the log)',
          })
          .usage(
            '$0 run [-f PATH]...\n\nHUP reloads, TERM drains and stops, QUIT stops at once and ends nobody, ALRM tries failed sockets again, USR1 writes the state, USR2 has a new version take over in the same process, ABRT checks the consistency.',
          )
          .example('$0 run -f conf/acceptd.conf', 'the sample configuration')
          .example(
            '$0 run --dialect debian -f /etc/inetd.conf',
            "an inetd's file, as Debian's inetd reads it",
          )
          .example('$0 run -f /etc/xinetd.conf', 'what xinetd serves')
          .example('$0 run -f finger.socket', 'a socket unit of systemd with the service beside it'),
      (chosen) => {
        wish = { command: 'run', chosen };
      },
    )
    .command(
      'check',
      'tell all that is wrong with a configuration',
      (command) =>
        configurationOptions(command)
          .usage('$0 check [-f PATH]...\n\nExit status 78 if there is an error; warnings alone give 0.')
          .option('json', { type: 'boolean', default: false, describe: 'diagnostics as JSON on stdout' })
          .example('$0 check -f /etc/inetd.conf --dialect debian', 'before a reload')
          .example('$0 check -f /etc/xinetd.conf', 'the same for xinetd, with all that it includes'),
      (chosen) => {
        wish = { command: 'check', chosen };
      },
    )
    .command(
      'convert',
      'write a configuration in another language',
      (command) => convertOptions(configurationOptions(command)),
      (chosen) => {
        wish = { command: 'convert', chosen };
      },
    )
    .command(
      'listen [addresses..]',
      'serve one program from the command line',
      (command) => listenOptions(serverOptions(limitOptions(command))),
      (chosen) => {
        wish = { command: 'listen', chosen };
      },
    )
    .command(
      'relay [addresses..]',
      'copy connections to and from another address',
      (command) =>
        relayOptions(serverOptions(command))
          .example(
            '$0 relay 8080 --to 10.0.0.1:80 --to 10.0.0.2:80',
            'the second one where the first refuses',
          )
          .example('$0 relay 6379 --to /run/redis.sock --idle-timeout 10min', 'a port for a unix socket')
          .example('$0 relay --exit-idle-time 10min /run/redis.sock', 'in a unit with a socket of systemd'),
      (chosen) => {
        wish = { command: 'relay', chosen };
      },
    )
    .command(
      'inetd',
      "run as inetd does, with any inetd's flags: see inetd --help",
      (command) => command,
      () => undefined,
    )
    .command(
      'xinetd',
      "run as xinetd does, with xinetd's flags: see xinetd --help",
      (command) => command,
      () => undefined,
    );
  const all =
    others === undefined
      ? servers
      : others.add(servers, (status) => {
          wish = { command: undefined, status };
        });
  const parser = all
    .parserConfiguration({ 'populate--': true })
    .demandCommand(
      1,
      'say what to do: run, check, convert, listen, relay, bench, consistency, inetd, xinetd; or of a running server status, top, log, why, explain, reload, pause, resume, restart, set, kill, stop, upgrade',
    )
    .strict()
    .recommendCommands()
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .epilogue(exitStatusText)
    .exitProcess(false)
    .fail((message, error) => {
      // what a coerce throws comes back as yargs' own error
      throw error === undefined || error === null || error.name === 'YError'
        ? new UsageError(message ?? error?.message)
        : error;
    });
  try {
    // as the script of `acceptd completion` asks, with the program's name before the words
    if (others !== undefined && words[0] === '--get-yargs-completions') {
      return done(await others.complete(parser, words.slice(1)));
    }
    await parser.parseAsync();
  } catch (error) {
    if (error instanceof UsageError) {
      const message = error.message.replace(/\s+/g, ' ').trim();
      return done(complain(`${message}; see acceptd --help`, exitStatus.usage));
    }
    throw error;
  }
  return wish;
};
