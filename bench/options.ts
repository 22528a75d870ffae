// The command line of the benchmark.
import { parseArgs } from 'node:util';

export const usage = `npm run bench -- [options]
  --quick             short rounds, to see that everything works; the figures mean little
  --rounds N          how many times every server is measured in each scenario (default 15)
  --only HANDLER      only this handler: empty, static or dynamic
  --only [HANDLER]/SERVER
                      only this server, beside the bare loop and acceptd; may be repeated
  --listeners         only the second part: 1 listener against 10,000
  --json FILE         write every single measurement to FILE
  --update-readme     write the tables into README.md, between its bench markers
  --help`;

export type Options = {
  readonly help: boolean;
  readonly rounds: number;
  readonly warmUp: number;
  readonly duration: number;
  readonly listenerCount: number;
  readonly handlers: readonly string[];
  readonly servers: readonly string[];
  readonly parts: { readonly comparison: boolean; readonly listeners: boolean };
  readonly jsonFile: string | undefined;
  readonly updateReadme: boolean;
};

const mostRounds = 1000;

/** Throws an Error whose message is for the user. */
export const readOptions = (commandLine: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...commandLine],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      listeners: { type: 'boolean', default: false },
      json: { type: 'string' },
      'update-readme': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 15) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > mostRounds)
    throw new Error(`--rounds takes a number from 1 to ${mostRounds}, not "${values.rounds}"`);
  const only = values.only.map((choice) => choice.split('/'));
  if (only.length > 0 && values.listeners) throw new Error('--only and --listeners exclude each other');
  return {
    help: values.help,
    rounds,
    // Short, so that what disturbs the machine for seconds disturbs all servers of a round alike.
    warmUp: values.quick ? 20 : 60,
    duration: values.quick ? 100 : 250,
    listenerCount: values.quick ? 1000 : 10000,
    handlers: only.map(([handler]) => handler ?? '').filter((name) => name !== ''),
    servers: only.map(([, server]) => server ?? '').filter((name) => name !== ''),
    parts: { comparison: !values.listeners, listeners: only.length === 0 },
    jsonFile: values.json,
    updateReadme: values['update-readme'],
  };
};
