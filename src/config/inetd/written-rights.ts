// What a handler's process may do and when it runs, as lines of a definition.
import type { Privileges, ProcessSettings, Scheduling } from '../../model/service.ts';
import { type Line, lineIf, optional } from './written-line.ts';

/** At least one line, so that it reads back as something that is set. */
const privilegeLines = (privileges: Privileges): readonly Line[] => {
  const { bounding, ambient, secureBits, noNewPrivileges } = privileges;
  const isBare = bounding === undefined && ambient.length === 0 && secureBits === undefined;
  return [
    ...(bounding === undefined ? [] : [['capabilities', ...bounding] as const]),
    ...lineIf(ambient.length > 0, 'ambient', ...ambient),
    ...optional('secure_bits', secureBits),
    ...lineIf(noNewPrivileges || isBare, 'no_new_privileges', noNewPrivileges ? 'yes' : 'no'),
  ];
};

const schedulingLines = (scheduling: Scheduling): readonly Line[] => {
  const { policy, priority, resetsOnFork, affinity, ioClass, ioPriority, oomScoreAdjust } = scheduling;
  const words = [
    ...(policy === undefined ? [] : [policy]),
    ...(priority === undefined ? (resetsOnFork ? ['0'] : []) : [String(priority)]),
    ...(resetsOnFork ? ['reset-on-fork'] : []),
  ];
  return [
    ...lineIf(policy !== undefined, 'scheduling', ...words),
    ...(affinity === undefined ? [] : [['affinity', ...affinity.map(String)] as const]),
    ...(ioClass === undefined
      ? []
      : [['io_scheduling', ioClass, ...(ioPriority === undefined ? [] : [String(ioPriority)])] as const]),
    ...optional('oom_score_adjust', oomScoreAdjust),
  ];
};

export const rightsLines = ({ privileges, scheduling }: ProcessSettings): readonly Line[] => [
  ...(privileges === undefined ? [] : privilegeLines(privileges)),
  ...(scheduling === undefined ? [] : schedulingLines(scheduling)),
];
