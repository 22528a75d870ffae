// Where a socket unit listens: ListenStream= and its kin, with owner and mode of what becomes a file.
import type { Endpoint, SocketType } from '../../model/address.ts';
import { readPlace } from './listen-address.ts';
import type { Machine } from './machine.ts';
import { expand } from './specifiers.ts';
import type { Value } from './syntax.ts';
import type { Unit } from './unit.ts';
import { checkPath, readChoice, readOctal, readText } from './values.ts';

const socketTypes: ReadonlyMap<string, SocketType | 'fifo'> = new Map([
  ['ListenStream', 'stream'],
  ['ListenDatagram', 'dgram'],
  ['ListenSequentialPacket', 'seqpacket'],
  ['ListenFIFO', 'fifo'],
]);

/** What systemd can open besides; an empty one takes all before it back as well. */
export const otherListenKeys: ReadonlySet<string> = new Set([
  'ListenSpecial',
  'ListenNetlink',
  'ListenMessageQueue',
  'ListenUSBFunction',
]);

/** Whose a file is, and who may use it. */
type Ownership = {
  readonly owner: string | undefined;
  readonly group: string | undefined;
  readonly mode: number;
};

const readOwnership = (unit: Unit): Ownership => {
  const values = unit.section('Socket');
  return {
    owner: readText(values.one('SocketUser'), unit),
    group: readText(values.one('SocketGroup'), unit),
    mode: readOctal(values.one('SocketMode'), unit) ?? 0o666,
  };
};

const readFifo = (at: Value, text: string, ownership: Ownership, unit: Unit): Endpoint | undefined => {
  const path = checkPath(at, text, unit);
  return path === undefined ? undefined : { kind: 'fifo', socketType: 'fifo', path, ...ownership };
};

const readSocket = (
  value: Value,
  socketType: SocketType,
  text: string,
  ownership: Ownership,
  unit: Unit,
  rules: { readonly isV6only: boolean; readonly hasIpv6: boolean },
): Endpoint | undefined => {
  const { report } = unit;
  const place = readPlace(text, rules);
  switch (place.kind) {
    case 'wrong':
      return report.error(value, place.message, place.advice);
    case 'path':
      return { kind: 'unix', socketType, path: place.path, ...ownership };
    case 'vsock':
      if (place.socketType !== undefined && place.socketType !== socketType) {
        return report.error(
          value,
          `this address is one of ${place.socketType}, and its directive is not`,
          'write vsock:CID:PORT',
        );
      }
      return { kind: 'vsock', socketType, cid: place.cid, port: place.port };
    case 'internet':
      if (socketType === 'seqpacket') {
        return report.error(value, 'there are no sequential packets over IP here', 'write /PATH or @NAME');
      }
      return { ...place, socketType };
  }
};

export type Listening = {
  readonly endpoints: readonly Endpoint[];
  /** Where the first of them is written; undefined where none is. */
  readonly first: Value | undefined;
};

/** In the order of their lines; an empty one takes all before it back. */
export const readListening = (unit: Unit, machine: Machine): Listening => {
  const { directives, report } = unit;
  const choice = readChoice(
    unit.section('Socket').one('BindIPv6Only'),
    ['default', 'both', 'ipv6-only'],
    unit,
  );
  const isV6only = choice === 'ipv6-only' || (choice !== 'both' && machine.isV6only);
  const ownership = readOwnership(unit);
  const listened = directives.filter(
    ({ section, key }) =>
      section === 'Socket' && (socketTypes.has(key.text) || otherListenKeys.has(key.text)),
  );
  const last = listened.findLastIndex(({ value }) => value.text === '');
  const endpoints: Endpoint[] = [];
  let first: Value | undefined;
  for (const { key, value } of listened.slice(last + 1)) {
    first ??= value;
    const socketType = socketTypes.get(key.text);
    // behind the port of an address a percent sign begins the name of an interface
    const isPath = /^[/@]/.test(value.text);
    const text = isPath ? (readText(value, unit) ?? '') : expand(value.text, unit.specifiers).text;
    if (socketType === undefined) {
      report.warn(key, `${key.text}= is not opened: acceptd has sockets and FIFOs`, 'leave it to systemd');
      continue;
    }
    const endpoint =
      socketType === 'fifo'
        ? readFifo(value, text, ownership, unit)
        : readSocket(value, socketType, text, ownership, unit, { isV6only, hasIpv6: machine.hasIpv6 });
    if (endpoint !== undefined) endpoints.push(endpoint);
  }
  return { endpoints, first };
};
