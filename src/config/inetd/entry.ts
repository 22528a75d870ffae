// The meaning of a positional entry: its words become a service.
import type { Answer, Credentials, Mode } from '../../model/service.ts';
import { type LocatedService, type Marks, markToken, type Report, type Token } from '../source.ts';
import { readAcceptFilter } from './accept-filter.ts';
import { baseName, builtinOf, readBuiltin, readProgram } from './answer.ts';
import { assembleService, type Read } from './assemble.ts';
import { readListening } from './entry-endpoints.ts';
import type { Listening } from './listening.ts';
import { checkTransport, readProtocolWord, readSocketWord, type SocketWord } from './protocol.ts';
import { checkPolicy, type Scope } from './scope.ts';
import { defaultProcess, defaultSocket, defaultSurroundings } from './surroundings.ts';
import { readUserWord } from './user.ts';
import { readWaitWord, type WaitWord } from './wait.ts';

const fieldNames = ['service', 'socket type', 'protocol', 'wait field', 'user', 'program'];

type InternalWords = { readonly service: Token; readonly word: Token; readonly others: readonly Token[] };

/** `internal`, by the service's own name or the name after it. */
const readInternal = (
  { service, word, others }: InternalWords,
  listening: Listening,
  socket: SocketWord,
  meaning: Scope['meaning'],
  report: Report,
): Answer | undefined => {
  const isUnix = listening.protocol === 'unix';
  const ownName = isUnix ? baseName(listening.name).replace(/^@/, '') : listening.name;
  const own = { ...service, text: ownName };
  const [first, second] = others;
  const isNamed = first !== undefined && !first.text.startsWith('-');
  const takesFirst = isNamed && (meaning.dialect === 'acceptd' || builtinOf(ownName) === undefined);
  const ignored = takesFirst ? second : first;
  if (ignored !== undefined) {
    report.warn(ignored, 'this has no effect on a built-in service', `end the entry after ${word.text}`);
  }
  if (!takesFirst && builtinOf(ownName) === undefined) {
    return report.error(word, `there is no built-in service '${ownName}'`, 'name one, as in: internal echo');
  }
  return readBuiltin(takesFirst && first !== undefined ? first : own, socket.socketType, report);
};

/** The mode a service really has: a built-in and a tcpmux member always get single connections. */
const modeOf = (wait: WaitWord, token: Token, listening: Listening, answer: Answer, report: Report): Mode => {
  if (answer.kind === 'builtin') return 'per-connection';
  if (listening.mux !== undefined && wait.mode === 'whole-socket') {
    report.warn(token, 'a tcpmux member cannot wait: it gets single connections', 'write nowait');
    return 'per-connection';
  }
  return wait.mode;
};

/** Reads one positional entry; undefined when it is off, for reasons that are reported. */
export const readEntryService = (
  tokens: readonly [Token, ...Token[]],
  scope: Scope,
  report: Report,
): LocatedService | undefined => {
  const { meaning, options } = scope;
  if (!meaning.hasKeys && (tokens[1]?.text === 'on' || tokens[1]?.text === 'off')) {
    return report.error(
      tokens[1],
      `${meaning.dialect} has no keys and values`,
      'use .dialect acceptd before it',
    );
  }
  const [service, socketToken, protocolToken, waitToken, userToken, program, ...others] = tokens;
  if (
    socketToken === undefined ||
    protocolToken === undefined ||
    waitToken === undefined ||
    userToken === undefined ||
    program === undefined
  ) {
    return report.error(
      service,
      `the entry '${service.text}' has ${tokens.length} of 6 fields; the ${fieldNames[tokens.length]} is missing`,
      'write SERVICE SOCKET-TYPE PROTOCOL WAIT USER PROGRAM ARGUMENTS',
    );
  }
  const errors = report.errorCount();
  checkPolicy(scope.policy, service, scope, report);
  const broken = tokens.find((token) => /[\0\uFFFD]/.test(token.text));
  if (broken !== undefined) {
    return report.error(
      broken,
      'this is not text in UTF-8',
      'write the file in UTF-8, without NUL characters',
    );
  }
  const socket = readSocketWord(socketToken, meaning, report);
  const protocol = readProtocolWord(protocolToken, meaning, report);
  if (protocol?.kind === 'unserved') return undefined;
  const wait = readWaitWord(waitToken, meaning, report);
  const user = readUserWord(userToken, meaning, report);
  const fits =
    socket !== undefined && protocol !== undefined && checkTransport(socket, protocol, protocolToken, report);
  const listening =
    socket !== undefined && protocol !== undefined && fits
      ? readListening(service, socket, protocol, scope, report)
      : undefined;
  const isInternal = program.text === 'internal' && !program.isQuoted;
  const answer = isInternal
    ? listening &&
      socket &&
      readInternal({ service, word: program, others }, listening, socket, meaning, report)
    : readProgram(program, others.length === 0 ? undefined : others, meaning, report);
  const deferAccept =
    socket?.acceptFilter === undefined ? undefined : readAcceptFilter(socket.acceptFilter, report);
  if (
    report.errorCount() !== errors ||
    socket === undefined ||
    protocol === undefined ||
    wait === undefined ||
    user === undefined ||
    listening === undefined ||
    answer === undefined
  ) {
    return undefined;
  }

  const mode = modeOf(wait, waitToken, listening, answer, report);
  if (wait.limits.perSource || wait.limits.perSourceRate) {
    if (mode === 'whole-socket') {
      report.warn(waitToken, 'limits per source have no effect on a service that waits', 'write wait alone');
    }
  }
  const limits =
    socket.instances === undefined ? wait.limits : { ...wait.limits, instances: socket.instances };
  const credentials: Credentials = {
    user: user.user.text,
    group: user.group?.text,
    supplementaryGroups: undefined,
  };
  const read: Read = {
    service,
    id: undefined,
    listening,
    mode,
    answer,
    credentials,
    limits,
    process: defaultProcess(meaning),
    surroundings: defaultSurroundings(meaning, mode, options, undefined),
    socket: {
      ...defaultSocket(options),
      sendBuffer: protocol.kind === 'internet' ? protocol.sendBuffer : undefined,
      receiveBuffer: protocol.kind === 'internet' ? protocol.receiveBuffer : undefined,
      deferAccept,
    },
  };
  const marks: Marks = {
    ...listening.marks,
    service: markToken(report.source, service),
    user: markToken(report.source, user.user),
    ...(user.group === undefined ? {} : { group: markToken(report.source, user.group) }),
    program: markToken(report.source, program),
  };
  return { service: assembleService(read, scope, report), marks };
};
