// What a server is told about its control sockets and its end, in words.
import type { Argv } from 'yargs';
import { wholeNumber } from './option-values.ts';

/** --no-control comes as false. */
const pathOrNone = (value: unknown): string | undefined => {
  if (value === false) return '';
  return value === undefined ? undefined : String(value);
};

export const controlServerOptions = <Options>(command: Argv<Options>) =>
  command
    .option('control', {
      type: 'string',
      nargs: 1,
      coerce: pathOrNone,
      describe: 'where the control socket is made; --no-control for none',
    })
    .option('control-group', {
      type: 'string',
      nargs: 1,
      describe: 'group whose members may look through the control socket, and change nothing',
    })
    .option('control-http', {
      type: 'string',
      nargs: 1,
      describe: 'ADDRESS:PORT for /livez, /readyz and /metrics over TCP, to whoever asks',
    })
    .option('drain-delay', {
      type: 'number',
      coerce: wholeNumber('drain-delay'),
      default: 0,
      describe: 'seconds at TERM in which clients are still served while /readyz says no',
    });
