// The options of acceptd convert, in words.
import type { Argv } from 'yargs';

export const targetNames = ['inetd', 'xinetd', 'systemd', 'json'] as const;
export type TargetName = (typeof targetNames)[number];

export const convertOptions = <Options>(command: Argv<Options>) =>
  command
    .option('to', {
      choices: targetNames,
      demandOption: true,
      describe: "inetd: acceptd's own language, which loses nothing",
    })
    .option('output', {
      alias: 'o',
      type: 'string',
      nargs: 1,
      describe: 'file, or directory, to write to (default: stdout); units need a directory',
    })
    .option('check', {
      type: 'boolean',
      default: false,
      describe: 'read the result back and compare; write nothing where more differs than was said',
    })
    .option('force', { type: 'boolean', default: false, describe: 'replace files that are there' })
    .usage(
      '$0 convert --to LANGUAGE [-f PATH]... [-o FILE|DIRECTORY]\n\nWhat the language cannot say is told on stderr, with the place that it was read from.',
    )
    .example('$0 convert --to inetd -f /etc/xinetd.conf --check -o acceptd.conf', 'away from xinetd.conf')
    .example(
      '$0 convert --to systemd -f /etc/inetd.conf --dialect debian -o units/',
      'a unit for each service',
    );
