// The directives of [Service], and what is said about those that have no effect here.
import { directoryKeys } from './directories.ts';
import { type KeyRule, type KeyTable, keysOf } from './keys.ts';
import { protectionKeys } from './protections.ts';
import { limitKeys } from './resource-limits.ts';

const read = `
  Type RemainAfterExit PIDFile ExecStart ExecStartPre ExecStartPost ExecCondition ExecReload ExecStop ExecStopPost
  RestartSec RestartSteps RestartMaxDelaySec Restart SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus
  TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutSec RuntimeMaxSec WatchdogSec WatchdogSignal ReloadSignal
  NonBlocking NotifyAccess Sockets FileDescriptorStoreMax PermissionsStartOnly
  StartLimitInterval StartLimitIntervalSec StartLimitBurst
  KillMode KillSignal RestartKillSignal SendSIGHUP SendSIGKILL FinalKillSignal
  WorkingDirectory RootDirectory User Group SupplementaryGroups UMask Nice OOMScoreAdjust IgnoreSIGPIPE
  CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CPUAffinity IOSchedulingClass IOSchedulingPriority
  CapabilityBoundingSet AmbientCapabilities NoNewPrivileges SecureBits
  Environment EnvironmentFile PassEnvironment UnsetEnvironment
  StandardInput StandardOutput StandardError StandardInputText StandardInputData RuntimeDirectoryPreserve`;

/** What only widens a protection that is told itself, only accounts, or only speaks to parts of systemd. */
const silent = `
  BusName RestartMode OOMPolicy FileDescriptorStorePreserve FailureAction StartLimitAction RebootArgument
  TimeoutCleanSec SysVStartPriority RefreshOnReload ExtraFileDescriptors
  ReadWritePaths ExecPaths SystemCallErrorNumber SystemCallLog MountAPIVFS MountFlags BindLogSockets RemoveIPC
  ReadWriteDirectories IPAddressAllow SocketBindAllow RootImageOptions RootImagePolicy MountImagePolicy
  ExtensionImagePolicy RootHash RootHashSignature RootVerity RootEphemeral DelegateNamespaces KeyringMode
  SetLoginEnvironment UtmpIdentifier UtmpMode
  LogLevelMax LogExtraFields LogRateLimitIntervalSec LogRateLimitInterval LogRateLimitBurst LogNamespace
  LogFilterPatterns SyslogIdentifier SyslogFacility SyslogLevel SyslogLevelPrefix
  TTYPath TTYReset TTYVHangup TTYVTDisallocate TTYRows TTYColumns
  Slice Delegate DelegateSubgroup DisableControllers CPUAccounting MemoryAccounting TasksAccounting IOAccounting
  IPAccounting BlockIOAccounting CPUWeight StartupCPUWeight CPUShares StartupCPUShares CPUQuotaPeriodSec IOWeight
  StartupIOWeight IODeviceWeight IODeviceLatencyTargetSec BlockIOWeight StartupBlockIOWeight BlockIODeviceWeight
  MemoryMin MemoryLow DefaultMemoryMin DefaultMemoryLow StartupMemoryLow DefaultStartupMemoryLow
  ManagedOOMSwap ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit ManagedOOMMemoryPressureDurationSec
  ManagedOOMPreference ManagedOOMRules MemoryPressureWatch MemoryPressureThresholdSec MemoryZSwapWriteback CoredumpReceive
  CacheDirectoryAccounting CacheDirectoryQuota LogsDirectoryAccounting LogsDirectoryQuota
  StateDirectoryAccounting StateDirectoryQuota NetClass`;

const limits = `
  MemoryMax MemoryHigh MemorySwapMax MemoryZSwapMax MemoryLimit StartupMemoryHigh StartupMemoryMax
  StartupMemorySwapMax StartupMemoryZSwapMax TasksMax CPUQuota AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes
  StartupAllowedMemoryNodes IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax BlockIOReadBandwidth
  BlockIOWriteBandwidth`;

const rules: readonly (readonly [names: string, rule: KeyRule])[] = [
  [[...limitKeys, ...directoryKeys, ...protectionKeys('Service')].join(' '), 'read'],
  [read, 'read'],
  [silent, 'silent'],
  [
    limits,
    { why: 'there are no control groups', advice: 'limit its processes with Limit...=', nothing: 'infinity' },
  ],
  [
    'LoadCredential LoadCredentialEncrypted ImportCredential SetCredential SetCredentialEncrypted',
    { why: 'no credentials are handed over', advice: 'let the program read the file' },
  ],
  [
    'GuessMainPID',
    {
      why: 'of a forking server the main process is the one that is left',
      advice: 'write PIDFile=',
      nothing: 'yes',
    },
  ],
  ['ExitType', { why: 'it has ended when its main process has', advice: 'remove it', nothing: 'main' }],
  ['ExecReloadPost', { why: 'nothing is run after a reload', advice: 'write it into ExecReload=' }],
  ['ExecSearchPath', { why: 'programs are searched in PATH', advice: 'write absolute paths' }],
  ['OpenFile', { why: 'no files are handed over', advice: 'let the program open it' }],
  [
    'RootDirectoryStartOnly',
    { why: 'all commands have one root', advice: 'write the paths as they are below it', nothing: 'no' },
  ],
  [
    'TimeoutStartFailureMode TimeoutStopFailureMode',
    {
      why: 'what is too slow gets KillSignal= and then FinalKillSignal=',
      advice: 'remove it',
      nothing: 'terminate',
    },
  ],
  ['RuntimeRandomizedExtraSec', { why: 'RuntimeMaxSec= is exact', advice: 'remove it' }],
  [
    'CoredumpFilter TimerSlackNSec Personality NUMAPolicy NUMAMask MemoryKSM MemoryTHP',
    { why: 'it is left as acceptd itself has it', advice: 'remove it' },
  ],
  ['USBFunctionDescriptors USBFunctionStrings', { why: 'there are no USB functions', advice: 'remove it' }],
  ['UserNamespacePath', { why: 'no namespace is entered', advice: 'remove it' }],
];

export const serviceKeys: KeyTable = new Map(rules.flatMap(([names, rule]) => keysOf(names, rule)));
