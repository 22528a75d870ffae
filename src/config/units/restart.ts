// When a server is started again, and how often it may be.
import { type Daemon, type DaemonType, type Restart, restartWhens } from '../../model/daemon.ts';
import { milliseconds, seconds } from '../../model/quantity.ts';
import { readTimeout } from './ending.ts';
import { readStatuses } from './statuses.ts';
import type { Unit, Values } from './unit.ts';
import { readChoice, readNumberIn, readSpan } from './values.ts';

const usualPause = milliseconds(100);

export const readRestart = (values: Values, type: DaemonType, unit: Unit): Restart => {
  const value = values.one('Restart');
  const when = readChoice(value, restartWhens, unit) ?? 'no';
  if (value !== undefined && type === 'oneshot' && (when === 'always' || when === 'on-success')) {
    unit.report.error(value, `a oneshot would run for ever with Restart=${when}`, 'write Restart=on-failure');
  }
  const pause = readSpan(values.one('RestartSec'), unit) ?? usualPause;
  const least = pause === 'infinity' ? usualPause : pause;
  const longest = readTimeout(values.one('RestartMaxDelaySec'), undefined, unit);
  const steps = readNumberIn(values.one('RestartSteps'), 0, 1_000_000, unit) ?? 0;
  // the one without the other is nothing
  const grows = steps > 0 && longest !== undefined && longest > least;
  return {
    when: pause === 'infinity' ? 'no' : when,
    pause: least,
    steps: grows ? steps : 0,
    longestPause: grows ? longest : least,
    prevent: readStatuses('RestartPreventExitStatus', values, unit),
    force: readStatuses('RestartForceExitStatus', values, unit),
  };
};

/** In [Unit]; in [Service] and with another name it stood before. */
export const readStartLimit = (unit: Unit): Daemon['startLimit'] => {
  const [own, service] = [unit.section('Unit'), unit.section('Service')];
  const span =
    own.one('StartLimitIntervalSec') ??
    own.one('StartLimitInterval') ??
    service.one('StartLimitIntervalSec') ??
    service.one('StartLimitInterval');
  const window = span && readSpan(span, unit);
  const burst = own.one('StartLimitBurst') ?? service.one('StartLimitBurst');
  const count = readNumberIn(burst, 0, 4_294_967_295, unit) ?? 5;
  if (window === 0 || count === 0) return undefined;
  // a window without end: nobody would ever be served again
  const endless = seconds(24 * 60 * 60);
  return { count, window: window === 'infinity' ? endless : (window ?? seconds(10)) };
};
