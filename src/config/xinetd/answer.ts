// Who answers: a server with its arguments, a built-in, another address, or nobody (a sensor).
import { milliseconds, seconds } from '../../model/quantity.ts';
import { type Answer, type BuiltinName, plainRelay } from '../../model/service.ts';
import type { Marks } from '../source.ts';
import type { Attributes } from './attributes.ts';
import type { Chosen, Flag, Type } from './flags.ts';
import { isMuxMember } from './listening.ts';
import { markWord, type Notes, type Word } from './notes.ts';
import { isWord, readNumber } from './values.ts';

export type Answering = {
  readonly answer: Answer;
  readonly marks: Partial<Marks>;
  /** The daemon's name in hosts.allow, where nothing else is written. */
  readonly wrapperName: string;
};

/** How long a redirect tries to reach the other side. */
export const connectTimeout = seconds(30);
const builtins: readonly BuiltinName[] = ['echo', 'discard', 'chargen', 'daytime', 'time', 'tcpmux'];
/** Built-ins that xinetd had once; Debian still has their files. */
const goneBuiltins: ReadonlySet<string> = new Set(['servers', 'services', 'xadmin']);

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export type AnswerParts = {
  readonly name: Word;
  readonly attributes: Attributes;
  readonly types: Chosen<Type>;
  readonly flags: Chosen<Flag>;
  readonly transport: 'stream' | 'dgram';
};

const minute = 60_000;
const longestDenial = 0x7fffffff;

type DenyTime = (Answer & { readonly kind: 'sensor' })['denyTime'];

/** undefined: for no time, or what is written is none, which is reported. */
export const readDenyTime = (word: Word | undefined, notes: Notes): DenyTime => {
  if (word === undefined || isWord(word, 'NEVER')) return undefined;
  if (isWord(word, 'FOREVER')) return 'forever';
  const minutes = readNumber(word, 0, longestDenial, notes);
  return minutes === undefined || minutes === 0 ? undefined : milliseconds(minutes * minute);
};

const readSensor = (
  { name, attributes, types, transport }: AnswerParts,
  notes: Notes,
): Answering | undefined => {
  if (isMuxMember(types))
    return notes.error(name, 'a member of tcpmux cannot be a SENSOR', 'remove the flag');
  const word = attributes.one('deny_time');
  const denyTime = readDenyTime(word, notes);
  if (word !== undefined && denyTime !== undefined && transport === 'dgram') {
    notes.warn(
      word,
      'nobody is kept out for a datagram, whose sender may be forged: it is only logged',
      'remove deny_time, or use a stream socket',
    );
  }
  return { answer: { kind: 'sensor', denyTime }, marks: {}, wrapperName: name.text };
};

const readBuiltin = ({ name, types, transport, flags }: AnswerParts, notes: Notes): Answering | undefined => {
  const nameInArguments = flags.get('NAMEINARGS');
  if (nameInArguments !== undefined) {
    return notes.error(
      nameInArguments,
      'an INTERNAL service has no arguments for NAMEINARGS',
      'remove the flag',
    );
  }
  const type = types.get('INTERNAL') ?? name;
  const builtin = builtins.find((candidate) => isWord(name, candidate));
  if (goneBuiltins.has(name.text.toLowerCase())) {
    return notes.error(
      name,
      `the internal service '${name.text}' does not exist any more`,
      'remove the entry, or write disable = yes',
    );
  }
  if (builtin === undefined) {
    return notes.error(
      name,
      `there is no internal service '${name.text}'`,
      `they are ${builtins.join(', ')}`,
    );
  }
  if (builtin === 'tcpmux' && transport === 'dgram') {
    return notes.error(type, 'the internal tcpmux needs a stream socket', 'write socket_type = stream');
  }
  if (isMuxMember(types)) {
    return notes.error(type, 'a member of tcpmux cannot be INTERNAL', 'give it a server');
  }
  return { answer: { kind: 'builtin', builtin, format: 'xinetd' }, marks: {}, wrapperName: name.text };
};

