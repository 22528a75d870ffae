// Every difference between xinetd and acceptd that is meant, with its reason; whatever else differs fails the test.
import { existsSync, readFileSync } from 'node:fs';
import { refused, turnedAway } from '../support/knock.ts';
import { trapped } from './scenes-answer.ts';
import { type Attribute, type ServiceResult, type Trial, type TrialService, writtenValue } from './trial.ts';

type Settle = (service: TrialService, result: ServiceResult) => ServiceResult;

export type Difference = {
  readonly what: string;
  readonly why: string;
  readonly concerns: (service: TrialService, trial: Trial) => boolean;
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

const isTrapped = (source: string): boolean =>
  !source.includes(':') && trapped.some((each) => each === source);

const hasReport = (service: TrialService): boolean => service.kind === 'surroundings';

const nobody: Settle = (_, { outcomes }) => ({ outcomes: outcomes.map(() => refused), lines: [] });

const firstLines: Settle = (_, { outcomes, lines }) => ({
  outcomes: outcomes.map((outcome) => (outcome.split('\n', 1)[0] ?? '').replace(/ .*/s, '')),
  lines,
});

const hasLists = (attributes: readonly Attribute[]): boolean =>
  attributes.some(({ name, value }) => /^(?:only_from|no_access)$/i.test(name) && value !== '');

/** How many kinds of things may turn a client of the service away; cps is not among them, which turns away alone. */
const causesOf = (service: TrialService, { defaults, deny }: Trial): number => {
  const has = (...names: readonly string[]): boolean =>
    [...service.attributes, ...defaults].some(({ name }) => names.includes(name.toLowerCase()));
  return [
    hasLists(service.attributes) || hasLists(defaults),
    has('access_times'),
    has('max_load'),
    has('instances'),
    has('per_source'),
    deny !== '',
  ].filter(Boolean).length;
};

const anyReason = mapLines((line) =>
  line.replace(/(FAIL: \S+) (?:time|load|address|libwrap|service_limit|per_source_limit)/, '$1 REASON'),
);

const notServed: Settle = (_, { outcomes, lines }) =>
  outcomes.some((outcome) => outcome.startsWith('said: '))
    ? { outcomes, lines }
    : { outcomes: outcomes.map(() => 'not served'), lines: [] };

/** Without the IPv4 clients that call sensors. */
const withoutTrapped: Settle = ({ steps }, { outcomes, lines }) => ({
  outcomes: outcomes.filter((_, index) => !isTrapped(steps[index]?.from ?? '')),
  lines: lines.filter((line) => !isTrapped(/from=(?:::ffff:)?(\S+)$/.exec(line)?.[1] ?? '')),
});

const onlyIPv6: Settle = ({ steps }, { outcomes }) => ({
  outcomes: outcomes.filter((_, index) => steps[index]?.from.includes(':')),
  lines: [],
});

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
    xinetd: mapLines((line) => line.replace('pid=PID', 'pid=0').replace('signal=13', 'status=0')),
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
    concerns: ({ attributes }) => attributes.some(({ value }) => /\/33|\.300/.test(value)),
    xinetd: nobody,
  },
  {
    what: 'where several things turn a client away the log names another of them',
    why: 'acceptd asks its lists first, then hours, load and hosts.deny, and counts whom it lets in; xinetd counts first',
    concerns: (service, trial) => causesOf(service, trial) > 1,
    xinetd: anyReason,
    acceptd: anyReason,
  },
  {
    what: 'who may not come to a server that accepts itself gets no answer, and nothing is started for it',
    why: 'the kernel keeps it out; xinetd starts server after server and closes the service (case 48)',
    concerns: (service, trial) =>
      service.kind === 'whole socket stream' &&
      (hasLists(service.attributes) || hasLists(trial.defaults) || trial.deny !== ''),
    xinetd: notServed,
    acceptd: notServed,
  },
  {
    what: 'who has called a sensor is kept out of services with flags = IPv4 too',
    why: 'xinetd remembers the address as ::ffff:a.b.c.d, which such a service never sees (case 55)',
    concerns: (service, { services }) =>
      /\bIPv4\b/.test(writtenValue(service, 'flags') ?? '') &&
      services.some(({ kind }) => kind.endsWith('sensor')),
    xinetd: withoutTrapped,
    acceptd: withoutTrapped,
  },
  {
    what: 'a network of mapped addresses is the same as one of IPv4, also to be taken off a list',
    why: 'they mean the same clients; xinetd takes off only what is written alike',
    concerns: ({ attributes }) =>
      attributes.some(({ operator }) => operator === '-=') &&
      attributes.some(({ value }) => value.includes('::ffff:')),
    xinetd: onlyIPv6,
    acceptd: onlyIPv6,
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
  trial: Trial,
  service: TrialService,
  xinetd: ServiceResult,
  acceptd: ServiceResult,
): { readonly xinetd: ServiceResult; readonly acceptd: ServiceResult } => {
  const concerned = differences.filter(({ concerns }) => concerns(service, trial));
  const take = (side: 'xinetd' | 'acceptd', result: ServiceResult): ServiceResult =>
    sorted(concerned.reduce((left, difference) => difference[side]?.(service, left) ?? left, result));
  return { xinetd: take('xinetd', xinetd), acceptd: take('acceptd', acceptd) };
};
