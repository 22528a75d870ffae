// bind: the addresses or host names on which a service listens. One that cannot be understood never becomes all.
import { isIPv4, isIPv6 } from 'node:net';
import type { Family } from '../../model/address.ts';
import { isMapped, parseAddress, showAddressBytes } from '../../model/network.ts';
import type { Attributes } from './attributes.ts';
import { parseInetAton } from './inet-aton.ts';
import { type Notes, placeOf, type Word } from './notes.ts';

/** `version` is undefined of a name. */
export type BoundHost = { readonly host: string; readonly version: 4 | 6 | undefined; readonly word: Word };

/** What defaults say: who inherits a `broken` one would listen where nobody wanted it. */
export type SharedBind = { readonly hosts: readonly BoundHost[]; readonly broken: Word | undefined };

const isName = (text: string): boolean => /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?$/i.test(text);

const readHost = (word: Word, notes: Notes): BoundHost | undefined => {
  const { text } = word;
  if (/^[0-9.]+$/.test(text)) {
    const bytes = parseInetAton(text);
    if (bytes === undefined) {
      return notes.error(word, `'${text}' is no address`, 'write an address or a host name');
    }
    return { host: showAddressBytes(bytes), version: 4, word };
  }
  if (isIPv6(text)) return { host: text, version: 6, word };
  if (isName(text)) return { host: text, version: undefined, word };
  return notes.error(word, `'${text}' is neither an address nor a host name`, 'write one of them');
};

const isMulticast = (host: string): boolean => isIPv4(host) && /^2(?:2[4-9]|3[0-9])\./.test(host);

/** undefined: nothing was written, or all of it is wrong, which is reported. */
export const readBind = (attributes: Attributes, notes: Notes): readonly BoundHost[] | undefined => {
  const words = attributes.values('bind');
  const place = attributes.place('bind');
  if (words === undefined || place === undefined) return undefined;
  if (words.length === 0) {
    return notes.error(
      place,
      `'${place.text}' has no value`,
      'write an address, or remove it to listen on all',
    );
  }
  if (words.length > 1) {
    notes.warn(
      words[1] ?? place,
      `the service listens on each of these ${words.length} addresses, where xinetd ignores the line and listens on all`,
      'keep one address if xinetd shall do the same',
    );
  }
  const hosts = words.flatMap((word) => readHost(word, notes) ?? []);
  for (const { host, word } of hosts) {
    if (isMulticast(host)) {
      notes.warn(
        word,
        `the multicast group ${host} is not joined`,
        'let the server join it, or another program',
      );
    }
  }
  return hosts;
};

/** bind of defaults; `damaged` is a line of it that could not be read. */
export const readSharedBind = (
  attributes: Attributes,
  damaged: Word | undefined,
  notes: Notes,
): SharedBind | undefined => {
  const errors = notes.errorCount();
  const hosts = readBind(attributes, notes);
  const broken = damaged ?? (notes.errorCount() === errors ? undefined : attributes.place('bind'));
  return hosts === undefined && broken === undefined ? undefined : { hosts: hosts ?? [], broken };
};

/** Where a service is bound; undefined: it is not, or it is off, which is reported. */
export const boundOf = (
  name: Word,
  attributes: Attributes,
  shared: SharedBind | undefined,
  notes: Notes,
): readonly BoundHost[] | undefined => {
  if (attributes.place('bind') !== undefined) return readBind(attributes, notes) ?? [];
  if (shared?.broken === undefined) return shared?.hosts;
  return notes.error(
    name,
    `service '${name.text}' is off: it inherits bind of defaults, which is not understood at ${placeOf(shared.broken)}`,
    'mend it, or write bind = in the service',
  );
};

/** Which families flags and v6only allow. */
export type FamilyChoice = {
  readonly v4: Word | undefined;
  readonly v6: Word | undefined;
  readonly isV6only: boolean;
};

/** Without an address: both families, each by a socket of its own where the service takes single connections. */
export const familyOfAll = ({ v4, v6, isV6only }: FamilyChoice, isWhole: boolean): Family => {
  if (v4 !== undefined && v6 === undefined) return 'v4';
  if (isV6only) return 'v6';
  if (v6 !== undefined && v4 === undefined) return 'dual';
  return isWhole ? 'dual' : 'both';
};

/** A numeric address has its own family, and a flag that says otherwise is a mistake. */
export const familyOfHost = (
  { host, version, word }: BoundHost,
  choice: FamilyChoice,
  notes: Notes,
): Family | undefined => {
  const { v4, v6, isV6only } = choice;
  if (version === undefined) {
    if (v4 !== undefined && v6 === undefined) return 'v4';
    return (v6 !== undefined && v4 === undefined) || isV6only ? 'v6' : 'both';
  }
  const [wrong, right] = version === 4 ? [v6, v4] : [v4, v6];
  if (wrong !== undefined && right === undefined) {
    const listens = version === 4 ? ', where xinetd would listen on all addresses' : '';
    return notes.error(
      wrong,
      `the flag ${wrong.text} does not fit bind = ${word.text}, which is an IPv${version} address${listens}`,
      `remove the flag, or bind an IPv${version === 4 ? 6 : 4} address`,
    );
  }
  if (version === 4) return 'v4';
  const bytes = parseAddress(host);
  const takesMapped = bytes !== undefined && (bytes.every((byte) => byte === 0) || isMapped(bytes));
  return takesMapped && !isV6only ? 'dual' : 'v6';
};
