// Options of the sockets of a unit.
import type { Endpoint } from '../../model/address.ts';
import type { Bytes } from '../../model/quantity.ts';
import type { SocketSettings } from '../../model/service.ts';
import { plainSocket } from '../../model/socket-settings.ts';
import { parseInteger } from './quantities.ts';
import type { Value } from './syntax.ts';
import type { Unit } from './unit.ts';
import {
  checkPath,
  readChoice,
  readNumberIn,
  readOctal,
  readSize,
  readSpan,
  readSwitch,
  readText,
  readWordTokens,
} from './values.ts';

const largest = 2_147_483_647;

/** More than the kernel can be told is as many as it takes. */
const readBacklog = (value: Value | undefined, unit: Unit): number | undefined => {
  const backlog = readNumberIn(value, 0, 4_294_967_295, unit);
  return backlog && Math.min(backlog, largest);
};

/** Options that count in seconds leave parts of one out. */
const readSeconds = (value: Value | undefined, unit: Unit): number | undefined => {
  const span = readSpan(value, unit);
  if (value === undefined || span === undefined) return undefined;
  if (span === 'infinity') return unit.report.error(value, 'this time must end', 'write a time');
  return Math.floor(span / 1000);
};

const serviceTypes: ReadonlyMap<string, number> = new Map([
  ['low-delay', 0x10],
  ['throughput', 0x08],
  ['reliability', 0x04],
  ['low-cost', 0x02],
]);

const readServiceType = (value: Value | undefined, { report }: Unit): number | undefined => {
  if (value === undefined) return undefined;
  const found = serviceTypes.get(value.text) ?? parseInteger(value.text);
  return found !== undefined && found >= 0 && found <= 255
    ? found
    : report.error(value, `'${value.text}' is no type of service`, 'write low-delay, or 0 to 255');
};

const readBuffer = (value: Value | undefined, unit: Unit): Bytes | undefined => {
  const size = readSize(value, unit);
  if (value === undefined || size === undefined || size <= largest) return size;
  return unit.report.error(value, `${value.text} is more than a socket can have`, 'write less than 2G');
};

/** Another name of the one file that the unit makes. */
const readSymlinks = (unit: Unit, endpoints: readonly Endpoint[]): readonly string[] => {
  const words = readWordTokens(unit.section('Socket').all('Symlinks'), unit);
  const files = endpoints.filter(
    (endpoint) => (endpoint.kind === 'unix' && endpoint.path.startsWith('/')) || endpoint.kind === 'fifo',
  );
  const [first] = words;
  if (first !== undefined && files.length !== 1) {
    unit.report.error(
      first,
      `links need one file that they lead to, and there are ${files.length}`,
      'let the unit listen on one path',
    );
    return [];
  }
  return words.flatMap((word) => checkPath(word, word.text, unit) ?? []);
};

const readProtocol = (unit: Unit, endpoints: readonly Endpoint[]): SocketSettings['protocol'] => {
  const value = unit.section('Socket').one('SocketProtocol');
  const protocol = readChoice(value, ['mptcp', 'sctp', 'udplite'], unit);
  if (value === undefined || protocol === undefined) return undefined;
  const socketType = protocol === 'udplite' ? 'dgram' : 'stream';
  const fits = endpoints.some((each) => each.kind === 'internet' && each.socketType === socketType);
  if (!fits) unit.report.warn(value, `no socket of this unit can be one of ${protocol}`, 'remove it');
  return protocol;
};

/** `endpoints` are those of the unit. */
export const readSettings = (unit: Unit, endpoints: readonly Endpoint[]): SocketSettings => {
  const values = unit.section('Socket');
  const isOn = (key: string): boolean => readSwitch(values.one(key), unit) ?? false;
  const sendBuffer = readBuffer(values.one('SendBuffer'), unit);
  const receiveBuffer = readBuffer(values.one('ReceiveBuffer'), unit);
  return {
    ...plainSocket,
    backlog: readBacklog(values.one('Backlog'), unit),
    sendBuffer,
    receiveBuffer,
    // as systemd does, which tries with the privilege first
    forcesBuffers: sendBuffer !== undefined || receiveBuffer !== undefined,
    keepAlive: isOn('KeepAlive'),
    keepAliveTime: readSeconds(values.one('KeepAliveTimeSec'), unit),
    keepAliveInterval: readSeconds(values.one('KeepAliveIntervalSec'), unit),
    keepAliveProbes: readNumberIn(values.one('KeepAliveProbes'), 0, largest, unit),
    noDelay: isOn('NoDelay'),
    deferAccept: readSeconds(values.one('DeferAcceptSec'), unit),
    freeBind: isOn('FreeBind'),
    transparent: isOn('Transparent'),
    bindDevice: readText(values.one('BindToDevice'), unit),
    mark: readNumberIn(values.one('Mark'), 0, 4_294_967_295, unit),
    priority: readNumberIn(values.one('Priority'), 0, largest, unit),
    typeOfService: readServiceType(values.one('IPTOS'), unit),
    timeToLive: readNumberIn(values.one('IPTTL'), 1, 255, unit),
    congestion: readText(values.one('TCPCongestion'), unit),
    protocol: readProtocol(unit, endpoints),
    broadcast: isOn('Broadcast'),
    reusePort: isOn('ReusePort'),
    passesCredentials: isOn('PassCredentials'),
    passesPacketInfo: isOn('PassPacketInfo'),
    pipeSize: readBuffer(values.one('PipeSize'), unit),
    directoryMode: readOctal(values.one('DirectoryMode'), unit) ?? plainSocket.directoryMode,
    symlinks: readSymlinks(unit, endpoints),
  };
};
