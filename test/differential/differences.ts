// Every difference between xinetd and acceptd that is meant, with its reason; whatever else differs fails the test.
import { type ServiceResult, type TrialService, writtenValue } from './trial.ts';

export type Difference = {
  readonly what: string;
  readonly why: string;
  readonly concerns: (service: TrialService) => boolean;
  /** What is left of each side when this difference is taken away. */
  readonly xinetd?: (result: ServiceResult) => ServiceResult;
  readonly acceptd?: (result: ServiceResult) => ServiceResult;
};

const mapLines =
  (change: (line: string) => string | undefined) =>
  ({ outcomes, lines }: ServiceResult): ServiceResult => ({
    lines,
    outcomes: outcomes.map((outcome) =>
      outcome
        .split('\n')
        .flatMap((line) => change(line) ?? [])
        .join('\n'),
    ),
  });

const without = (lines: readonly string[], unwanted: string): readonly string[] => {
  const at = lines.indexOf(unwanted);
  return at < 0 ? lines : lines.toSpliced(at, 1);
};

const denials = /^(.*)FAIL: (\S+) (?:address|libwrap)(?: (from=\S+))?$/;

/** A START and an EXIT with status 0 for everybody whom xinetd's child has turned away. */
const withoutDenied = ({ outcomes, lines }: ServiceResult): ServiceResult => {
  let left = lines;
  for (const line of lines) {
    const [, head = '', id, from] = denials.exec(line) ?? [];
    if (id === undefined) continue;
    const starts = left.filter((each) => each.startsWith(`${head}START: ${id}`));
    const start = starts.find((each) => from === undefined || each.endsWith(from)) ?? starts[0];
    const exit = left.find(
      (each) => each.startsWith(`${head}EXIT: ${id}`) && !/status=[1-9]|signal=/.test(each),
    );
    for (const each of [start, exit]) if (each !== undefined) left = without(left, each);
  }
  return { outcomes, lines: left };
};

const hasReport = (service: TrialService): boolean => service.kind === 'surroundings';

export const differences: readonly Difference[] = [
  {
    what: 'a client who is denied leaves a FAIL line only',
    why: 'acceptd decides before anything is started; xinetd starts a child that decides, and logs it as START and EXIT',
    concerns: () => true,
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
    what: 'each denied datagram has its FAIL line',
    why: "xinetd's memory of whom it has just written about does not begin empty, so that a line is now and then left out",
    concerns: ({ kind }) => /^internal \S+ dgram/.test(kind),
    xinetd: ({ outcomes, lines }) => ({ outcomes, lines: lines.filter((line) => !denials.test(line)) }),
    acceptd: ({ outcomes, lines }) => ({ outcomes, lines: lines.filter((line) => !denials.test(line)) }),
  },
];

export const settle = (
  service: TrialService,
  xinetd: ServiceResult,
  acceptd: ServiceResult,
): { readonly xinetd: ServiceResult; readonly acceptd: ServiceResult } =>
  differences
    .filter(({ concerns }) => concerns(service))
    .reduce(
      (sides, difference) => ({
        xinetd: difference.xinetd?.(sides.xinetd) ?? sides.xinetd,
        acceptd: difference.acceptd?.(sides.acceptd) ?? sides.acceptd,
      }),
      { xinetd, acceptd },
    );
