// The options of `acceptd relay`, in words.
import type { Argv } from 'yargs';
import { type Milliseconds, parseDuration } from '../model/quantity.ts';
import { positiveWholeNumber, UsageError } from './option-values.ts';

/** Also as systemd writes them: `1min 30s`, `infinity`. */
const duration =
  (option: string) =>
  (word: string | undefined): Milliseconds | undefined => {
    if (word === undefined || word === 'infinity') return undefined;
    const value = parseDuration(word.replace(/\s+/g, ''));
    if (value !== undefined && value > 0) return value;
    throw new UsageError(`--${option} takes a time, as 90, 10min or infinity`);
  };

export const relayOptions = <Options>(command: Argv<Options>) =>
  command
    .usage(
      '$0 relay ADDRESS... --to TARGET...\n$0 relay [--to] TARGET\n\nADDRESS: PORT, HOST:PORT, /path, @abstract-name; without one, all sockets that acceptd was started with (LISTEN_FDS). TARGET: HOST:PORT, HOST (port 80), /path, @abstract-name; several are tried in order.',
    )
    .positional('addresses', { type: 'string', array: true, describe: 'where to listen' })
    .option('to', {
      type: 'string',
      array: true,
      nargs: 1,
      describe: 'where connections lead; may be repeated',
    })
    .option('connections-max', {
      alias: 'c',
      type: 'number',
      coerce: positiveWholeNumber('connections-max'),
      default: 256,
      describe: 'at most so many connections at once',
    })
    .option('on-limit', {
      choices: ['hold', 'refuse'] as const,
      default: 'hold' as const,
      describe: 'let further clients wait, or close',
    })
    .option('exit-idle-time', {
      type: 'string',
      coerce: duration('exit-idle-time'),
      describe: 'end when no connection has been open for so long',
    })
    .option('idle-timeout', {
      type: 'string',
      coerce: duration('idle-timeout'),
      describe: 'end a connection in which nothing has moved for so long',
    })
    .option('connect-timeout', {
      type: 'string',
      coerce: duration('connect-timeout'),
      describe: 'for how long each target may take (default: 30s)',
    })
    .option('retry', {
      type: 'string',
      coerce: duration('retry'),
      describe: 'try again for so long when all targets refuse; the client waits',
    })
    .option('proxy-protocol', {
      choices: ['v1', 'v2'] as const,
      describe: "send the client's address first (PROXY protocol)",
    });
