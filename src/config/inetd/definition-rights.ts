// The keys about what a handler's process may do and when it runs: capabilities, scheduling, the order of the OOM killer.
import { parseCount } from '../../model/quantity.ts';
import type { Privileges, Scheduling } from '../../model/service.ts';
import type { Report, Token } from '../source.ts';
import { type Keys, readChoice, readNumberValue, readSwitch } from './keys.ts';

export const policies = ['other', 'batch', 'idle', 'fifo', 'rr'] as const;
export const ioClasses = ['none', 'realtime', 'best-effort', 'idle'] as const;

/** Without `cap_` before them, in any case. */
const capabilityNames = (values: readonly Token[], report: Report): readonly string[] =>
  values.flatMap((value) => {
    const name = value.text.toLowerCase().replace(/^cap_/, '');
    if (/^[a-z_]+$/.test(name)) return [name];
    report.error(value, `'${value.text}' is no capability`, 'write one as net_bind_service');
    return [];
  });

export const readPrivilegeKeys = (keys: Keys, report: Report): Privileges | undefined => {
  const names = ['capabilities', 'ambient', 'secure_bits', 'no_new_privileges'];
  if (names.every((key) => keys.place(key) === undefined)) return undefined;
  const bounding = keys.all('capabilities');
  return {
    bounding: bounding && capabilityNames(bounding, report),
    ambient: capabilityNames(keys.all('ambient') ?? [], report),
    secureBits: readNumberValue(keys.one('secure_bits'), 0, 0xff, report),
    noNewPrivileges: readSwitch(keys.one('no_new_privileges'), report) ?? false,
  };
};

/** `0 2-5`: each processor by number. */
const readProcessors = (values: readonly Token[], report: Report): readonly number[] =>
  values.flatMap((value) => {
    const [first, last, ...others] = value.text.split('-').map(parseCount);
    const end = value.text.includes('-') ? last : first;
    if (first === undefined || end === undefined || end < first || end > 8191 || others.length > 0) {
      report.error(value, `'${value.text}' names no processors`, 'write NUMBER or FIRST-LAST');
      return [];
    }
    return Array.from({ length: end - first + 1 }, (_, index) => first + index);
  });

const readOomScore = (value: Token | undefined, report: Report): number | undefined => {
  if (value === undefined) return undefined;
  const number = /^-?[0-9]{1,4}$/.test(value.text) ? Number(value.text) + 0 : Number.NaN;
  if (number >= -1000 && number <= 1000) return number;
  return report.error(value, `'${value.text}' is no number from -1000 to 1000`, 'write one');
};

/** `scheduling = POLICY [PRIORITY [reset-on-fork]]`, `io_scheduling = CLASS [PRIORITY]`. */
export const readSchedulingKeys = (keys: Keys, report: Report): Scheduling | undefined => {
  const names = ['scheduling', 'affinity', 'io_scheduling', 'oom_score_adjust'];
  if (names.every((key) => keys.place(key) === undefined)) return undefined;
  const [policy, priority, reset] = keys.all('scheduling') ?? [];
  const [ioClass, ioPriority] = keys.all('io_scheduling') ?? [];
  const affinity = keys.all('affinity');
  return {
    policy: readChoice(policy, policies, report),
    priority: readNumberValue(priority, 0, 99, report),
    resetsOnFork: readChoice(reset, ['reset-on-fork'], report) !== undefined,
    affinity: affinity && readProcessors(affinity, report),
    ioClass: readChoice(ioClass, ioClasses, report),
    ioPriority: readNumberValue(ioPriority, 0, 7, report),
    oomScoreAdjust: readOomScore(keys.one('oom_score_adjust'), report),
  };
};
