// Addresses of acceptd listen, as people and systemd-socket-activate write them, in words of the native language.
import { quote } from '../config/inetd/written-line.ts';
import type { SocketType } from '../model/address.ts';

/** An address as a service of its own is told, and as one of several sockets of a daemon. */
export type Place = {
  /** What the service is called: its port or path. */
  readonly name: string;
  readonly keys: readonly (readonly [string, string])[];
  /** A word of the key `listen`. */
  readonly word: string;
};

type Prefix = { readonly protocol: string; readonly family: string; readonly socketType: SocketType };

const prefixes: ReadonlyMap<string, Omit<Prefix, 'family'>> = new Map([
  ['tcp', { protocol: 'tcp', socketType: 'stream' }],
  ['udp', { protocol: 'udp', socketType: 'dgram' }],
  ['unix', { protocol: 'unix', socketType: 'stream' }],
  ['unix-stream', { protocol: 'unix', socketType: 'stream' }],
  ['unix-dgram', { protocol: 'unix', socketType: 'dgram' }],
  ['unix-seqpacket', { protocol: 'unix', socketType: 'seqpacket' }],
  ['dgram', { protocol: '', socketType: 'dgram' }],
  ['seqpacket', { protocol: '', socketType: 'seqpacket' }],
  ['vsock', { protocol: 'vsock', socketType: 'stream' }],
]);

const takePrefix = (address: string, usual: SocketType): readonly [Prefix, rest: string] => {
  const found = /^([a-z-]+?)(46|[46])?:(.+)$/.exec(address);
  const known = prefixes.get(found?.[1] ?? '');
  const [, , family = '', rest = ''] = found ?? [];
  if (known === undefined || (family !== '' && known.protocol !== 'tcp' && known.protocol !== 'udp'))
    return [{ protocol: '', family: '', socketType: usual }, address];
  return [{ ...known, family }, rest];
};

const unixPlace = (path: string, socketType: SocketType): Place => {
  const word = `unix-${socketType}:${path}`;
  if (socketType !== 'stream') return { name: path, keys: [['listen', quote(word)]], word };
  return {
    name: path,
    keys: [
      ['protocol', 'unix'],
      ['path', quote(path)],
    ],
    word,
  };
};

/** A daemon gets one socket for an address, so that of all hosts is one for IPv4 and IPv6. */
const internetPlace = ({ protocol, family }: Prefix, host: string | undefined, port: string): Place => {
  const isEverywhere = host === undefined || host === '' || host === '*';
  const together = family === '' && isEverywhere ? '46' : family;
  return {
    name: port,
    keys: [
      ['protocol', `${protocol}${family}`],
      ...(host === undefined ? [] : [['bind', quote(host.replace(/^\[(.*)\]$/, '$1'))] as const]),
    ],
    word: `${protocol}${together}:${isEverywhere ? '*' : host}:${port}`,
  };
};

/**
 * `PORT`, `HOST:PORT`, `/path`, `@name`, each of `usual` type or with `tcp:`, `udp:`, `unix:`, `dgram:`, `seqpacket:` or
 * `vsock:` before it; undefined for anything else.
 */
export const placeOf = (address: string, usual: SocketType): Place | undefined => {
  const [prefix, rest] = takePrefix(address, usual);
  const { protocol, socketType } = prefix;
  if (protocol === 'unix' || (protocol === '' && /^[/@]./.test(rest))) return unixPlace(rest, socketType);
  if (protocol === 'vsock') return { name: rest, keys: [['listen', quote(address)]], word: address };
  const internet = /^(?:(.*):)?([A-Za-z0-9_-]+)$/.exec(rest);
  if (internet === null || socketType === 'seqpacket') return undefined;
  const [, host, port = ''] = internet;
  return internetPlace({ ...prefix, protocol: socketType === 'dgram' ? 'udp' : 'tcp' }, host, port);
};
