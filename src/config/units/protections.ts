// Directives that promise protection which acceptd does not give: refused, or told where that is allowed.
import { parseSwitch } from './quantities.ts';
import type { Unit } from './unit.ts';

type Protection = {
  /** What the program could do without it, in one clause. */
  readonly without: string;
  /** Words for what is no protection, besides no and nothing. */
  readonly nothing?: readonly string[];
  /** Words for protection, besides yes; undefined: any text is. */
  readonly words?: readonly string[];
};

const onlySwitch: readonly string[] = [];

const protections: ReadonlyMap<string, Protection> = new Map<string, Protection>([
  ['PrivateTmp', { without: 'it shares /tmp and /var/tmp with all others', words: ['disconnected'] }],
  ['PrivateDevices', { without: 'it sees the devices of the machine', words: onlySwitch }],
  ['PrivateNetwork', { without: 'it reaches the network', words: onlySwitch }],
  ['PrivateIPC', { without: "it reaches others' shared memory and queues", words: onlySwitch }],
  ['PrivatePIDs', { without: 'it sees the processes of all others', words: onlySwitch }],
  [
    'PrivateUsers',
    {
      without: 'it is root of the machine where it is root',
      nothing: ['off'],
      words: ['self', 'identity', 'full', 'managed'],
    },
  ],
  ['PrivateMounts', { without: 'what it mounts is mounted for all', words: onlySwitch }],
  ['PrivateBPF', { without: 'it reaches the file system of BPF', words: onlySwitch }],
  ['ProtectSystem', { without: 'it may write where its user may', words: ['full', 'strict'] }],
  ['ProtectHome', { without: 'it reaches the homes of users', words: ['read-only', 'tmpfs'] }],
  [
    'ProtectProc',
    {
      without: "it sees others' processes",
      nothing: ['default'],
      words: ['noaccess', 'invisible', 'ptraceable'],
    },
  ],
  ['ProcSubset', { without: 'it sees all of /proc', nothing: ['all'], words: ['pid'] }],
  ['ProtectHostname', { without: 'it may change the name of the host', words: ['private'] }],
  ['ProtectClock', { without: 'it may set the clock', words: onlySwitch }],
  ['ProtectKernelTunables', { without: 'it may change settings of the kernel', words: onlySwitch }],
  ['ProtectKernelModules', { without: 'it may load modules into the kernel', words: onlySwitch }],
  ['ProtectKernelLogs', { without: "it may read the kernel's log", words: onlySwitch }],
  ['ProtectControlGroups', { without: 'it may change control groups', words: ['private', 'strict'] }],
  ['RestrictAddressFamilies', { without: 'it may open sockets of every kind' }],
  ['RestrictFileSystems', { without: 'it may open files on every kind of file system' }],
  ['RestrictNamespaces', { without: 'it may make namespaces' }],
  ['RestrictNetworkInterfaces', { without: 'it reaches all networks' }],
  ['RestrictRealtime', { without: 'it may ask to be scheduled before all others', words: onlySwitch }],
  ['RestrictSUIDSGID', { without: 'it may make files that run as their owner', words: onlySwitch }],
  ['LockPersonality', { without: 'it may change its personality', words: onlySwitch }],
  [
    'MemoryDenyWriteExecute',
    { without: 'it may execute what it has written into memory', words: onlySwitch },
  ],
  ['SystemCallFilter', { without: 'it may make every system call' }],
  ['SystemCallArchitectures', { without: 'it may make system calls of other processors' }],
  ['ReadOnlyPaths', { without: 'it may write there if its user may' }],
  ['InaccessiblePaths', { without: 'it reaches what its user reaches' }],
  ['NoExecPaths', { without: 'it may execute what is there' }],
  ['TemporaryFileSystem', { without: 'it sees what is there' }],
  ['BindPaths', { without: 'it sees other files there' }],
  ['BindReadOnlyPaths', { without: 'it sees other files there' }],
  ['RootImage', { without: 'it sees all files of the machine' }],
  ['MountImages', { without: 'it sees other files there' }],
  ['ExtensionImages', { without: 'it sees other files there' }],
  ['ExtensionDirectories', { without: 'it sees other files there' }],
  ['NetworkNamespacePath', { without: 'it reaches the network of the machine' }],
  ['IPCNamespacePath', { without: "it reaches others' shared memory and queues" }],
  ['DevicePolicy', { without: 'it may open devices', nothing: ['auto'], words: ['closed', 'strict'] }],
  ['DeviceAllow', { without: 'it may open other devices too' }],
  ['SocketBindDeny', { without: 'it may listen on every address' }],
  ['BPFProgram', { without: 'nobody filters what it does' }],
  ['IPIngressFilterPath', { without: 'nobody filters what it receives' }],
  ['IPEgressFilterPath', { without: 'nobody filters what it sends' }],
  ['SELinuxContext', { without: 'it has the context of acceptd' }],
  ['AppArmorProfile', { without: 'it has the profile of acceptd' }],
  ['SmackProcessLabel', { without: 'it has the label of acceptd' }],
  ['PAMName', { without: 'nobody asks PAM whether its user may, nor sets what PAM sets' }],
]);

/** What the list of a service means for sockets of its own; who comes to those that it gets is up to the socket unit. */
const ownTraffic: Protection = { without: 'it may talk with every address', nothing: [] };

/** A user for a service that was to have one of its own. */
const dynamicUser: Protection = { without: 'it has no user of its own', words: onlySwitch };

const ofService: ReadonlyMap<string, Protection> = new Map([
  ...protections,
  ['IPAddressDeny', ownTraffic],
  ['DynamicUser', dynamicUser],
]);

export const protectionKeys = (section: string): readonly string[] => [
  ...(section === 'Service' ? ofService : protections).keys(),
];

/** `isAllowed`: `--allow-unprotected`. Each directive is told once, where it is written last. */
export const checkProtections = (unit: Unit, section: string, isAllowed: boolean): void => {
  const values = unit.section(section);
  for (const [key, { without, nothing = [], words }] of section === 'Service' ? ofService : protections) {
    const value = values.one(key);
    if (value === undefined) continue;
    const isOn = parseSwitch(value.text);
    const isLess = words !== undefined || key === 'RestrictNamespaces';
    if ((isLess && isOn === false) || nothing.includes(value.text)) continue;
    if (words !== undefined && isOn !== true && !words.includes(value.text)) {
      const choices = ['yes', 'no', ...nothing, ...words].join(', ');
      unit.report.error(value, `'${value.text}' is not known here`, `write one of ${choices}`);
      continue;
    }
    const message = `${key}= is not applied: ${without}`;
    if (isAllowed) unit.report.warn(value, message, 'it is served all the same, as --allow-unprotected says');
    else
      unit.report.error(
        value,
        message,
        'remove it, or start with --allow-unprotected to serve it all the same',
      );
  }
};
