// The directives of [Socket]: where a service listens, who may come, and how its sockets are set.

import { isIPv4, isIPv6 } from 'node:net';
import type { Access, ClientPattern } from '../../model/access.ts';
import type { Endpoint, Family, SocketType } from '../../model/address.ts';
import type { Limits } from '../../model/limits.ts';
import { hostNetwork, networkOf, parseAddress } from '../../model/network.ts';
import { parseCount, seconds } from '../../model/quantity.ts';
import type { Mode, SocketSettings } from '../../model/service.ts';
import { plainSocket } from '../../model/socket-settings.ts';
import { takesMapped } from '../normal-form.ts';
import type { Directive, Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';
import { readNumber, readOctal, readSize, readSpan, readSwitch, readText, readWords } from './values.ts';
import { unlimitedConnections } from './written-access.ts';

const listenKeys: ReadonlyMap<string, SocketType> = new Map([
  ['ListenStream', 'stream'],
  ['ListenDatagram', 'dgram'],
  ['ListenSequentialPacket', 'seqpacket'],
]);

const readInternet = (
  value: Value,
  text: string,
  socketType: 'stream' | 'dgram',
  isV6only: boolean,
  unit: Unit,
): Endpoint | undefined => {
  const v6: Family = isV6only ? 'v6' : 'dual';
  const [, bracketed, plain, portText = '', scope] =
    /^(?:\[([^\]]*)\]:|([^:]*):)?([0-9]+)(?:%(.+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '::';
  const port = parseCount(portText);
  if (port === undefined || port < 1 || port > 65_535 || !(isIPv4(host) || isIPv6(host))) {
    return unit.report.error(
      value,
      `'${value.text}' is no address to listen on`,
      'write [::]:79, 0.0.0.0:79 or /PATH',
    );
  }
  const isAll = host === '::' || host === '0.0.0.0';
  return {
    kind: 'internet',
    socketType,
    family: isIPv4(host) ? 'v4' : takesMapped(host) ? v6 : 'v6',
    host: isAll ? '*' : scope === undefined ? host : `${host}%${scope}`,
    port: String(port),
  };
};

/** In the order of their lines; an empty one takes all before it back. */
export const readEndpoints = (
  directives: readonly Directive[],
  values: Values,
  unit: Unit,
): readonly Endpoint[] => {
  const isV6only = values.one('BindIPv6Only')?.text === 'ipv6-only';
  const mode = readOctal(values.one('SocketMode'), unit) ?? 0o666;
  const owner = readText(values.one('SocketUser'), unit);
  const group = readText(values.one('SocketGroup'), unit);
  let endpoints: Endpoint[] = [];
  for (const { section, key, value } of directives) {
    const socketType = listenKeys.get(key.text);
    if (section !== 'Socket' || socketType === undefined) continue;
    if (value.text === '') endpoints = [];
    const text = value.text === '' ? undefined : readText(value, unit);
    if (text === undefined) continue;
    if (/^[/@]/.test(text)) {
      endpoints.push({ kind: 'unix', socketType, path: text, owner, group, mode });
    } else if (socketType === 'seqpacket') {
      unit.report.error(value, `'${value.text}' is no path`, 'write /PATH or @NAME');
    } else {
      const endpoint = readInternet(value, text, socketType, isV6only, unit);
      if (endpoint !== undefined) endpoints.push(endpoint);
    }
  }
  return endpoints;
};

const readNetwork = (word: string): ClientPattern | undefined => {
  const [text = '', bits] = word.split('/');
  const address = parseAddress(text);
  const prefix = bits === undefined ? undefined : parseCount(bits);
  if (address === undefined || (bits !== undefined && (prefix ?? 129) > address.length * 8)) return undefined;
  return {
    kind: 'network',
    network: prefix === undefined ? hostNetwork(address) : networkOf(address, prefix),
  };
};

/** IPAddressAllow= wins: with `any` denied it alone says who comes. */
export const readAccess = (values: Values, unit: Unit): Access | undefined => {
  const read = (key: string): { readonly isAny: boolean; readonly patterns: readonly ClientPattern[] } => {
    const tokens = values.all(key);
    const words = readWords(tokens, unit);
    const [first] = tokens;
    const patterns = words.flatMap((word) => {
      if (word === 'any') return [];
      const pattern = readNetwork(word);
      if (pattern === undefined && first !== undefined) {
        unit.report.error(first, `'${word}' is no network`, 'write ADDRESS/BITS');
      }
      return pattern ?? [];
    });
    return { isAny: words.includes('any'), patterns };
  };
  const allow = read('IPAddressAllow');
  const deny = read('IPAddressDeny');
  const [allowed] = values.all('IPAddressAllow');
  if (!deny.isAny && allowed !== undefined && deny.patterns.length > 0) {
    unit.report.error(allowed, 'exceptions from IPAddressDeny= are not read yet', 'write IPAddressDeny=any');
  }
  const onlyFrom = deny.isAny && !allow.isAny ? allow.patterns : undefined;
  const noAccess = deny.isAny ? [] : deny.patterns;
  return onlyFrom === undefined && noAccess.length === 0
    ? undefined
    : { onlyFrom, noAccess, times: [], maxLoad: undefined, wrapperName: undefined };
};

/** `mode` is that of the service; connections of a relay are counted by the program that copies. */
export const readLimits = (values: Values, mode: Mode, isAccepting: boolean, unit: Unit): Limits => {
  const most = readNumber(values.one('MaxConnections'), unit) ?? 64;
  const perSource = readNumber(values.one('MaxConnectionsPerSource'), unit) ?? 0;
  const written = readSpan(values.one('PollLimitIntervalSec'), unit) ?? seconds(2);
  const window = written === 'infinity' ? seconds(0) : written;
  const count = readNumber(values.one('PollLimitBurst'), unit) ?? (isAccepting ? 150 : 15);
  const isWhole = mode === 'whole-socket';
  return {
    instances: isWhole ? 1 : most >= unlimitedConnections ? undefined : most,
    perSource: isAccepting && perSource > 0 ? perSource : undefined,
    perSourceRate: undefined,
    sourcePrefix: { v4: 32, v6: 128 },
    rate: window > 0 && count > 0 ? { count, window, pause: window } : undefined,
    onRate: 'wait',
    startRetries: 0,
    onLimit: isWhole ? 'hold' : 'refuse',
  };
};

export const readSocket = (values: Values, unit: Unit): SocketSettings => ({
  ...plainSocket,
  backlog: readNumber(values.one('Backlog'), unit),
  sendBuffer: readSize(values.one('SendBuffer'), unit),
  receiveBuffer: readSize(values.one('ReceiveBuffer'), unit),
  keepAlive: readSwitch(values.one('KeepAlive'), unit) ?? false,
  noDelay: readSwitch(values.one('NoDelay'), unit) ?? false,
  deferAccept: readNumber(values.one('DeferAcceptSec'), unit),
  freeBind: readSwitch(values.one('FreeBind'), unit) ?? false,
  transparent: readSwitch(values.one('Transparent'), unit) ?? false,
  bindDevice: values.one('BindToDevice')?.text,
  mark: readNumber(values.one('Mark'), unit),
  priority: readNumber(values.one('Priority'), unit),
  typeOfService: readNumber(values.one('IPTOS'), unit),
  timeToLive: readNumber(values.one('IPTTL'), unit),
});
