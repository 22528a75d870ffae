// The commands that talk to a running server, in words; what each does is loaded only when it runs.
import type { Argv } from 'yargs';
import type { ExitStatus } from '../exit-status.ts';
import { answerOptions } from './control-options.ts';
import { optionalWholeNumber, positiveNumber } from './option-values.ts';

/** As the command line lists them. */
export const controlCommands = [
  'status',
  'top',
  'reload',
  'pause',
  'resume',
  'restart',
  'set',
  'kill',
  'stop',
  'upgrade',
  'log',
  'why',
  'explain',
] as const;

const service = <Options>(command: Argv<Options>) =>
  command.positional('service', {
    type: 'string',
    demandOption: true,
    describe: 'its id, as acceptd status lists it',
  });

/** What looks at a server and changes nothing. */
const addQuestions = <Options>(parser: Argv<Options>, ended: (status: ExitStatus) => void): Argv<Options> =>
  parser
    .command(
      'status [service]',
      'what a running server does, or one of its services',
      (command) =>
        answerOptions(command)
          .positional('service', {
            type: 'string',
            describe: 'this one with its instances, peers and refusals',
          })
          .example('$0 status', 'all services, with what they have refused and their last errors')
          .example('$0 status finger/tcp', 'who is connected, and who was turned away and why'),
      async (chosen) => ended(await (await import('./status.ts')).status(chosen)),
    )
    .command(
      'top',
      'the services of a running server as they are busy, until q is pressed',
      (command) =>
        answerOptions(command)
          .option('interval', {
            type: 'number',
            nargs: 1,
            default: 1,
            coerce: positiveNumber('interval'),
            describe: 'seconds between two looks',
          })
          .hide('json')
          .usage(
            '$0 top\n\nA letter that is shown in upper case sorts; arrows, page keys, home and end scroll; q quits.',
          ),
      async (chosen) => ended(await (await import('./top.ts')).top(chosen)),
    )
    .command(
      'log',
      'what a running server logs from now on',
      (command) =>
        answerOptions(command)
          .option('follow', { type: 'boolean', default: false, describe: 'as it is logged, until INT' })
          .option('service', { type: 'string', nargs: 1, describe: 'of this service alone' })
          .usage(
            '$0 log --follow\n\nLines for people on a terminal, records in JSON elsewhere and with --json.',
          )
          .example('$0 log --follow --service finger/tcp', 'while you try it'),
      async (chosen) => ended(await (await import('./log.ts')).log(chosen)),
    )
    .command(
      'why <address> <service>',
      'whether a service lets a client in, and what decides',
      (command) =>
        service(
          answerOptions(command).positional('address', {
            type: 'string',
            demandOption: true,
            describe: 'of the client, with or without a port',
          }),
        ).example('$0 why 192.0.2.7 finger/tcp', 'each test in its order, up to the one that decides'),
      async (chosen) => ended(await (await import('./why.ts')).why(chosen)),
    )
    .command(
      'explain <service>',
      'how a service starts its handler: user, descriptors, environment, limits',
      (command) => service(answerOptions(command)),
      async (chosen) => ended(await (await import('./explain.ts')).explain(chosen)),
    );

const addServiceOrders = <Options>(
  parser: Argv<Options>,
  ended: (status: ExitStatus) => void,
): Argv<Options> =>
  parser
    .command(
      'pause <service>',
      'take no more clients until resume; they wait in the queue',
      (command) => service(answerOptions(command)),
      async (chosen) => ended(await (await import('./orders.ts')).pause(chosen)),
    )
    .command(
      'resume <service>',
      'take clients again',
      (command) => service(answerOptions(command)),
      async (chosen) => ended(await (await import('./orders.ts')).resume(chosen)),
    )
    .command(
      'restart <service>',
      'end what runs of a service; a daemon is started again at once',
      (command) => service(answerOptions(command)),
      async (chosen) => ended(await (await import('./orders.ts')).restart(chosen)),
    )
    .command(
      'set <service> <settings..>',
      'change limits of a service until the next reload',
      (command) =>
        service(answerOptions(command))
          .positional('settings', {
            type: 'string',
            array: true,
            demandOption: true,
            describe: 'instances=N, per_source=N; none in place of N takes a limit away',
          })
          .example('$0 set finger/tcp instances=100 per_source=none', 'while many ask'),
      async (chosen) => ended(await (await import('./orders.ts')).set(chosen)),
    )
    .command(
      'kill <target>',
      'send a signal to a process that acceptd has started, or to all of a service',
      (command) =>
        answerOptions(command)
          .positional('target', {
            type: 'string',
            demandOption: true,
            describe: 'pid, or id of a service',
          })
          .option('signal', {
            alias: 's',
            type: 'string',
            nargs: 1,
            default: 'TERM',
            describe: 'name or number',
          })
          .usage(
            '$0 kill PID|SERVICE [--signal NAME|NUMBER]\n\nNo process is signalled that acceptd has not started.',
          ),
      async (chosen) => ended(await (await import('./orders.ts')).kill(chosen)),
    );

const addServerOrders = <Options>(
  parser: Argv<Options>,
  ended: (status: ExitStatus) => void,
): Argv<Options> =>
  parser
    .command(
      'reload [service]',
      'have the configuration read again, and tell what came of it',
      (command) =>
        answerOptions(command)
          .positional('service', {
            type: 'string',
            describe: 'have its daemon read its own configuration, in place of acceptd',
          })
          .option('dry-run', {
            type: 'boolean',
            default: false,
            describe: 'only tell what would open, close and change',
          })
          .usage(
            '$0 reload [--dry-run]\n$0 reload SERVICE\n\nExit status 78 if the configuration is refused: then nothing has changed.',
          ),
      async (chosen) => {
        const { service: one } = chosen;
        if (one === undefined) ended(await (await import('./reload.ts')).reload(chosen));
        else ended(await (await import('./orders.ts')).reloadService({ ...chosen, service: one }));
      },
    )
    .command(
      'stop',
      'end a running server',
      (command) =>
        answerOptions(command)
          .option('drain', {
            type: 'number',
            nargs: 1,
            coerce: optionalWholeNumber('drain'),
            describe: 'seconds that instances have to end (default: as the server was told)',
          })
          .option('delay', {
            type: 'number',
            nargs: 1,
            coerce: optionalWholeNumber('delay'),
            describe: 'seconds in which clients are still served, while readiness says no',
          }),
      async (chosen) => ended(await (await import('./orders.ts')).stop(chosen)),
    )
    .command(
      'upgrade',
      'exchange the code of a running server; listeners and instances stay',
      (command) => answerOptions(command),
      async (chosen) => ended(await (await import('./orders.ts')).upgrade(chosen)),
    );

const addCompletion = <Options>(parser: Argv<Options>, ended: (status: ExitStatus) => void): Argv<Options> =>
  parser.command(
    'completion [shell]',
    'print a script that completes these commands in bash or zsh',
    (command) =>
      command
        .positional('shell', {
          choices: ['bash', 'zsh'] as const,
          describe: 'which one (default: as $SHELL says)',
        })
        .example('$0 completion bash >/etc/bash_completion.d/acceptd', 'for everybody'),
    async (chosen) => ended((await import('./complete.ts')).printScript(chosen.shell)),
  );

export const addControlCommands = <Options>(
  parser: Argv<Options>,
  ended: (status: ExitStatus) => void,
): Argv<Options> =>
  addCompletion(addServerOrders(addServiceOrders(addQuestions(parser, ended), ended), ended), ended);
