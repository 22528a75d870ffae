// The commands that measure and examine, in words; what each does is loaded only when it runs.
import type { Argv } from 'yargs';
import type { ExitStatus } from '../exit-status.ts';
import { benchOptions } from './bench-options.ts';
import { optionalPid } from './option-values.ts';

export const addToolCommands = <Options>(
  parser: Argv<Options>,
  ended: (status: ExitStatus) => void,
): Argv<Options> =>
  parser
    .command(
      'bench [target]',
      'measure what a connection costs',
      (command) =>
        benchOptions(command)
          .usage(
            '$0 bench TARGET\n$0 bench --handler -- PROGRAM [ARGUMENT...]\n\nTARGET: PORT, HOST:PORT, udp:HOST:PORT, /path, @abstract-name. INT ends a run early and prints what there is.',
          )
          .positional('target', { type: 'string', describe: 'what to connect to' })
          .example(
            '$0 bench 127.0.0.1:79 --send "root\\r\\n" --clients 8',
            'a finger server, eight at a time',
          )
          .example(
            '$0 bench 8080 --rate 500 --duration 1min --html report.html',
            'as many as come, with a report',
          )
          .example('$0 bench --handler -- /bin/date', 'what starting a program costs, step by step'),
      async (chosen) => ended(await (await import('./bench.ts')).bench(chosen)),
    )
    .command(
      'consistency [pid]',
      'have a running acceptd look whether its tables agree',
      (command) =>
        command
          .usage(
            '$0 consistency PID\n$0 consistency --pid-file FILE\n\nPrints what does not agree; exit status 1 if there is anything. No other process than an acceptd is signalled.',
          )
          .positional('pid', {
            type: 'number',
            coerce: optionalPid,
            describe: 'which server',
          })
          .option('pid-file', { type: 'string', nargs: 1, describe: 'the file that its pid is in' })
          .example(
            '$0 consistency --pid-file /run/xinetd.pid',
            'the tables of the server with this pid file',
          ),
      async (chosen) => ended(await (await import('./consistency.ts')).consistency(chosen)),
    );
