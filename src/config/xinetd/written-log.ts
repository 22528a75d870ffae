// A service's own log and the question who its clients are, in the attributes of xinetd.conf.
import type { Service } from '../../model/service.ts';
import type { LogDestination } from '../../model/service-log.ts';
import type { LossReport } from '../conversion.ts';
import { isWord, type Line, lineIf } from './written-line.ts';

const destinationLine = (destination: LogDestination, report: LossReport): Line | undefined => {
  if (destination.kind === 'syslog') return ['log_type', 'SYSLOG', destination.facility, destination.level];
  const { path, softLimit, hardLimit } = destination;
  if (!isWord(path)) {
    report.lose('serviceLog', 'xinetd has no path with blanks for a log', 'rename the file');
    return undefined;
  }
  if (softLimit === undefined && hardLimit !== undefined) {
    report.lose(
      'serviceLog.destination.softLimit',
      'a hard limit needs a soft one, which is the same now',
      'nothing',
    );
  }
  const soft = softLimit ?? hardLimit;
  if (soft === undefined) return ['log_type', 'FILE', path];
  if (hardLimit === undefined) {
    report.lose(
      'serviceLog.destination.hardLimit',
      'a soft limit brings a hard one a little above it',
      'rotate the log before it is reached',
    );
    return ['log_type', 'FILE', path, String(soft)];
  }
  return ['log_type', 'FILE', path, String(soft), String(hardLimit)];
};

export const logLines = (service: Service, report: LossReport): readonly Line[] => {
  const { serviceLog, identity } = service;
  const destination = serviceLog && destinationLine(serviceLog.destination, report);
  const success = new Set<string>(destination === undefined ? [] : serviceLog?.onSuccess);
  const failure = new Set<string>(destination === undefined ? [] : serviceLog?.onFailure);
  // USERID asks, and writes the answer where there is a log
  const asked: readonly (readonly [boolean, Set<string>, string])[] = [
    [identity?.whenAdmitted ?? false, success, 'onSuccess'],
    [identity?.whenRefused ?? false, failure, 'onFailure'],
  ];
  for (const [isAsked, fields, name] of asked) {
    if (isAsked === fields.has('userid')) continue;
    if (destination !== undefined) {
      const word = name === 'onSuccess' ? 'success' : 'failure';
      if (isAsked) {
        report.lose(`serviceLog.${name}`, `asking for the user is writing it, on ${word} too`, 'nothing');
      } else {
        const field = name === 'onSuccess' ? 'whenAdmitted' : 'whenRefused';
        report.lose(`identity`, `writing the user is asking for it, on ${word} too (${field})`, 'nothing');
      }
    }
    if (isAsked) fields.add('userid');
  }
  return [
    ...(destination === undefined ? [] : [destination]),
    ...lineIf(success.size > 0, 'log_on_success', ...[...success].map((field) => field.toUpperCase())),
    ...lineIf(failure.size > 0, 'log_on_failure', ...[...failure].map((field) => field.toUpperCase())),
  ];
};
