// Reads results that an earlier run has written as JSON, and says what is wrong with a file that holds none.
import {
  type ClientPhase,
  type Distribution,
  type ErrorKind,
  type Floor,
  type Latency,
  type Moment,
  type Phase,
  type Phases,
  type Result,
  resultSchema,
  type ServerUse,
  type Settings,
  type Surroundings,
} from './result.ts';
import {
  type Check,
  fieldOf,
  isAmount,
  isFlag,
  isListOf,
  isOneOf,
  isPairOf,
  isShape,
  isText,
  maybe,
} from './shape.ts';

const isDistribution = isShape<Distribution>({
  count: isAmount,
  least: isAmount,
  mean: isAmount,
  p50: isAmount,
  p90: isAmount,
  p99: isAmount,
  p99_9: isAmount,
  most: isAmount,
  curve: isListOf(isPairOf(isAmount, isAmount)),
});

const isLatency = isShape<Latency>({ uncorrected: isDistribution, corrected: isDistribution });

const isMoment = isShape<Moment>({
  at: isAmount,
  seconds: isAmount,
  connections: isAmount,
  errors: isAmount,
  latency: maybe(isShape<NonNullable<Moment['latency']>>({ p50: isAmount, p99: isAmount, most: isAmount })),
});

const isPhase = isShape<Phase>({ name: isText, from: isText, to: isText, distribution: isDistribution });

const isPhases = isShape<Phases>({
  sequence: isListOf(isPhase),
  overlapping: isListOf(isPhase),
  unknown: isListOf(isText),
  traced: isAmount,
});

const isServerUse = isShape<ServerUse>({
  pid: isAmount,
  command: isText,
  userTimePerConnection: isAmount,
  systemTimePerConnection: isAmount,
  peakKibibytes: maybe(isAmount),
  peakIs: isOneOf('of the run', 'since its start'),
  note: maybe(isText),
});

const isServer: Check = (value, at) =>
  fieldOf(value, 'unknown') === undefined
    ? isServerUse(value, at)
    : isShape<{ readonly unknown: string }>({ unknown: isText })(value, at);

const isSettings = isShape<Settings>({
  loop: isOneOf('closed', 'open'),
  clients: isAmount,
  rate: maybe(isAmount),
  arrivals: maybe(isOneOf('even', 'poisson')),
  seed: maybe(isAmount),
  duration: maybe(isAmount),
  count: maybe(isAmount),
  warmUp: isAmount,
  timeout: isAmount,
  sends: isAmount,
  expects: maybe(isAmount),
  endsAt: isOneOf('end of file', 'answer'),
  closes: isOneOf('reset', 'orderly'),
  sources: maybe(isText),
});

const isSurroundings = isShape<Surroundings>({
  processors: isAmount,
  model: isText,
  memoryMebibytes: isAmount,
  kernel: isText,
  architecture: isText,
  acceptd: isText,
  node: isText,
});

const isFloor = isShape<Floor>({
  rate: isAmount,
  firstByte: isShape<Floor['firstByte']>({ p50: isAmount, p99: isAmount }),
  clientTimePerConnection: isAmount,
});

const faultOf = isShape<Result>({
  schema: isOneOf(resultSchema),
  name: isText,
  target: isText,
  startedAt: isText,
  settings: isSettings,
  surroundings: isSurroundings,
  seconds: isAmount,
  connections: isAmount,
  rate: isAmount,
  errors: isShape<Record<ErrorKind, number>>({
    refused: isAmount,
    reset: isAmount,
    timeout: isAmount,
    short: isAmount,
    'wrong answer': isAmount,
    unreachable: isAmount,
    'no port': isAmount,
    'no descriptor': isAmount,
    other: isAmount,
  }),
  unfinished: isAmount,
  unrecorded: isAmount,
  late: isAmount,
  isInterrupted: isFlag,
  latency: isShape<Record<ClientPhase, Latency>>({
    connect: isLatency,
    firstByte: isLatency,
    lastByte: isLatency,
    close: isLatency,
  }),
  timeline: isListOf(isMoment),
  clientTimePerConnection: isAmount,
  floor: maybe(isFloor),
  server: isServer,
  phases: maybe(isPhases),
});

const isResult = (value: unknown): value is Result => faultOf(value, '') === undefined;

const advice = 'give a file that acceptd bench --json has written';

/** `place` says where in the file, and begins with a space if it says anything. */
const toResult = (value: unknown, file: string, place: string): Result => {
  if (isResult(value)) return value;
  const schema = fieldOf(value, 'schema');
  if (typeof schema === 'string' && schema !== resultSchema && schema.startsWith('acceptd-bench/')) {
    const what = `a result of another version of acceptd (${schema}; this one reads ${resultSchema})`;
    throw new Error(`${file}${place}: ${what}; measure again with this version`);
  }
  throw new Error(`${file}${place}: not a result of acceptd bench: ${faultOf(value, '')}; ${advice}`);
};

type Parsed = { readonly value: unknown } | { readonly fault: string };

const parse = (text: string): Parsed => {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
};

const readLines = (text: string, file: string): readonly Result[] =>
  text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = parse(line);
    if ('fault' in parsed) throw new Error(`${file} line ${index + 1}: not JSON: ${parsed.fault}; ${advice}`);
    return [toResult(parsed.value, file, ` line ${index + 1}`)];
  });

/**
 * The results in a file's text: one object, a list of them, or one object a line. An Error says which `file` is not
 * right, where, and what to do.
 */
export const readResults = (text: string, file: string): readonly Result[] => {
  const content = text.replace(/^\uFEFF/, '');
  if (content.trim() === '') throw new Error(`${file}: the file is empty; ${advice}`);
  const whole = parse(content);
  if ('fault' in whole) {
    // several lines of an object that somebody has indented are no objects of their own
    const [first = ''] = content.trimStart().split('\n');
    if ('fault' in parse(first)) throw new Error(`${file}: not JSON: ${whole.fault}; ${advice}`);
    return readLines(content, file);
  }
  if (!Array.isArray(whole.value)) return [toResult(whole.value, file, '')];
  if (whole.value.length === 0) throw new Error(`${file}: the list has no result; ${advice}`);
  return whole.value.map((each: unknown, index) => toResult(each, file, ` result ${index + 1}`));
};
