// Every difference between xinetd and acceptd that is meant, with its reason; whatever else differs fails the test.
import { existsSync, readFileSync } from 'node:fs';
import { refused, turnedAway } from '../support/knock.ts';
import { type ServiceResult, type TrialService, writtenValue } from './trial.ts';

type Settle = (service: TrialService, result: ServiceResult) => ServiceResult;

export type Difference = {
  readonly what: string;
  readonly why: string;
  readonly concerns: (service: TrialService) => boolean;
  /** What is left of each side when this difference is taken away. */
  readonly xinetd?: Settle;
  readonly acceptd?: Settle;
};

/** What trials have as banner. */
export const bannerFile = '/etc/debian_version';
const banner = existsSync(bannerFile) ? readFileSync(bannerFile, 'latin1') : '';
const refusals = [refused, turnedAway, 'no answer'];

const mapLines =
  (change: (line: string) => string | undefined): Settle =>
  (_, { outcomes, lines }) => ({
    lines: lines.flatMap((line) => change(line) ?? []),
    outcomes: outcomes.map((outcome) =>
      outcome
        .split('\n')
        .flatMap((line) => change(line) ?? [])
        .join('\n'),
    ),
  });

const without = (lines: readonly string[], unwanted: string | undefined): readonly string[] => {
  const at = unwanted === undefined ? -1 : lines.indexOf(unwanted);
  return at < 0 ? lines : lines.toSpliced(at, 1);
};

/** How often clients of a source got more than a banner. */
const timesServed = (service: TrialService, outcomes: readonly string[], source?: string): number =>
  service.steps
    .flatMap((step, index) => {
      if (source !== undefined && step.from !== source) return [];
      const outcome = outcomes[index] ?? '';
      return step.do === 'rush' ? outcome.split('\n') : [outcome];
    })
    .filter(
      (outcome) => !refusals.includes(outcome) && outcome.replace('said: ', '').replaceAll(banner, '') !== '',
    ).length;

/** START and EXIT lines with status 0 of those whom xinetd's child has turned away. */
const withoutDenied = (service: TrialService, { outcomes, lines }: ServiceResult): ServiceResult => {
  const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
  const starts = lines.filter((line) => /START: /.test(line));
  const surplus = (all: readonly string[], served: number): readonly string[] =>
    all.slice(0, Math.max(0, all.length - served));
  const sources = [...new Set(service.steps.map(({ from }) => from))];
  const unwantedStarts = starts.some((line) => line.includes(' from='))
    ? sources.flatMap((source) =>
        surplus(
          starts.filter((line) => line.endsWith(`=${source}`) || line.endsWith(`:ffff:${source}`)),
          timesServed(service, outcomes, source),
        ),
      )
    : surplus(starts, timesServed(service, outcomes));
  const ends = count(/EXIT: /) - timesServed(service, outcomes);
  const unwantedEnds = lines
    .filter((line) => /EXIT: /.test(line) && !/status=[1-9]|signal=/.test(line))
    .slice(0, Math.max(0, ends));
  return { outcomes, lines: [...unwantedStarts, ...unwantedEnds].reduce(without, lines) };
};

const hasReport = (service: TrialService): boolean => service.kind === 'surroundings';

const lists = ({ attributes }: TrialService): TrialService['attributes'] =>
  attributes.filter(({ name }) => /^(?:only_from|no_access)$/i.test(name));

const nobody: Settle = (_, { outcomes }) => ({ outcomes: outcomes.map(() => refused), lines: [] });

const firstLines: Settle = (_, { outcomes, lines }) => ({
  outcomes: outcomes.map((outcome) => (outcome.split('\n', 1)[0] ?? '').replace(/ .*/s, '')),
  lines,
});

const anyReason = mapLines((line) => line.replace(/(FAIL: \S+) (?:time|load|address)/, '$1 REASON'));

/** Only where nothing was passed on; a PATH of the daemon's own environment is another. */
const withoutCleanPath = mapLines((line) =>
  line === 'environment PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' ? undefined : line,
);

