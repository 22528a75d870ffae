// The attributes of a service's process, as directives of a service unit.
import type {
  Privileges,
  ResourceLimit,
  Scheduling,
  Service,
  ServiceDirectory,
} from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { octal } from '../inetd/written-line.ts';
import { directoryRoots } from './directories.ts';
import { showSecureBits } from './privileges.ts';
import { escapeSpecifiers, isPlainValue, quoteWord } from './quoting.ts';
import { type Line, optional } from './written-line.ts';

/** More than the highest priority there is. */
const isNoLevel = ({ resource, soft, hard }: ResourceLimit): boolean =>
  resource === 'nice' && Math.max(soft ?? 0, hard ?? 0) > 40;

const limitLine = ({ resource, soft, hard }: ResourceLimit): Line => {
  const [first, second] = [soft, hard].map((value) => (value === undefined ? 'infinity' : String(value)));
  return [`Limit${resource.toUpperCase()}`, first === second ? `${first}` : `${first}:${second}`];
};

const limitLines = (limits: readonly ResourceLimit[], report: LossReport): readonly Line[] => {
  const known = limits.filter((limit) => !isNoLevel(limit));
  if (known.length < limits.length) {
    report.lose(
      'process.resourceLimits',
      'a unit has no limit of nice above 40',
      'write 40, which allows all',
    );
  }
  return known.map(limitLine);
};

const directoryLine = (
  key: 'WorkingDirectory' | 'RootDirectory',
  path: string | undefined,
  report: LossReport,
): readonly Line[] => {
  const text = path && escapeSpecifiers(path);
  if (text === undefined || (isPlainValue(text) && !/\/\.\.?(?:\/|$)/.test(text))) return optional(key, text);
  const field = `process.${key.charAt(0).toLowerCase()}${key.slice(1)}`;
  report.lose(field, `a unit file cannot write the directory ${JSON.stringify(path)}`, 'rename it');
  return [];
};

const capabilities = (names: readonly string[]): readonly string[] =>
  names.map((name) => `CAP_${name.toUpperCase()}`);

/** All that prctl(2) has names for in a unit. */
const namedBits = 63;

const privilegeLines = (privileges: Privileges | undefined, report: LossReport): readonly Line[] => {
  if (privileges === undefined) return [];
  const { bounding, ambient, secureBits, noNewPrivileges } = privileges;
  const bits = secureBits === undefined ? [] : showSecureBits(secureBits);
  if (secureBits !== undefined && secureBits > namedBits) {
    report.lose('process.privileges', 'not every secure bit has a name in a unit');
  }
  return [
    ...(bounding === undefined ? [] : [['CapabilityBoundingSet', ...capabilities(bounding)] as const]),
    ...(ambient.length === 0 ? [] : [['AmbientCapabilities', ...capabilities(ambient)] as const]),
    ...(bits.length === 0 ? [] : [['SecureBits', ...bits] as const]),
    ...(noNewPrivileges ? [['NoNewPrivileges', 'yes'] as const] : []),
  ];
};

const schedulingLines = (scheduling: Scheduling | undefined): readonly Line[] => {
  if (scheduling === undefined) return [];
  const { policy, priority, resetsOnFork, affinity, ioClass, ioPriority, oomScoreAdjust } = scheduling;
  return [
    ...optional('CPUSchedulingPolicy', policy),
    ...optional('CPUSchedulingPriority', priority),
    ...(resetsOnFork ? [['CPUSchedulingResetOnFork', 'yes'] as const] : []),
    ...(affinity === undefined ? [] : [['CPUAffinity', ...affinity.map(String)] as const]),
    ...optional('IOSchedulingClass', ioClass),
    ...optional('IOSchedulingPriority', ioPriority),
    ...optional('OOMScoreAdjust', oomScoreAdjust),
  ];
};

/** One mode for all of a kind, each below the place that the kind has. */
const madeLines = (directories: readonly ServiceDirectory[], report: LossReport): readonly Line[] =>
  directoryRoots.flatMap(({ kind, key, root }): readonly Line[] => {
    const own = directories.filter((directory) => directory.kind === kind);
    const [first] = own;
    if (first === undefined) return [];
    const below = (path: string): string => path.slice(root.length + 1);
    const isWritable = own.every(
      ({ path, links, mode, keeps }) =>
        mode === first.mode &&
        keeps === first.keeps &&
        links.length < 2 &&
        [path, ...links].every((each) => each.startsWith(`${root}/`) && !below(each).includes(':')),
    );
    if (!isWritable) {
      report.lose('process.directories', `${key}= has no such directories`, 'make them before');
      return [];
    }
    const words = own.map(({ path, links }) => quoteWord([path, ...links].map(below).join(':')));
    return [
      [key, ...words],
      ...(first.mode === 0o755 ? [] : [[`${key}Mode`, octal(first.mode)] as const]),
      ...(kind === 'runtime' && first.keeps !== 'no'
        ? [['RuntimeDirectoryPreserve', first.keeps] as const]
        : []),
    ];
  });

export const processLines = ({ process }: Service, report: LossReport): readonly Line[] => {
  if (!process.hasSession) report.lose('process.hasSession', 'every instance has a session of its own');
  return [
    ...directoryLine('WorkingDirectory', process.workingDirectory, report),
    ...directoryLine('RootDirectory', process.rootDirectory, report),
    ...optional('Nice', process.nice),
    ...optional('UMask', process.umask === undefined ? undefined : octal(process.umask)),
    ...limitLines(process.resourceLimits, report),
    ...privilegeLines(process.privileges, report),
    ...schedulingLines(process.scheduling),
    ...madeLines(process.directories ?? [], report),
  ];
};
