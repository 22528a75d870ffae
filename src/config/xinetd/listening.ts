// Where a service listens: socket_type, protocol, port, bind, flags of families, and the kinds that have no port.
import type { InternetEndpoint } from '../../model/address.ts';
import type { Mode, MuxName, RpcProgram } from '../../model/service.ts';
import type { Marks } from '../source.ts';
import type { Attributes } from './attributes.ts';
import {
  type BoundHost,
  boundOf,
  type FamilyChoice,
  familyOfAll,
  familyOfHost,
  type SharedBind,
} from './bind.ts';
import type { Chosen, Flag, Type } from './flags.ts';
import { markWord, type Notes, type Word } from './notes.ts';
import { readNumber, readSwitch } from './values.ts';

export type Listening = {
  readonly endpoints: readonly InternetEndpoint[];
  readonly mux: MuxName | undefined;
  readonly rpc: RpcProgram | undefined;
  readonly marks: Partial<Marks>;
  /** The name that services(5) must have with the port that was written. */
  readonly listedName: string | undefined;
};

type Transport = 'stream' | 'dgram';

const missing = (name: Word, attribute: string, advice: string, notes: Notes): undefined =>
  notes.error(name, `service '${name.text}' is missing the attribute ${attribute}`, advice);

const readSocketType = (word: Word | undefined, notes: Notes): Transport | undefined => {
  switch (word?.text.toLowerCase()) {
    case undefined:
      return undefined;
    case 'stream':
      return 'stream';
    case 'dgram':
      return 'dgram';
    case 'raw':
    case 'seqpacket':
      return (
        word && notes.error(word, `no service can be run on ${word.text} sockets`, 'use stream or dgram')
      );
    default:
      return word && notes.error(word, `bad socket type '${word.text}'`, 'write stream or dgram');
  }
};

const readProtocol = (word: Word | undefined, notes: Notes): Transport | undefined => {
  switch (word?.text.toLowerCase()) {
    case undefined:
      return undefined;
    case 'tcp':
      return 'stream';
    case 'udp':
      return 'dgram';
    default: {
      const family = /^(?:tcp|udp)([46])$/i.exec(word?.text ?? '')?.[1];
      const advice = family === undefined ? 'write tcp or udp' : `write tcp or udp, and flags = IPv${family}`;
      return word && notes.error(word, `no service can be run on the protocol '${word.text}'`, advice);
    }
  }
};

/** The type of the socket; socket_type and protocol each imply the other. */
export const readTransport = (name: Word, attributes: Attributes, notes: Notes): Transport | undefined => {
  const typeWord = attributes.one('socket_type');
  const protocolWord = attributes.one('protocol');
  if (typeWord === undefined && protocolWord === undefined) {
    return missing(name, 'socket_type', 'write socket_type = stream, or dgram', notes);
  }
  const type = readSocketType(typeWord, notes);
  const protocol = readProtocol(protocolWord, notes);
  if (typeWord !== undefined && protocolWord !== undefined && type !== undefined && protocol !== undefined) {
    if (type === protocol) return type;
    return notes.error(
      protocolWord,
      `${typeWord.text} sockets do not speak ${protocolWord.text}`,
      `write protocol = ${type === 'stream' ? 'tcp' : 'udp'}`,
    );
  }
  return type ?? protocol;
};

const readPort = (attributes: Attributes, notes: Notes): Word | undefined => {
  const word = attributes.one('port');
  return readNumber(word, 0, 65_535, notes) === undefined ? undefined : word;
};

export const readVersions = (word: Word, notes: Notes): readonly [number, number] | undefined => {
  const [, low = '', high = low] = /^([0-9]+)(?:-([0-9]+))?$/.exec(word.text) ?? [];
  const versions = [Number(low), Number(high)] as const;
  if (low !== '' && versions[0] <= versions[1] && versions[1] <= 0xffffffff) return versions;
  return notes.error(word, `bad version range '${word.text}'`, 'write VERSION or LOW-HIGH');
};

export const readProgramNumber = (word: Word | undefined, notes: Notes): number | undefined =>
  readNumber(word, 0, 0xffffffff, notes);

