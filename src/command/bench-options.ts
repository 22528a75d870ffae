// The options of acceptd bench, in words.
import type { Argv } from 'yargs';
import { positiveNumber, positiveWholeNumber, wholeNumber } from './option-values.ts';

/** Options of a benchmark. */
export const benchOptions = <Options>(command: Argv<Options>) =>
  command
    .option('handler', {
      type: 'boolean',
      default: false,
      describe: 'start an acceptd for the program after --, measure it and follow its connections through it',
    })
    .option('send', {
      type: 'string',
      describe: 'what each client says: TEXT with \\n, \\r, \\xHH, or @FILE',
    })
    .option('expect', { type: 'string', describe: 'what each answer begins with; anything else is an error' })
    .option('until', {
      choices: ['eof', 'answer'] as const,
      default: 'eof' as const,
      describe: "a connection is over at the server's end of file, or when all that is expected has come",
    })
    .option('half-close', {
      type: 'boolean',
      describe: 'end our direction after --send (default: yes, unless --until answer)',
    })
    .option('clients', {
      type: 'number',
      coerce: positiveWholeNumber('clients'),
      describe: 'connections at once (default: 1; with --rate at most 1024)',
    })
    .option('rate', {
      type: 'number',
      coerce: positiveNumber('rate'),
      describe: 'begin so many connections a second, whatever the server does',
    })
    .option('arrivals', {
      choices: ['even', 'poisson'] as const,
      default: 'even' as const,
      describe: 'when those begin: at even distances, or as clients that do not know of each other',
    })
    .option('seed', {
      type: 'number',
      coerce: wholeNumber('seed'),
      default: 1,
      describe: 'of the poisson arrivals: the same seed, the same moments',
    })
    .option('duration', { type: 'string', describe: 'how long is measured (default: 10 seconds)' })
    .option('count', {
      type: 'number',
      coerce: positiveWholeNumber('count'),
      describe: 'how many connections are measured, instead of how long',
    })
    .option('warmup', {
      type: 'string',
      describe: 'how long before that (default: 1 second; 0 with --count)',
    })
    .option('timeout', {
      type: 'string',
      default: '5',
      describe: 'a connection that takes longer is an error',
    })
    .option('source', {
      type: 'string',
      describe: 'addresses that clients connect from in turn: ADDRESS, ADDRESS/BITS or FIRST-LAST',
    })
    .option('reset', {
      type: 'boolean',
      describe: 'close with a reset, so that no port stays in TIME_WAIT (default: on loopback)',
    })
    .option('pid', {
      type: 'number',
      coerce: positiveWholeNumber('pid'),
      describe: "the server's process, for its use of processor and memory (default: who listens there)",
    })
    .option('trace', {
      type: 'string',
      describe: 'the file that the measured acceptd writes its --trace to: adds the steps of a connection',
    })
    .option('phases', {
      type: 'boolean',
      default: false,
      describe: "follow any server's processes by the kernel's stamps (as root)",
    })
    .option('floor', {
      type: 'boolean',
      default: true,
      describe: 'measure also what the client itself costs',
    })
    .option('name', { type: 'string', describe: 'what the run is called in comparisons' })
    .option('json', {
      type: 'string',
      nargs: 1,
      describe: 'write the result to a file (- for stdout); see docs/bench.md',
    })
    .option('html', { type: 'string', nargs: 1, describe: 'write a report with charts to a file' })
    .option('compare', {
      type: 'string',
      array: true,
      default: [],
      describe: 'results of earlier runs (--json) to compare with; alone: only those',
    });
