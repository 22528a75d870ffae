// One word of only_from or no_access: an address, a network, a host or a domain, in each of xinetd's forms.
import type { ClientPattern } from '../../model/access.ts';
import {
  hostNetwork,
  type Network,
  networkOf,
  parseAddress,
  showAddressBytes,
  showNetwork,
} from '../../model/network.ts';
import { parseCount } from '../../model/quantity.ts';
import { parseInetAton } from './inet-aton.ts';
import type { Notes, Word } from './notes.ts';

const advice = 'write an address, ADDRESS/BITS, a host name or .domain';

const ofNetwork = (network: Network): ClientPattern => ({ kind: 'network', network });

/** Octets of zero at the end stand for all: 10.9.0.0 is 10.9.0.0/16, and 0.0.0.0 is every IPv4 address. */
const wildNetwork = (bytes: Uint8Array): Network => {
  let octets = 4;
  while (octets > 0 && bytes[octets - 1] === 0) octets -= 1;
  return networkOf(bytes, octets * 8);
};

const isFullForm = (text: string): boolean =>
  /^(?:[0-9]+\.){3}[0-9]+$/.test(text) && !/(?:^|\.)0[0-9]/.test(text);

/** inet_aton's forms are easily taken for something else. */
const warnOfForm = (word: Word, address: string, meaning: string, notes: Notes): void => {
  if (!isFullForm(address)) {
    notes.warn(word, `'${word.text}' means ${meaning}`, 'write it so');
  }
};

/** The bits of a written mask: `24`, or `255.255.255.0`. */
const parseMask = (text: string, version: 4 | 6): number | undefined => {
  const bits = parseCount(text);
  if (bits !== undefined) return bits <= (version === 4 ? 32 : 128) ? bits : undefined;
  const mask = parseAddress(text);
  if (mask === undefined || mask.length !== (version === 4 ? 4 : 16)) return undefined;
  const binary = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(binary) ? binary.lastIndexOf('1') + 1 : undefined;
};

const readMasked = (word: Word, slash: number, notes: Notes): readonly ClientPattern[] | undefined => {
  const address = word.text.slice(0, slash);
  const mask = word.text.slice(slash + 1);
  const bytes = parseInetAton(address) ?? parseAddress(address);
  if (bytes === undefined) {
    return notes.error(word, `'${address}' is no numeric address, so it has no mask`, advice);
  }
  const prefix = parseMask(mask, bytes.length === 4 ? 4 : 6);
  if (prefix === undefined) {
    const most = bytes.length === 4 ? 32 : 128;
    return notes.error(word, `'${mask}' is no mask`, `write 0 to ${most} bits, as in ${address}/${most - 8}`);
  }
  const network = networkOf(bytes, prefix);
  if (bytes.length === 4) warnOfForm(word, address, showNetwork(network), notes);
  return [ofNetwork(network)];
};

const isOctet = (text: string): boolean => /^[0-9]{1,3}$/.test(text) && Number(text) <= 255;

/** `10.9.8.{7,9}`, `10.{9,10}`, `{10}`: each combination, and what is not written is all. */
const readFactorized = (word: Word, notes: Notes): readonly ClientPattern[] | undefined => {
  const [, head = '', list] = /^((?:[0-9]+\.){0,3})\{([0-9,]*)\}$/.exec(word.text) ?? [];
  const first = head.split('.').filter((octet) => octet !== '');
  const choices = list?.split(',') ?? [];
  if (list === undefined || ![...first, ...choices].every(isOctet)) {
    return notes.error(
      word,
      `bad address '${word.text}'`,
      'write octets from 0 to 255 in the braces, without blanks, as in 10.9.8.{7,9}',
    );
  }
  return choices.map((last) => {
    const octets = [...first, last].map(Number);
    const bytes = Uint8Array.from([...octets, 0, 0, 0].slice(0, 4));
    return ofNetwork(networkOf(bytes, octets.length * 8));
  });
};

const name = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

const readName = (word: Word, notes: Notes): readonly ClientPattern[] | undefined => {
  const text = word.text.toLowerCase().replace(/(?<=.)\.$/, '');
  const isDomain = text.startsWith('.');
  const isNumeric = /^[0-9.]*$/.test(text);
  if (isNumeric || !name.test(isDomain ? text.slice(1) : text)) {
    const what = isNumeric ? 'no address' : 'neither an address nor a name';
    return notes.error(word, `'${word.text}' is ${what}`, advice);
  }
  return [isDomain ? { kind: 'domain', suffix: text } : { kind: 'host', name: text }];
};

/** Several patterns only for a factorized address; undefined: the word cannot be understood, which is reported. */
export const readClientPatterns = (word: Word, notes: Notes): readonly ClientPattern[] | undefined => {
  const { text } = word;
  if (text.includes('{') || text.includes('}')) return readFactorized(word, notes);
  if (text.includes(',')) {
    return notes.error(word, `'${text}' has a comma in it`, 'put blanks between addresses');
  }
  const slash = text.indexOf('/');
  if (slash !== -1) return readMasked(word, slash, notes);
  const bytes = parseInetAton(text);
  if (bytes !== undefined) {
    const network = wildNetwork(bytes);
    const isHost = network.prefix === 32;
    warnOfForm(word, text, isHost ? `the host ${showAddressBytes(bytes)}` : showNetwork(network), notes);
    return [ofNetwork(network)];
  }
  const address = parseAddress(text);
  return address === undefined ? readName(word, notes) : [ofNetwork(hostNetwork(address))];
};

/** The same for two patterns that mean the same clients. */
export const patternKey = (pattern: ClientPattern): string => {
  switch (pattern.kind) {
    case 'network':
      return `${pattern.network.version} ${showNetwork(pattern.network)}`;
    case 'host':
      return pattern.name;
    case 'domain':
      return pattern.suffix;
  }
};

export const showPattern = (pattern: ClientPattern): string =>
  pattern.kind === 'network' ? showNetwork(pattern.network) : patternKey(pattern);
