// The keys about how long a service's processes live and how they end.
import { type EndStatuses, killModes, type Lifetime, plainLifetime } from '../../model/daemon.ts';
import { type Milliseconds, parseCount } from '../../model/quantity.ts';
import { signalNumber } from '../signals.ts';
import type { Report, Token } from '../source.ts';
import { type Keys, readChoice, readDurationValue, readSwitch } from './keys.ts';

const lifetimeKeys = [
  'kill_mode',
  'kill_signal',
  'final_signal',
  'send_hangup',
  'send_kill',
  'stop_timeout',
  'max_runtime',
  'success',
];

export const readSignal = (value: Token | undefined, report: Report): number | undefined => {
  if (value === undefined) return undefined;
  return (
    signalNumber(value.text) ??
    report.error(value, `'${value.text}' is no signal`, 'write one as TERM or HUP')
  );
};

/** `never` is undefined; so is what has an error, and `otherwise` where nothing is written. */
export const readLimitOrNever = (
  value: Token | undefined,
  otherwise: Milliseconds | undefined,
  report: Report,
): Milliseconds | undefined => {
  if (value === undefined) return otherwise;
  return value.text === 'never' ? undefined : readDurationValue(value, report);
};

/** Numbers are exit statuses, names are signals. */
export const readStatuses = (values: readonly Token[], report: Report): EndStatuses => {
  const codes: number[] = [];
  const signals: number[] = [];
  for (const value of values) {
    const code = parseCount(value.text);
    const signal = code === undefined ? signalNumber(value.text) : undefined;
    if (code !== undefined && code <= 255) codes.push(code);
    else if (signal !== undefined) signals.push(signal);
    else report.error(value, `'${value.text}' is no exit status and no signal`, 'write 0 to 255, or TERM');
  }
  return { codes, signals };
};

/** undefined where nothing is written and no daemon needs it. */
export const readLifetimeKeys = (keys: Keys, isDaemon: boolean, report: Report): Lifetime | undefined => {
  if (!isDaemon && lifetimeKeys.every((key) => keys.place(key) === undefined)) return undefined;
  const { ending } = plainLifetime;
  const success = keys.all('success');
  return {
    ending: {
      mode: readChoice(keys.one('kill_mode'), killModes, report) ?? ending.mode,
      signal: readSignal(keys.one('kill_signal'), report) ?? ending.signal,
      finalSignal: readSignal(keys.one('final_signal'), report) ?? ending.finalSignal,
      hangsUp: readSwitch(keys.one('send_hangup'), report) ?? ending.hangsUp,
      kills: readSwitch(keys.one('send_kill'), report) ?? ending.kills,
      timeout: readLimitOrNever(keys.one('stop_timeout'), ending.timeout, report),
    },
    longest: readLimitOrNever(keys.one('max_runtime'), undefined, report),
    success: success === undefined ? plainLifetime.success : readStatuses(success, report),
  };
};
