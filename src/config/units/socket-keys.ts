// The directives of [Socket] (systemd.socket(5), version 262): which are read, and why others have no effect.
import { checkKeys, type KeyTable, keysOf } from './keys.ts';
import { serviceKeys } from './service-keys.ts';
import type { Unit } from './unit.ts';

const commands = {
  why: 'commands of socket units are not run',
  advice: 'run them from a script, or in the service',
};
const labels = {
  why: 'labels of security modules are not set on sockets',
  advice: 'leave the socket to systemd if that matters',
};

const socketKeys: KeyTable = new Map([
  ...keysOf(
    `ListenStream ListenDatagram ListenSequentialPacket ListenFIFO ListenSpecial ListenNetlink ListenMessageQueue
     ListenUSBFunction SocketProtocol BindIPv6Only Backlog BindToDevice SocketUser SocketGroup SocketMode
     DirectoryMode Accept FlushPending MaxConnections MaxConnectionsPerSource KeepAlive KeepAliveTimeSec
     KeepAliveIntervalSec KeepAliveProbes DeferAcceptSec NoDelay Priority ReceiveBuffer SendBuffer IPTOS IPTTL Mark
     PipeSize FreeBind Transparent Broadcast PassCredentials PassPacketInfo TCPCongestion ReusePort Symlinks
     FileDescriptorName Service TriggerLimitIntervalSec TriggerLimitBurst PollLimitIntervalSec PollLimitBurst
     IPAddressAllow IPAddressDeny PrivateNetwork NetworkNamespacePath AcceptFileDescriptors`,
    'read',
  ),
  // acceptd always takes its sockets out of the file system when it closes them
  ...keysOf('RemoveOnStop', 'silent'),
  // they are about commands alone, which are told themselves
  ...keysOf('TimeoutSec PassFileDescriptorsToExec', 'silent'),
  ...keysOf('ExecStartPre ExecStartPost ExecStopPre ExecStopPost', commands),
  ...keysOf('SmackLabel SmackLabelIPIn SmackLabelIPOut SELinuxContextFromNet', labels),
  ...keysOf('XAttrEntryPoint XAttrListen XAttrAccept', {
    why: 'extended attributes are not set on sockets',
    advice: 'leave the socket to systemd if that matters',
  }),
  ...keysOf('PassPIDFD PassSecurity Timestamping', {
    why: 'such ancillary data is not switched on',
    advice: 'let the server ask for it',
  }),
  ...keysOf('Writable', { why: 'special files are not opened', advice: 'remove it' }),
  ...keysOf('MessageQueueMaxMessages MessageQueueMessageSize', {
    why: 'message queues are not opened',
    advice: 'remove it',
  }),
  ...keysOf('DeferTrigger DeferTriggerMaxSec', {
    why: 'there are no conflicting jobs to wait for',
    advice: 'remove it',
  }),
]);

const ofCommands = {
  why: 'it is about commands of the socket unit, which are not run',
  advice: 'write it in the service',
};

/** A socket unit may have most of what a service may have, for its commands. */
const allKeys: KeyTable = new Map([...keysOf([...serviceKeys.keys()].join(' '), ofCommands), ...socketKeys]);

export const checkSocketKeys = (unit: Unit): void => {
  checkKeys(unit, 'Socket', allKeys);
};
