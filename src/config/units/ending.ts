// How a service's processes are ended, and how long they may live.
import { type Ending, killModes, type Lifetime, plainLifetime } from '../../model/daemon.ts';
import { type Milliseconds, seconds } from '../../model/quantity.ts';
import { readSignal } from './signals.ts';
import { readStatuses } from './statuses.ts';
import type { Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';
import { readChoice, readSpan, readSwitch } from './values.ts';

/** Of starts, stops and aborts. */
export const usualTimeout = seconds(90);

/** `infinity`, and for most of them 0 too, is no limit. */
export const readTimeout = (
  value: Value | undefined,
  usual: Milliseconds | undefined,
  unit: Unit,
): Milliseconds | undefined => {
  const span = value && readSpan(value, unit);
  if (span === undefined) return usual;
  return span === 'infinity' || span === 0 ? undefined : span;
};

/** TimeoutSec= is both of the others, and the last one that is written counts. */
export const lastOf = (values: Values, unit: Unit, ...keys: readonly string[]): Value | undefined => {
  const candidates = keys.flatMap((key) => values.one(key) ?? []);
  const order = unit.directives.map(({ value }) => value);
  return candidates.sort((left, right) => order.indexOf(left) - order.indexOf(right)).at(-1);
};

const readEnding = (values: Values, unit: Unit): Ending => {
  const signal = readSignal(values.one('KillSignal'), unit) ?? 15;
  const restartSignal = readSignal(values.one('RestartKillSignal'), unit);
  const mode = readChoice(values.one('KillMode'), killModes, unit) ?? 'control-group';
  return {
    mode,
    signal,
    finalSignal: readSignal(values.one('FinalKillSignal'), unit) ?? 9,
    hangsUp: readSwitch(values.one('SendSIGHUP'), unit) ?? false,
    kills: readSwitch(values.one('SendSIGKILL'), unit) ?? true,
    timeout: readTimeout(lastOf(values, unit, 'TimeoutSec', 'TimeoutStopSec'), usualTimeout, unit),
    ...(restartSignal === undefined || restartSignal === signal ? {} : { restartSignal }),
  };
};

/** A oneshot does something and ends; a server that was told to end by one of these has ended well. */
const cleanSignals = plainLifetime.success.signals;

export const readLifetime = (values: Values, unit: Unit): Lifetime => {
  const { codes, signals } = readStatuses('SuccessExitStatus', values, unit);
  const clean = values.one('Type')?.text === 'oneshot' ? [] : cleanSignals;
  return {
    ending: readEnding(values, unit),
    longest: readTimeout(values.one('RuntimeMaxSec'), undefined, unit),
    success: { codes, signals: [...new Set([...clean, ...signals])] },
  };
};
