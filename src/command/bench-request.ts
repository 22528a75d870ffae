// The words of acceptd bench as a request.
import { parsePayload } from '../measure/payload.ts';
import type { Request } from '../measure/request.ts';
import { parseSources } from '../measure/sources.ts';
import { isLoopback, type Mistake } from '../measure/target.ts';
import { parseDuration } from '../model/quantity.ts';
import type { LoadAddress } from '../native/load.ts';

export type BenchChoice = {
  readonly target: string | undefined;
  readonly '--'?: unknown;
  readonly handler: boolean;
  readonly send: string | undefined;
  readonly expect: string | undefined;
  readonly until: 'eof' | 'answer';
  readonly halfClose: boolean | undefined;
  readonly clients: number | undefined;
  readonly rate: number | undefined;
  readonly arrivals: 'even' | 'poisson';
  readonly seed: number;
  readonly duration: string | undefined;
  readonly count: number | undefined;
  readonly warmup: string | undefined;
  readonly timeout: string;
  readonly source: string | undefined;
  readonly reset: boolean | undefined;
  readonly pid: number | undefined;
  readonly trace: string | undefined;
  readonly phases: boolean;
  readonly floor: boolean;
  readonly name: string | undefined;
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly compare: readonly string[];
};

/** Where the load goes, once it is known. */
export type Place = {
  readonly target: string;
  readonly address: LoadAddress;
  readonly pid: number | undefined;
};

const isMistake = <Found extends object>(found: Found | Mistake): found is Mistake => 'mistake' in found;

/** Seconds. */
const secondsOf = (option: string, text: string): number | Mistake => {
  const duration = parseDuration(text);
  if (duration !== undefined) return duration / 1000;
  return { mistake: `--${option} takes a length of time, as 10, 500ms or 1min, not '${text}'` };
};

const ofOption = (option: string, { mistake }: Mistake): Mistake => ({ mistake: `--${option}: ${mistake}` });

const payloadOf = (option: 'send' | 'expect', text: string | undefined): Uint8Array | Mistake => {
  const payload = parsePayload(text ?? '');
  return isMistake(payload) ? ofOption(option, payload) : payload;
};

/** A closed loop has one client unless told; an open one as many as it may need. */
const usualClients = { closed: 1, open: 1024 };
const usualDuration = '10';

/** What does not go together. */
const findConflict = (choice: BenchChoice): string | undefined => {
  if (choice.duration !== undefined && choice.count !== undefined)
    return '--duration and --count both end the run; choose one';
  if (choice.until === 'answer' && choice.expect === undefined)
    return '--until answer needs --expect: the answer is whole when all of that has come';
  return undefined;
};

export const requestOf = (choice: BenchChoice, place: Place): Request | Mistake => {
  const conflict = findConflict(choice);
  if (conflict !== undefined) return { mistake: conflict };
  const { count, rate } = choice;
  const isCounted = count !== undefined;
  const times = {
    duration: isCounted ? 0 : secondsOf('duration', choice.duration ?? usualDuration),
    warmUp: secondsOf('warmup', choice.warmup ?? (isCounted ? '0' : '1')),
    timeout: secondsOf('timeout', choice.timeout),
  };
  const { duration, warmUp, timeout } = times;
  if (typeof duration !== 'number') return duration;
  if (typeof warmUp !== 'number') return warmUp;
  if (typeof timeout !== 'number') return timeout;
  if (!isCounted && duration === 0) return { mistake: '--duration takes more than nothing' };
  if (timeout === 0) return { mistake: '--timeout takes more than nothing' };
  const sends = payloadOf('send', choice.send);
  if (isMistake(sends)) return sends;
  const expects = payloadOf('expect', choice.expect);
  if (isMistake(expects)) return expects;
  const sources = choice.source === undefined ? undefined : parseSources(choice.source);
  if (sources !== undefined && isMistake(sources)) return ofOption('source', sources);
  const { address } = place;
  if (sources !== undefined && (address.kind === 'unix' || address.version === 6))
    return { mistake: '--source gives IPv4 addresses; the target has none' };
  return {
    name: choice.name ?? place.target,
    target: place.target,
    address,
    clients: choice.clients ?? (rate === undefined ? usualClients.closed : usualClients.open),
    rate,
    arrivals: choice.arrivals,
    seed: choice.seed,
    duration: isCounted ? undefined : duration,
    count,
    warmUp,
    timeout,
    sends,
    expects,
    endsAt: choice.until === 'answer' ? 'answer' : 'end of file',
    shutsDown: choice.halfClose ?? (sends.length > 0 && choice.until === 'eof'),
    resets: choice.reset ?? isLoopback(address),
    sources,
    pid: place.pid,
  };
};