export const differences: readonly Difference[] = [
  {
    what: 'a client who is denied leaves a FAIL line only',
    why: 'acceptd decides before anything is started; xinetd starts a child that decides, and logs it as START and EXIT',
    concerns: ({ kind }) => !/whole socket|dgram/.test(kind),
    xinetd: withoutDenied,
  },
  {
    what: "handlers find REMOTE_ADDR and its kin beside xinetd's REMOTE_HOST",
    why: 'both addresses and both ports are known, and handlers made for other super-servers want them',
    concerns: hasReport,
    acceptd: mapLines((line) =>
      /^environment (REMOTE_ADDR|REMOTE_PORT|PROTO|TCPREMOTEIP|TCPREMOTEPORT|TCPLOCALIP|TCPLOCALPORT)=/.test(
        line,
      )
        ? undefined
        : line,
    ),
  },
  {
    what: 'a handler always finds a PATH',
    why: 'where none is passed on it is the clean one; what a program makes of none depends on its C library',
    concerns: hasReport,
    xinetd: withoutCleanPath,
    acceptd: withoutCleanPath,
  },
  {
    what: 'the soft limit of descriptors is what acceptd was started with, not the hard limit',
    why: 'programs that use select(2) or close every descriptor rely on the low soft limit',
    concerns: (service) => hasReport(service) && writtenValue(service, 'rlimit_files') === undefined,
    xinetd: mapLines((line) => line.replace(/^limit 7 \d+ /, 'limit 7 soft ')),
    acceptd: mapLines((line) => line.replace(/^limit 7 \d+ /, 'limit 7 soft ')),
  },
  {
    what: 'a negative nice works for every user',
    why: 'xinetd sets it after it has given up the right to (case 40)',
    concerns: (service) =>
      hasReport(service) &&
      writtenValue(service, 'nice') === '-5' &&
      writtenValue(service, 'user') !== 'root',
    xinetd: mapLines((line) => line.replace(/^nice 0$/, 'nice -5')),
  },
  {
    what: 'built-ins and relays are no processes: their pid is 0',
    why: 'acceptd answers and copies itself; xinetd forks for relays and for built-ins that take long',
    concerns: ({ kind }) => kind === 'relay' || /^internal (echo|chargen) stream/.test(kind),
    xinetd: mapLines((line) => line.replace('pid=PID', 'pid=0')),
  },
  {
    what: 'a datagram of chargen is answered with one line',
    why: "xinetd's 1,024 bytes for any byte make a small flood a large one",
    concerns: ({ kind }) => kind === 'internal chargen dgram',
    xinetd: firstLines,
    acceptd: firstLines,
  },
  {
    what: 'an access list with something that is no address keeps the service off',
    why: 'xinetd reads 10.9.8.0/33 as one host and leaves 10.9.8.300 out; a list that was not understood lets nobody in',
    concerns: (service) => lists(service).some(({ value }) => /\/33|\.300/.test(value)),
    xinetd: nobody,
  },
  {
    what: 'whom a list denies is told and logged as such, whatever the hour and the load',
    why: 'the lists are asked first, so that who is denied counts nowhere else',
    concerns: (service) =>
      lists(service).length > 0 &&
      ['access_times', 'max_load'].some((name) => writtenValue(service, name) !== undefined),
    xinetd: anyReason,
    acceptd: anyReason,
  },
  {
    what: "root's own group is not among its other groups",
    why: 'where acceptd runs as root in no other group there is nothing to be set for a handler of root',
    concerns: (service) =>
      hasReport(service) &&
      writtenValue(service, 'user') === 'root' &&
      writtenValue(service, 'group') === undefined,
    xinetd: mapLines((line) => (line === 'group 0' ? undefined : line)),
    acceptd: mapLines((line) => (line === 'group 0' ? undefined : line)),
  },
];

const sorted = ({ outcomes, lines }: ServiceResult): ServiceResult => ({ outcomes, lines: lines.toSorted() });

/** Both sides without what is meant to differ. */
export const settle = (
  service: TrialService,
  xinetd: ServiceResult,
  acceptd: ServiceResult,
): { readonly xinetd: ServiceResult; readonly acceptd: ServiceResult } => {
  const concerned = differences.filter(({ concerns }) => concerns(service));
  const take = (side: 'xinetd' | 'acceptd', result: ServiceResult): ServiceResult =>
    sorted(concerned.reduce((left, difference) => difference[side]?.(service, left) ?? left, result));
  return { xinetd: take('xinetd', xinetd), acceptd: take('acceptd', acceptd) };
};
