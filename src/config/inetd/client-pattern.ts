// One client of an access list: an address, a network, a host name or a domain.
import type { ClientPattern } from '../../model/access.ts';
import { hostNetwork, networkOf, parseAddress } from '../../model/network.ts';
import { parseCount } from '../../model/quantity.ts';
import type { Report, Token } from '../source.ts';

/** `24`, or a mask of IPv4 whose ones come first: `255.255.255.0`. */
const prefixOf = (text: string, bits: number): number | undefined => {
  const count = parseCount(text);
  if (count !== undefined) return count <= bits ? count : undefined;
  const mask = parseAddress(text);
  if (mask === undefined || mask.length !== 4 || bits !== 32) return undefined;
  const digits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(digits) ? digits.replaceAll('0', '').length : undefined;
};

const readNetwork = (value: Token, slash: number, report: Report): ClientPattern | undefined => {
  const address = parseAddress(value.text.slice(0, slash));
  const prefix = address && prefixOf(value.text.slice(slash + 1), address.length * 8);
  if (address === undefined || prefix === undefined) {
    return report.error(value, `'${value.text}' is no network`, 'write ADDRESS/BITS, as 192.0.2.0/24');
  }
  return { kind: 'network', network: networkOf(address, prefix) };
};

const label = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?';
const hostName = new RegExp(`^(?:${label}\\.)*${label}$`);

/** An address that is written wrongly is no name. */
const isName = (text: string): boolean => hostName.test(text) && !/^[0-9.]+$/.test(text);

export const readClientPattern = (value: Token, report: Report): ClientPattern | undefined => {
  const slash = value.text.indexOf('/');
  if (slash !== -1) return readNetwork(value, slash, report);
  const address = parseAddress(value.text);
  if (address !== undefined) return { kind: 'network', network: hostNetwork(address) };
  const name = value.text.toLowerCase();
  if (name.startsWith('.') && isName(name.slice(1))) return { kind: 'domain', suffix: name };
  if (isName(name)) return { kind: 'host', name };
  return report.error(
    value,
    `'${value.text}' is no address, network or host name`,
    'write 192.0.2.1, 192.0.2.0/24, host.example.com or .example.com',
  );
};
