// The attributes of a handler's process, from the words of a service to the numbers of the kernel.
import { capabilityNumber } from '../model/capability.ts';
import type { CommandLine } from '../model/daemon.ts';
import { type RecipePrivileges, type RecipeRequest, resourceNumber } from '../model/recipe.ts';
import type { Privileges, ResolvedService, Scheduling } from '../model/service.ts';
import type { Host } from './host.ts';

/** INR_OPEN_CUR of the kernel, and FD_SETSIZE of select(2). */
const usualDescriptorLimit = 1024;

const limitNumber = (value: number | undefined): number => value ?? -1;

const resourceLimitsOf = (service: ResolvedService, host: Host): RecipeRequest['resourceLimits'] => {
  const limits = service.process.resourceLimits.map(({ resource, soft, hard }) => ({
    resource: resourceNumber(resource),
    soft: limitNumber(soft),
    hard: limitNumber(hard),
  }));
  const nofile = resourceNumber('nofile');
  if (limits.some(({ resource }) => resource === nofile)) return limits;
  // Node raises the soft limit to the hard one before any of our code runs, so what it was is not known; a program that
  // uses select(2) expects the kernel's usual one
  const { soft, hard } = host.descriptorLimit;
  return [...limits, { resource: nofile, soft: Math.min(soft, usualDescriptorLimit), hard }];
};

/** What must be set; three system calls less where that is nothing. */
const credentialsOf = ({ credentials }: ResolvedService, host: Host): RecipeRequest['credentials'] => {
  if (credentials === undefined) return undefined;
  const isSame =
    credentials.uid === host.uid &&
    credentials.gid === host.gid &&
    credentials.groups.length === host.groups.length &&
    credentials.groups.every((group) => host.groups.includes(group));
  return isSame ? undefined : credentials;
};

/** Names that no kernel of ours has were refused when the configuration was read. */
const numbersOf = (names: readonly string[]): readonly number[] =>
  names.map(capabilityNumber).filter((number) => number !== undefined);

const privilegesOf = (privileges: Privileges | undefined): RecipePrivileges | undefined =>
  privileges && {
    bounding: privileges.bounding && numbersOf(privileges.bounding),
    ambient: numbersOf(privileges.ambient),
    secureBits: privileges.secureBits,
    noNewPrivileges: privileges.noNewPrivileges,
  };

/** Linux's numbers (sched.h, ioprio.h). */
const policyNumbers = { other: 0, fifo: 1, rr: 2, batch: 3, idle: 5 } as const;
const ioClassNumbers = { none: 0, realtime: 1, 'best-effort': 2, idle: 3 } as const;
const ioClassShift = 13;
const usualIoPriority = 4;

const schedulerOf = ({ policy, priority, resetsOnFork }: Scheduling) => {
  if (policy === undefined && priority === undefined && !resetsOnFork) return undefined;
  const isRealtime = policy === 'fifo' || policy === 'rr';
  return {
    policy: policyNumbers[policy ?? 'other'],
    // the lowest that the policy has
    priority: priority ?? (isRealtime ? 1 : 0),
    resetsOnFork,
  };
};

const ioPriorityOf = ({ ioClass, ioPriority }: Scheduling): number | undefined => {
  if (ioClass === undefined && ioPriority === undefined) return undefined;
  const chosen = ioClass ?? 'best-effort';
  const hasLevels = chosen === 'realtime' || chosen === 'best-effort';
  return (ioClassNumbers[chosen] << ioClassShift) | (hasLevels ? (ioPriority ?? usualIoPriority) : 0);
};

const schedulingOf = (scheduling: Scheduling | undefined): RecipeRequest['scheduling'] =>
  scheduling && {
    scheduler: schedulerOf(scheduling),
    affinity: scheduling.affinity,
    ioPriority: ioPriorityOf(scheduling),
    oomScoreAdjust: scheduling.oomScoreAdjust,
  };

/** What a request says of the process itself. */
export type ProcessAttributes = Pick<
  RecipeRequest,
  | 'resourceLimits'
  | 'hasSession'
  | 'nice'
  | 'umask'
  | 'rootDirectory'
  | 'workingDirectory'
  | 'credentials'
  | 'privileges'
  | 'scheduling'
  | 'ignoresPipe'
>;

/** After `+` a command has all that acceptd has, after `!` it has its user, and the rest of the service's settings. */
const withRights = (attributes: ProcessAttributes, rights: CommandLine['rights']): ProcessAttributes => {
  const kept = { ...attributes, credentials: undefined, privileges: undefined };
  switch (rights) {
    case 'service':
      return attributes;
    case 'keeps-user':
      return kept;
    case 'full':
      return { ...kept, rootDirectory: undefined };
  }
};

/** `rights` are those of the command; of a service without start texts they are its own. */
export const processAttributes = (
  service: ResolvedService,
  host: Host,
  rights: CommandLine['rights'] = service.startTexts?.command.rights ?? 'service',
): ProcessAttributes => withRights(serviceAttributes(service, host), rights);

const serviceAttributes = (service: ResolvedService, host: Host): ProcessAttributes => ({
  resourceLimits: resourceLimitsOf(service, host),
  hasSession: service.process.hasSession,
  nice: service.process.nice,
  umask: service.process.umask,
  rootDirectory: service.process.rootDirectory,
  workingDirectory: service.process.workingDirectory,
  credentials: credentialsOf(service, host),
  privileges: privilegesOf(service.process.privileges),
  scheduling: schedulingOf(service.process.scheduling),
  ignoresPipe: service.process.ignoresPipe,
});
