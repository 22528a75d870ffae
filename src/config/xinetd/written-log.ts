// A service's own log and the question who its clients are, in the attributes of xinetd.conf.
import type { Identity } from '../../model/access.ts';
import type { Service } from '../../model/service.ts';
import {
  failureFields,
  type LogDestination,
  type ServiceLog,
  successFields,
} from '../../model/service-log.ts';
import type { LossReport } from '../conversion.ts';
import { isWord, type Line, lineIf } from './written-line.ts';

const destinationLine = (destination: LogDestination, report: LossReport): Line | undefined => {
  if (destination.kind === 'syslog') return ['log_type', 'SYSLOG', destination.facility, destination.level];
  const { path, softLimit, hardLimit } = destination;
  if (!isWord(path)) {
    report.lose('serviceLog', 'xinetd has no path with blanks for a log', 'rename the file');
    return undefined;
  }
  const soft = softLimit ?? hardLimit;
  if (soft === undefined) return ['log_type', 'FILE', path];
  if (softLimit === undefined) {
    report.lose('serviceLog.destination.softLimit', 'the limit of a log is told when reached');
  }
  if (hardLimit === undefined) {
    const advice = 'rotate the log before it is reached';
    report.lose('serviceLog.destination.hardLimit', 'a limit that is only told ends the log soon', advice);
    return ['log_type', 'FILE', path, String(soft)];
  }
  return ['log_type', 'FILE', path, String(soft), String(hardLimit)];
};

/** Two identds that ask each other would never end. */
const isIdent = ({ name, endpoints }: Service): boolean =>
  /^(?:auth|ident|tap|authentication)$/i.test(name) ||
  endpoints.some((endpoint) => endpoint.kind === 'internet' && endpoint.port === '113');

const nobodyAsked: Identity = { whenAdmitted: false, whenRefused: false, isRequired: false };

type Fields = { readonly success: readonly string[]; readonly failure: readonly string[] };

/** USERID asks who the client is and writes what it says: one is not to be had without the other. */
const fieldsOf = (service: Service, log: ServiceLog | undefined, hasClient: boolean): Fields => {
  const { whenAdmitted, whenRefused } = service.identity ?? nobodyAsked;
  const canAsk = !isIdent(service);
  return {
    success: successFields.filter((field) => {
      if (field === 'traffic' && service.answer.kind !== 'relay') return false;
      if (field === 'userid' && !canAsk) return false;
      return log?.onSuccess.includes(field) || (field === 'userid' && hasClient && whenAdmitted);
    }),
    failure: failureFields.filter((field) => {
      if (field === 'userid' && !canAsk) return false;
      return log?.onFailure.includes(field) || (field === 'userid' && hasClient && whenRefused);
    }),
  };
};

const checkFields = (fields: Fields, log: ServiceLog | undefined, report: LossReport): void => {
  if (log === undefined) return;
  if (fields.success.join() !== log.onSuccess.join()) {
    report.lose('serviceLog.onSuccess', 'TRAFFIC is for redirects, and USERID asks and writes');
  }
  if (fields.failure.join() !== log.onFailure.join()) {
    report.lose('serviceLog.onFailure', 'USERID asks for the user and writes it');
  }
};

export type WrittenLog = { readonly lines: readonly Line[]; readonly flags: readonly string[] };

export const writeLog = (service: Service, report: LossReport): WrittenLog => {
  const { serviceLog, identity, mode, endpoints } = service;
  const destination = serviceLog && destinationLine(serviceLog.destination, report);
  const log = destination === undefined ? undefined : serviceLog;
  const hasClient = mode === 'per-connection' && endpoints[0]?.socketType !== 'dgram';
  const fields = fieldsOf(service, log, hasClient);
  checkFields(fields, log, report);
  const isAsked = hasClient && fields.success.includes('userid');
  const isRequired = isAsked && identity?.isRequired === true;
  // without a log nobody is asked but for the sake of an answer
  const isHeard = hasClient && (log !== undefined || isRequired);
  const found: Identity = {
    whenAdmitted: isHeard && isAsked,
    whenRefused: isHeard && fields.failure.includes('userid'),
    isRequired,
  };
  const wanted = identity ?? nobodyAsked;
  const isSame =
    found.whenAdmitted === wanted.whenAdmitted &&
    found.whenRefused === wanted.whenRefused &&
    found.isRequired === wanted.isRequired;
  if (!isSame) {
    report.lose('identity', 'a user is asked for by USERID of a log, and of connections only');
  }
  const upper = (words: readonly string[]): readonly string[] => words.map((word) => word.toUpperCase());
  return {
    lines: [
      ...(destination === undefined ? [] : [destination]),
      ...lineIf(fields.success.length > 0, 'log_on_success', ...upper(fields.success)),
      ...lineIf(fields.failure.length > 0, 'log_on_failure', ...upper(fields.failure)),
    ],
    flags: isRequired ? ['IDONLY'] : [],
  };
};
