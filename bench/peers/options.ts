// The command line of the comparison.
import { parseArgs } from 'node:util';

export type Options = {
  readonly help: boolean;
  readonly rounds: number;
  /** Milliseconds. */
  readonly warmUp: number;
  readonly duration: number;
  /** No scenario has more listeners, instances, connects or sources than this. */
  readonly largest: number;
  /** Empty: all. */
  readonly handlers: readonly string[];
  readonly servers: readonly string[];
  readonly scenarios: readonly string[];
  readonly peersRoot: string | undefined;
  readonly jsonFile: string | undefined;
  readonly htmlFile: string | undefined;
  readonly update: boolean;
  readonly settings: boolean;
};

export type Names = {
  readonly servers: readonly string[];
  readonly handlers: readonly string[];
  readonly scenarios: readonly string[];
};

export const renderUsage = (names: Names): string => `npm run bench:peers -- [options]
  --rounds N          how many times every server is measured in each scenario (default 15)
  --duration MS       how long each time (default 250)
  --warm-up MS        how long before that it is asked without being measured (default 60)
  --only SERVER/HANDLER, --only SERVER, --only /HANDLER
                      only these servers and these handlers; may be repeated
  --scenarios NAMES   only these, separated by commas
  --largest N         no more listeners, live instances, connects or sources than this (default 100000)
  --peers-root DIR    where packages were unpacked (bench/README.md)
  --json FILE         write every single measurement to FILE
  --html FILE         write a report with charts to FILE
  --update            write the tables into bench/README.md and README.md, between their markers
  --settings          only write what each server is told into bench/README.md
  --help

servers:   ${names.servers.join(', ')}
handlers:  ${names.handlers.join(', ')}
scenarios: ${names.scenarios.join(', ')}`;

const readNumber = (
  name: string,
  text: string | undefined,
  usual: number,
  range: readonly [number, number],
) => {
  if (text === undefined) return usual;
  const value = Number(text);
  const [least, most] = range;
  if (text !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} takes a number from ${least} to ${most}, not "${text}"`);
};

const checkNames = (option: string, given: readonly string[], known: readonly string[]): void => {
  const stranger = given.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw new Error(`--${option} knows no "${stranger}"; there are ${known.join(', ')}`);
};

const withoutEmpty = (names: readonly string[]): readonly string[] => [
  ...new Set(names.filter((name) => name !== '')),
];

/** Throws an Error whose message is for the user. */
export const readOptions = (commandLine: readonly string[], names: Names): Options => {
  const { values } = parseArgs({
    args: [...commandLine],
    options: {
      rounds: { type: 'string' },
      duration: { type: 'string' },
      'warm-up': { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      scenarios: { type: 'string', default: '' },
      largest: { type: 'string' },
      'peers-root': { type: 'string' },
      json: { type: 'string' },
      html: { type: 'string' },
      update: { type: 'boolean', default: false },
      settings: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only.map((choice) => choice.split('/'));
  const servers = withoutEmpty(only.map(([server]) => server ?? ''));
  const handlers = withoutEmpty(only.map(([, handler]) => handler ?? ''));
  const scenarios = withoutEmpty(values.scenarios.split(','));
  checkNames('only', servers, names.servers);
  checkNames('only', handlers, names.handlers);
  checkNames('scenarios', scenarios, names.scenarios);
  return {
    help: values.help,
    rounds: readNumber('rounds', values.rounds, 15, [1, 1000]),
    // Short, so that what disturbs the machine for seconds disturbs all servers of a round alike.
    duration: readNumber('duration', values.duration, 250, [10, 60000]),
    warmUp: readNumber('warm-up', values['warm-up'], 60, [0, 60000]),
    largest: readNumber('largest', values.largest, 100000, [1, 1000000]),
    handlers,
    servers,
    scenarios,
    peersRoot: values['peers-root'],
    jsonFile: values.json,
    htmlFile: values.html,
    update: values.update,
    settings: values.settings,
  };
};
