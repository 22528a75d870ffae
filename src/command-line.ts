// The command line: what there is to choose, in words; each command's own code is loaded only when it runs.
import { basename } from 'node:path';
import yargs, { type Argv } from 'yargs';
import { controlServerOptions } from './command/control-server-options.ts';
import { convertOptions } from './command/convert-options.ts';
import { limitOptions, listenOptions } from './command/listen-options.ts';
import { logTargets } from './command/log-targets.ts';
import { UsageError, wholeNumber } from './command/option-values.ts';
import { loadServerParts } from './command/parts.ts';
import { relayOptions } from './command/relay-options.ts';
import { complain, type ExitStatus, exitStatus } from './exit-status.ts';
import { dialects } from './model/service.ts';
import { logLevels } from './operate/log.ts';
import { syslogFormats } from './operate/syslog-message.ts';

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

/** These serve: what only talks to a server does not stay in their memory. */
const serverCommands: readonly (string | undefined)[] = ['run', 'listen', 'relay'];

type AddCommands = (parser: Argv, ended: (status: ExitStatus) => void) => Argv;

const loadOtherCommands = async (): Promise<AddCommands> => {
  const { addControlCommands } = await import('./command/control-commands.ts');
  const { addToolCommands } = await import('./command/tool-commands.ts');
  return (parser, ended) => addToolCommands(addControlCommands(parser, ended), ended);
};

/** Parses and runs; gives the exit status. `argv0` is the name acceptd was started under. */
export const runCommandLine = async (words: readonly string[], argv0: string): Promise<ExitStatus> => {
  const names = [argv0, process.argv[1] ?? ''].map((path) => basename(path));
  const own = (['inetd', 'xinetd'] as const).find((name) => names.includes(name));
  const rest = own === undefined ? words.slice(1) : words;
  if ((own ?? words[0]) === 'inetd') {
    await loadServerParts();
    const { runInetd } = await import('./command/inetd.ts');
    return runInetd(rest);
  }
  if ((own ?? words[0]) === 'xinetd') {
    await loadServerParts();
    const { runXinetd } = await import('./command/xinetd.ts');
    return runXinetd(rest);
  }
  let status: ExitStatus = exitStatus.done;
  const addOtherCommands: AddCommands = serverCommands.includes(words[0])
    ? (parser) => parser
    : await loadOtherCommands();
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
      async (chosen) => {
        await loadServerParts();
        const { run } = await import('./command/run.ts');
        status = await run(chosen);
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
      async (chosen) => {
        const { check } = await import('./command/check.ts');
        status = await check(chosen);
      },
    )
    .command(
      'convert',
      'write a configuration in another language',
      (command) => convertOptions(configurationOptions(command)),
      async (chosen) => {
        const { convert } = await import('./command/convert.ts');
        status = await convert(chosen);
      },
    )
    .command(
      'listen [addresses..]',
      'serve one program from the command line',
      (command) => listenOptions(serverOptions(limitOptions(command))),
      async (chosen) => {
        await loadServerParts();
        const { listen } = await import('./command/listen.ts');
        status = await listen(chosen);
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
      async (chosen) => {
        await loadServerParts();
        const { relay } = await import('./command/relay.ts');
        status = await relay(chosen);
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
  const parser = addOtherCommands(servers, (ended) => {
    status = ended;
  })
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
    if (words[0] === '--get-yargs-completions') {
      const { complete } = await import('./command/complete.ts');
      return await complete(parser, words.slice(1));
    }
    await parser.parseAsync();
  } catch (error) {
    if (error instanceof UsageError) {
      return complain(`${error.message.replace(/\s+/g, ' ').trim()}; see acceptd --help`, exitStatus.usage);
    }
    throw error;
  }
  return status;
};