const readRpc = (
  name: Word,
  attributes: Attributes,
  isUnlisted: boolean,
  notes: Notes,
): { readonly program: RpcProgram; readonly word: Word } | undefined => {
  const versionWord = attributes.one('rpc_version');
  const numberWord = attributes.one('rpc_number');
  const versions =
    versionWord === undefined
      ? missing(name, 'rpc_version', 'write rpc_version = 1-2', notes)
      : readVersions(versionWord, notes);
  if (isUnlisted && numberWord === undefined) {
    return missing(name, 'rpc_number', 'write the number, or remove UNLISTED from type', notes);
  }
  const number = readProgramNumber(numberWord, notes);
  if (versions === undefined || (numberWord !== undefined && number === undefined)) return undefined;
  const [lowVersion, highVersion] = versions;
  const word = isUnlisted ? (numberWord ?? name) : name;
  return { program: { program: isUnlisted ? String(number) : name.text, lowVersion, highVersion }, word };
};

const readMux = (
  name: Word,
  types: Chosen<Type>,
  transport: Transport,
  notes: Notes,
): MuxName | undefined => {
  const word = types.get('TCPMUXPLUS') ?? types.get('TCPMUX');
  if (word === undefined) return undefined;
  if (!types.has('UNLISTED')) {
    return notes.error(
      word,
      `a ${word.text} service must be UNLISTED too`,
      `write type = ${word.text} UNLISTED`,
    );
  }
  if (transport !== 'stream') {
    return notes.error(word, `a ${word.text} service needs the protocol tcp`, 'write protocol = tcp');
  }
  return { name: name.text, saysGo: types.has('TCPMUXPLUS') };
};

export const isMuxMember = (types: Chosen<Type>): boolean => types.has('TCPMUX') || types.has('TCPMUXPLUS');

const makeEndpoints = (
  bound: readonly BoundHost[] | undefined,
  choice: FamilyChoice,
  mode: Mode,
  place: Pick<InternetEndpoint, 'socketType' | 'port'>,
  notes: Notes,
): readonly InternetEndpoint[] => {
  if (bound === undefined) {
    const family = familyOfAll(choice, mode === 'whole-socket');
    return [{ kind: 'internet', ...place, host: '*', family }];
  }
  return bound.flatMap((host) => {
    const family = familyOfHost(host, choice, notes);
    return family === undefined ? [] : [{ kind: 'internet', ...place, host: host.host, family }];
  });
};

export type ListeningParts = {
  readonly name: Word;
  readonly attributes: Attributes;
  readonly types: Chosen<Type>;
  readonly flags: Chosen<Flag>;
  readonly transport: Transport;
  readonly mode: Mode;
  readonly inherited: {
    readonly bind: SharedBind | undefined;
    readonly isV6only: boolean | undefined;
  };
};

/** Undefined where nothing can be listened on, which is reported. */
export const readListening = (parts: ListeningParts, notes: Notes): Listening | undefined => {
  const { name, attributes, types, flags, transport, mode, inherited } = parts;
  if (isMuxMember(types)) {
    const mux = readMux(name, types, transport, notes);
    return mux && { endpoints: [], mux, rpc: undefined, marks: {}, listedName: undefined };
  }
  const isUnlisted = types.has('UNLISTED');
  const rpc = types.has('RPC') ? readRpc(name, attributes, isUnlisted, notes) : undefined;
  const portWord = readPort(attributes, notes);
  if (types.has('RPC') ? rpc === undefined : isUnlisted && attributes.one('port') === undefined) {
    return types.has('RPC')
      ? undefined
      : missing(name, 'port', 'an UNLISTED service must have one: write port = NUMBER', notes);
  }
  const choice: FamilyChoice = {
    v4: flags.get('IPv4'),
    v6: flags.get('IPv6'),
    isV6only: readSwitch(attributes.one('v6only'), notes) ?? inherited.isV6only ?? false,
  };
  const bound = boundOf(name, attributes, inherited.bind, notes);
  // as a number: with a sign or zeros before it a port would be looked up as a name
  const port = portWord === undefined ? (rpc === undefined ? name.text : '0') : String(Number(portWord.text));
  const endpoints = makeEndpoints(bound, choice, mode, { socketType: transport, port }, notes);
  const isListed = !isUnlisted && rpc === undefined;
  const [host] = bound ?? [];
  return {
    endpoints,
    mux: undefined,
    rpc: rpc?.program,
    marks: {
      ...(host === undefined ? {} : { host: markWord(host.word) }),
      ...(rpc === undefined ? {} : { rpc: markWord(rpc.word) }),
      port: markWord(portWord ?? name),
    },
    listedName: isListed && (portWord !== undefined || /^[0-9]+$/.test(name.text)) ? name.text : undefined,
  };
};