const readPortName = (word: Word, notes: Notes): string | undefined => {
  if (!/^[0-9]+$/.test(word.text)) return word.text;
  return readNumber(word, 1, 65_535, notes) === undefined ? undefined : word.text;
};

const readRedirect = (parts: AnswerParts, isWhole: boolean, notes: Notes): Answering | undefined => {
  const { name, attributes, types, flags, transport } = parts;
  const [host, portWord] = attributes.values('redirect') ?? [];
  if (host === undefined || portWord === undefined) return undefined;
  const errors = notes.errorCount();
  if (transport !== 'stream') {
    notes.error(host, 'only stream sockets can be redirected', 'write socket_type = stream');
  } else if (isWhole) {
    notes.error(host, 'a redirected service must not wait', 'write wait = no');
  }
  const nameInArguments = flags.get('NAMEINARGS');
  if (nameInArguments !== undefined) {
    notes.error(nameInArguments, 'a redirected service has no arguments for NAMEINARGS', 'remove the flag');
  }
  if (isMuxMember(types)) notes.error(host, 'a member of tcpmux cannot be redirected', 'give it a server');
  const server = attributes.one('server');
  if (server !== undefined)
    notes.warn(server, 'a redirected service starts no server', 'remove one of the two');
  const port = readPortName(portWord, notes);
  if (port === undefined || notes.errorCount() !== errors) return undefined;
  return {
    answer: { kind: 'relay', host: host.text, port, connectTimeout, ...plainRelay },
    marks: { target: markWord(host), targetPort: markWord(portWord) },
    wrapperName: name.text,
  };
};

/** tcpd finds the server in the name it is called by. */
const checkTcpd = (server: Word, firstArgument: string, notes: Notes): void => {
  if (baseName(server.text) !== 'tcpd' || baseName(firstArgument) !== 'tcpd') return;
  notes.error(
    server,
    'tcpd would start itself forever: it is not told what to start',
    'write flags = NAMEINARGS and the server as the first word of server_args',
  );
};

const readProgram = ({ name, attributes, flags }: AnswerParts, notes: Notes): Answering | undefined => {
  const server = attributes.one('server');
  const words = attributes.values('server_args');
  const place = attributes.place('server_args');
  if (server === undefined) {
    const advice = 'write server = /PATH, redirect = HOST PORT, or type = INTERNAL';
    return notes.error(name, `service '${name.text}' is missing the attribute server`, advice);
  }
  if (!server.text.startsWith('/') || server.text.endsWith('/')) {
    return notes.error(server, `'${server.text}' is no absolute path of a program`, 'write one');
  }
  if (place !== undefined && words?.length === 0) {
    return notes.error(place, "'server_args' has no value", 'remove it');
  }
  const nameInArguments = flags.get('NAMEINARGS');
  if (nameInArguments !== undefined && words === undefined) {
    const advice = 'write the name of the program as the first word of server_args';
    return notes.error(nameInArguments, 'NAMEINARGS is set and there are no server_args', advice);
  }
  const written = (words ?? []).map(({ text }) => text);
  const all = nameInArguments === undefined ? [baseName(server.text), ...written] : written;
  const [first = ''] = all;
  checkTcpd(server, first, notes);
  return {
    answer: { kind: 'program', file: server.text, arguments: all },
    marks: { program: markWord(server) },
    wrapperName: baseName(nameInArguments === undefined ? server.text : first),
  };
};

/** Undefined where nobody can answer, which is reported. */
export const readAnswer = (parts: AnswerParts, isWhole: boolean, notes: Notes): Answering | undefined => {
  const { attributes, types, flags } = parts;
  if (flags.has('SENSOR')) return readSensor(parts, notes);
  if (types.has('INTERNAL')) return readBuiltin(parts, notes);
  if (attributes.place('redirect') !== undefined) return readRedirect(parts, isWhole, notes);
  return readProgram(parts, notes);
};
