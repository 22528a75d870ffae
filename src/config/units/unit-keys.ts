// The directives of [Unit] and [Install]: what is read, what says nothing to a super-server, what is not evaluated.
import { checkKeys, type KeyTable, keysOf } from './keys.ts';
import type { Unit } from './unit.ts';

const order = {
  why: 'acceptd has no jobs and no other units to start or stop',
  advice: 'let a script or a supervisor do that',
};

const unitKeys: KeyTable = new Map([
  ...keysOf('StartLimitIntervalSec StartLimitInterval StartLimitBurst StopWhenUnneeded', 'read'),
  // what orders the start of a machine means nothing to a server that starts at the first connection
  ...keysOf(
    `Description Documentation SourcePath Requires Requisite Wants BindsTo BindTo Upholds Conflicts Before After
     PartOf JoinsNamespaceOf RequiresOverridable RequisiteOverridable RequiresMountsFor WantsMountsFor
     PropagatesReloadTo PropagateReloadTo ReloadPropagatedFrom PropagateReloadFrom PropagatesStopTo
     StopPropagatedFrom RefuseManualStart RefuseManualStop AllowIsolate DefaultDependencies IgnoreOnIsolate
     IgnoreOnSnapshot OnFailureJobMode OnSuccessJobMode OnFailureIsolate JobTimeoutSec JobRunningTimeoutSec
     JobTimeoutAction JobTimeoutRebootArgument CollectMode SurviveFinalKillSignal RebootArgument
     FailureActionExitStatus SuccessActionExitStatus`,
    'silent',
  ),
  ...keysOf('OnFailure OnSuccess StartLimitAction FailureAction SuccessAction', order),
]);

/** What follows `Condition` and `Assert`. */
const conditions = `PathExists PathExistsGlob PathIsDirectory PathIsSymbolicLink PathIsMountPoint PathIsReadWrite
  PathIsEncrypted PathIsSocket DirectoryNotEmpty FileNotEmpty FileIsExecutable NeedsUpdate FirstBoot Architecture
  Firmware Virtualization Security Capability Host KernelCommandLine KernelVersion Version Credential ACPower User
  Group ControlGroupController CPUs Memory Environment CPUFeature OSRelease MemoryPressure CPUPressure IOPressure
  KernelModuleLoaded Null`;

const notEvaluated = {
  why: 'conditions are not evaluated, so the unit is served',
  advice: 'leave the file away where it is not wanted',
};

const conditionKeys: KeyTable = new Map(
  ['Condition', 'Assert'].flatMap((kind) =>
    keysOf(conditions, notEvaluated).map(([name, rule]) => [`${kind}${name}`, rule] as const),
  ),
);

const installKeys: KeyTable = new Map(
  keysOf('Alias WantedBy RequiredBy UpheldBy Also DefaultInstance', 'silent'),
);

/** Warns of what has no effect in the sections that every unit has, and of sections that it has not. */
export const checkCommonKeys = (unit: Unit, own: 'Socket' | 'Service', kind: string): void => {
  checkKeys(unit, 'Unit', new Map([...unitKeys, ...conditionKeys]));
  checkKeys(unit, 'Install', installKeys);
  const known = new Set(['Unit', 'Install', own]);
  for (const { section, key } of unit.directives) {
    if (known.has(section) || section.startsWith('X-')) continue;
    known.add(section);
    unit.report.warn(key, `a ${kind} has no section [${section}]`, 'nothing in it is read; remove it');
  }
};
