// The answers of the control socket (src/model/control.ts), checked before anything is made of them.
import {
  type Admission,
  type ControlError,
  controlErrors,
  controlVersion,
  type Done,
  type EndpointStatus,
  type InstanceStatus,
  type LaunchPlan,
  type Occurrence,
  type ReloadChanges,
  type ReloadReport,
  type ServerStatus,
  type ServiceDetail,
  type ServiceSummary,
  serviceConditions,
} from '../model/control.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { type RefusalReason, refusalReasons } from '../model/event.ts';
import {
  type Guard,
  hasFields,
  isCounts,
  isListOf,
  isNumber,
  isOneOf,
  isText,
  optional,
  orNull,
} from './guards.ts';

const isEndpoint = hasFields<EndpointStatus>({
  address: isText,
  protocol: isOneOf(['tcp', 'udp', 'unix', 'unix-dgram', 'unix-seqpacket', 'vsock', 'fifo']),
  state: isOneOf(['listening', 'held-back', 'lent', 'closed']),
  waiting: orNull(isNumber),
});

const summaryFields: { readonly [Name in keyof ServiceSummary]-?: Guard<ServiceSummary[Name]> } = {
  service: isText,
  endpoints: isListOf(isEndpoint),
  condition: isOneOf(serviceConditions),
  live: isNumber,
  limit: orNull(isNumber),
  accepted: isNumber,
  served: isNumber,
  failed: isNumber,
  refused: isNumber,
  refusedBy: isCounts<RefusalReason>,
  waiting: isNumber,
  lastError: orNull(hasFields({ at: isText, what: isText })),
  handlerTimes: orNull(hasFields({ count: isNumber, p50: isNumber, p99: isNumber })),
  memory: orNull(isNumber),
};

const isInstance = hasFields<InstanceStatus>({
  pid: orNull(isNumber),
  what: isOneOf(['handler', 'server', 'daemon', 'command', 'built-in', 'relay']),
  peer: orNull(isText),
  startedAt: isText,
  age: isNumber,
  cpu: orNull(isNumber),
  memory: orNull(isNumber),
});

const isOccurrence = hasFields<Occurrence>({
  at: isText,
  kind: isOneOf(['refused', 'failed', 'ended-badly']),
  peer: orNull(isText),
  reason: orNull(isOneOf(refusalReasons)),
  what: isText,
});

export const isServiceDetail = hasFields<ServiceDetail>({
  ...summaryFields,
  origin: isText,
  instances: isListOf(isInstance),
  more: isNumber,
  recent: isListOf(isOccurrence),
  tuned: isListOf(isText),
});

export const isServerStatus = hasFields<ServerStatus>({
  version: isOneOf([controlVersion]),
  acceptd: isText,
  pid: isNumber,
  startedAt: isText,
  state: isOneOf(['running', 'draining']),
  configuration: hasFields({
    files: isListOf(isText),
    loadedAt: isText,
    errors: isNumber,
    warnings: isNumber,
    refusedBecause: orNull(isText),
  }),
  upgrades: isNumber,
  restarts: isNumber,
  memory: hasFields({ resident: isNumber, private: orNull(isNumber) }),
  descriptors: hasFields({ open: isNumber, limit: isNumber }),
  lostRecords: isNumber,
  services: isListOf(hasFields<ServiceSummary>(summaryFields)),
});

const isPlace = hasFields({ service: isText, address: isText });

const isChanges = hasFields<ReloadChanges>({
  opens: isListOf(isPlace),
  closes: isListOf(isPlace),
  kept: isNumber,
  added: isListOf(isText),
  changed: isListOf(isText),
  removed: isListOf(isText),
});

const isDiagnostic = hasFields<Diagnostic>({
  severity: isOneOf(['error', 'warning']),
  at: hasFields({ file: isText, line: isNumber, column: isNumber }),
  source: isText,
  width: isNumber,
  message: isText,
  advice: isText,
});

export const isReloadReport = hasFields<ReloadReport>({
  outcome: isOneOf(['applied', 'planned', 'refused']),
  why: orNull(isText),
  changes: orNull(isChanges),
  diagnostics: isListOf(isDiagnostic),
});

export const isAdmission = hasFields<Admission>({
  service: isText,
  address: isText,
  verdict: isOneOf(['admit', 'refuse', 'ask', 'hold']),
  reason: orNull(isOneOf(refusalReasons)),
  steps: isListOf(
    hasFields({ test: isText, result: isOneOf(['passes', 'refuses', 'unknown']), why: isText }),
  ),
});

export const isLaunchPlan = hasFields<LaunchPlan>({
  service: isText,
  origin: isText,
  mode: isText,
  answer: isText,
  file: orNull(isText),
  arguments: isListOf(isText),
  environment: isListOf(isText),
  credentials: orNull(hasFields({ user: isText, group: isText, groups: isListOf(isText) })),
  directory: orNull(isText),
  root: orNull(isText),
  umask: orNull(isText),
  nice: orNull(isNumber),
  descriptors: isListOf(isText),
  resourceLimits: isListOf(isText),
  limits: isListOf(isText),
  further: isListOf(isText),
});

export const isDone = hasFields<Done>({ what: isText, told: optional(isNumber) });

/** Codes that are added later are no mistake of a server. */
export const isControlError = hasFields<ControlError>({
  error: hasFields<ControlError['error']>({ code: isOneOf(controlErrors), message: isText }),
});
