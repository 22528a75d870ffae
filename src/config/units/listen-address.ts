// An address as ListenStream= and its kin write it (systemd.socket(5)), with systemd's own idea of what is none.
import { isIPv4, isIPv6 } from 'node:net';
import type { Family, SocketType } from '../../model/address.ts';
import { parseInteger } from './quantities.ts';

/** Where one listens, before the unit has said whose the file is. */
export type Place =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'internet'; readonly family: Family; readonly host: string; readonly port: string }
  | {
      readonly kind: 'vsock';
      readonly cid: number | undefined;
      readonly port: number;
      /** `vsock-dgram:` and its kin. */
      readonly socketType: SocketType | undefined;
    };

export type Wrong = { readonly kind: 'wrong'; readonly message: string; readonly advice: string };

export type AddressRules = {
  /** Sockets of IPv6 take no clients of IPv4. */
  readonly isV6only: boolean;
  /** Without IPv6 in the kernel a port alone is one of IPv4. */
  readonly hasIpv6: boolean;
};

const wrong = (message: string, advice: string): Wrong => ({ kind: 'wrong', message, advice });

/** sun_path has 108 bytes, the last one for a NUL. */
const longestPath = 107;

const readPath = (text: string): Place | Wrong => {
  if (text.length < 2) return wrong(`'${text}' names nothing`, 'write a path to a file, or @NAME');
  const length = Buffer.byteLength(text);
  return length > longestPath
    ? wrong(`this path has ${length} bytes, and a socket's ${longestPath} at most`, 'take a shorter one')
    : { kind: 'path', path: text };
};

const largestPort = 65_535;

const readPort = (text: string): number | Wrong => {
  const port = parseInteger(text);
  if (port === undefined) return wrong(`'${text}' is no port`, 'write its number; names are not known here');
  if (port === 0) return wrong('there is no port 0 to listen on', 'write one from 1 to 65535');
  return port < 0 || port > largestPort ? wrong(`there is no port ${text}`, 'ports end at 65535') : port;
};

const cidNames: ReadonlyMap<string, number | undefined> = new Map([
  ['', undefined],
  ['any', undefined],
  ['hypervisor', 0],
  ['local', 1],
  ['host', 2],
]);

const largestWord = 4_294_967_295;

const readVsock = (text: string): Place | Wrong => {
  const [, type, cidText = '', portText = ''] =
    /^vsock(?:-(stream|dgram|seqpacket))?:([^:]*):([^:]*)$/.exec(text) ?? [];
  const number = parseInteger(cidText);
  const cid = cidNames.has(cidText) || number === largestWord ? cidNames.get(cidText) : number;
  const isKnown = cidNames.has(cidText) || (number !== undefined && number >= 0 && number <= largestWord);
  const port = parseInteger(portText);
  if (!isKnown || port === undefined || port < 0 || port >= largestWord) {
    return wrong(`'${text}' is no address of a virtual machine`, 'write vsock:CID:PORT, or vsock::PORT');
  }
  const socketType = (['stream', 'dgram', 'seqpacket'] as const).find((each) => each === type);
  return { kind: 'vsock', cid, port, socketType };
};

const isAny = (host: string): boolean => /^[0:]+$/.test(host) || host === '0.0.0.0';
const isMapped = (host: string): boolean => /^::ffff:[0-9.]+$/i.test(host);

const readInternet = (text: string, { isV6only }: AddressRules): Place | Wrong => {
  const [address = '', scope] = text.split(/%(.*)/s);
  const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(address) ?? [];
  if (scope === '') return wrong('there is no interface behind %', 'write [ADDRESS]:PORT%INTERFACE');
  if (portText === undefined) {
    if (isIPv4(address)) return wrong(`${address} has no port`, `write ${address}:PORT`);
    if (isIPv6(address)) return wrong(`${address} has no port`, `write [${address}]:PORT`);
    if (/^\[.*\]$/.test(address) && scope?.includes(':') === true) {
      const [name, port] = scope.split(':');
      return wrong('the interface stands behind the port', `write ${address}:${port}%${name}`);
    }
    if (/^\[.*\]$/.test(address)) return wrong(`${address} has no port`, `write ${address}:PORT`);
    return wrong(`'${text}' is no address to listen on`, 'write PORT, ADDRESS:PORT, [::1]:PORT or /PATH');
  }
  const host = bracketed ?? plain ?? '';
  const isSound = bracketed === undefined ? isIPv4(host) : isIPv6(host) && !host.includes('%');
  if (!isSound) {
    if (bracketed !== undefined) return wrong(`'${host}' is no address of IPv6`, 'write one as [::1]:PORT');
    return wrong(`'${host}' is no address`, 'write one in numbers: units have no host names');
  }
  const port = readPort(portText);
  if (typeof port !== 'number') return port;
  const takesBoth = !isV6only && (isAny(host) || isMapped(host));
  return {
    kind: 'internet',
    family: bracketed === undefined ? 'v4' : takesBoth ? 'dual' : 'v6',
    host: isAny(host) ? '*' : bracketed === undefined || scope === undefined ? host : `${host}%${scope}`,
    port: String(port),
  };
};

export const readPlace = (text: string, rules: AddressRules): Place | Wrong => {
  if (/^[/@]/.test(text)) return readPath(text);
  if (text.startsWith('vsock')) return readVsock(text);
  if (parseInteger(text) === undefined) return readInternet(text, rules);
  const port = readPort(text);
  if (typeof port !== 'number') return port;
  const family = !rules.hasIpv6 ? 'v4' : rules.isV6only ? 'v6' : 'dual';
  return { kind: 'internet', family, host: '*', port: String(port) };
};
