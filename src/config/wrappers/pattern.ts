// The words of the two lists of a rule: daemons and clients, hosts and users.
import { parseAddress } from '../../model/network.ts';
import type { HostPattern, TextPattern, WrapperClient, WrapperServer } from '../../model/wrapper-rules.ts';
import { foldCase, isWord, type Stretch, splitAt, splitWord } from './words.ts';

/** Tells what is wrong with a stretch of the text. */
export type Complaint = {
  readonly error: (at: Stretch, message: string, advice: string) => void;
  readonly warn: (at: Stretch, message: string, advice: string) => void;
};

/** For libwrap two or more stars at the end of a word ask for at least one character. */
const readGlob = (text: string): TextPattern => ({ kind: 'glob', text: text.replace(/\*{2,}$/, '?*') });

const readText = (word: string): TextPattern => {
  const text = foldCase(word);
  if (/[*?]/.test(text)) return readGlob(text);
  if (text.startsWith('.')) return { kind: 'ending', text };
  if (text === 'all') return { kind: 'any' };
  if (text === 'known') return { kind: 'known' };
  if (text.endsWith('.')) return { kind: 'beginning', text };
  return { kind: 'exact', text };
};

/** A part of a dotted quad as inet_aton(3) reads it: 010 is 8, 0x10 is 16. */
const readByte = (part: string): number | undefined => {
  const value = /^0x[0-9a-f]+$/i.test(part)
    ? Number.parseInt(part, 16)
    : /^0[0-7]*$/.test(part)
      ? Number.parseInt(part, 8)
      : /^[1-9][0-9]*$/.test(part)
        ? Number(part)
        : 256;
  return value < 256 ? value : undefined;
};

const readQuad = (text: string): number | undefined => {
  const bytes = text.split('.').map(readByte);
  if (bytes.length !== 4) return undefined;
  let value = 0;
  for (const byte of bytes) {
    if (byte === undefined) return undefined;
    value = value * 256 + byte;
  }
  // 255.255.255.255 is what inet_addr(3) says of what is no address
  return value === 0xffffffff ? undefined : value;
};

/** The digits with which a text begins, as atoi(3). */
const leadingNumber = (text: string): number | undefined => {
  const digits = /^[+-]?[0-9]+/.exec(text)?.[0];
  return digits === undefined ? undefined : Number(digits);
};

const maskOf = (text: string): number | undefined => {
  const quad = readQuad(text);
  if (quad !== undefined) return quad;
  const prefix = leadingNumber(text) ?? 0;
  return prefix < 1 || prefix > 32 ? undefined : (0xffffffff << (32 - prefix)) >>> 0;
};

const nobody: HostPattern = { kind: 'nobody' };
const senseless: HostPattern = { kind: 'senseless' };

const readNetwork4 = (net: Stretch, mask: Stretch, word: Stretch, complain: Complaint): HostPattern => {
  const network = readQuad(net.text);
  const bits = maskOf(mask.text);
  if (network === undefined || bits === undefined) {
    const isHost = mask.text === '255.255.255.255' || mask.text === '0';
    complain.warn(
      word,
      `'${word.text}' matches nobody: it is no network with a mask`,
      isHost
        ? 'write the address alone, or ALL'
        : 'write 192.0.2.0/24, 192.0.2.0/255.255.255.0 or [2001:db8::]/32',
    );
    return nobody;
  }
  if ((network & ~bits) !== 0) {
    complain.warn(
      word,
      `'${word.text}' matches nobody: the network has bits outside its mask`,
      'set them to zero',
    );
  }
  return { kind: 'network4', network, mask: bits };
};

const bracketed = (text: string): string | undefined =>
  text.length > 1 && text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : undefined;

/** What stands between brackets, with the number of an interface where there is one. */
const readAddress6 = (inner: string, word: Stretch, complain: Complaint): HostPattern => {
  const [address = '', zone] = inner.split('%');
  const bytes = parseAddress(address);
  if (bytes?.length !== 16) {
    complain.warn(
      word,
      `'${word.text}' matches nobody: '${inner}' is no IPv6 address`,
      'write [2001:db8::1]',
    );
    return nobody;
  }
  const scope = zone === undefined ? undefined : /^[0-9]{1,9}$/.test(zone) ? Number(zone) : NaN;
  if (Number.isNaN(scope)) {
    complain.error(
      word,
      `the interface of '${word.text}' is written with its name`,
      'write its number (ip link shows it); until then whoever comes to this word is refused',
    );
    return senseless;
  }
  return { kind: 'network6', bytes, prefix: 128, scope };
};

const readNetwork6 = (inner: string, mask: Stretch, word: Stretch, complain: Complaint): HostPattern => {
  const host = readAddress6(inner, word, complain);
  if (host.kind !== 'network6') return host;
  const prefix = leadingNumber(mask.text);
  if (prefix === undefined) {
    complain.error(
      word,
      `'${mask.text}' is no length of a prefix`,
      'write a number from 0 to 128; until then whoever comes to this word is refused',
    );
    return senseless;
  }
  if (prefix < 0 || prefix > 128) {
    complain.warn(word, `'${word.text}' matches nobody: a prefix has 0 to 128 bits`, 'write such a number');
    return nobody;
  }
  return { ...host, prefix };
};

export const readHost = (word: Stretch, complain: Complaint): HostPattern => {
  const { text } = word;
  if (text === '') {
    complain.warn(word, 'there is no host behind the @, so it matches nobody', 'write one, or ALL');
    return nobody;
  }
  if (text.startsWith('@')) return { kind: 'netgroup', group: text.slice(1) };
  if (text.startsWith('/')) return { kind: 'file', path: text };
  if (isWord(text, 'KNOWN')) return { kind: 'known-host' };
  if (isWord(text, 'LOCAL')) return { kind: 'local' };
  const [net, mask] = splitAt(word, '/');
  const inner = bracketed(net.text);
  if (mask !== undefined) {
    return inner === undefined
      ? readNetwork4(net, mask, word, complain)
      : readNetwork6(inner, mask, word, complain);
  }
  const pattern = readText(text);
  if (inner !== undefined && pattern.kind === 'exact') return readAddress6(inner, word, complain);
  return { kind: 'text', pattern, isForNames: /[^0-9./]/.test(text) };
};

/** A word of a list of clients. */
export const readClient = (word: Stretch, complain: Complaint): WrapperClient => {
  const [user, host] = splitWord(word, '@');
  if (host === undefined) return { user: undefined, host: readHost(word, complain) };
  const pattern = readText(user.text);
  return { user: pattern.kind === 'any' ? undefined : pattern, host: readHost(host, complain) };
};

/** A word of a list of daemons: a whole number up to 65535 is a port. */
export const readServer = (word: Stretch, complain: Complaint): WrapperServer => {
  const [daemon, host] = splitWord(word, '@');
  const port = /^\+?[0-9]+$/.test(daemon.text) ? Number(daemon.text) : 65536;
  return {
    daemon: port <= 65535 ? { kind: 'port', port } : readText(daemon.text),
    host: host === undefined ? undefined : readHost(host, complain),
  };
};
