// The meaning of `name on key = value, ... ;`: its assignments become a service.
import { type Daemon, plainDaemon } from '../../model/daemon.ts';
import type { Answer, Credentials, Mode } from '../../model/service.ts';
import {
  type LocatedService,
  type MarkedField,
  type Marks,
  markToken,
  type Report,
  type Token,
} from '../source.ts';
import { assembleService } from './assemble.ts';
import type { Assignment } from './assignments.ts';
import { readAccessKeys, readBannerKeys, readIdentityKey } from './definition-access.ts';
import { readAnswerKeys } from './definition-answer.ts';
import { daemonKeys, isDaemonDefined, readDaemonKeys } from './definition-daemon.ts';
import { readEndpointKeys } from './definition-endpoints.ts';
import { readLifetimeKeys } from './definition-lifetime.ts';
import { readLimitKeys } from './definition-limits.ts';
import { readLogKeys } from './definition-log.ts';
import { readProcessKeys, readSocketKeys, readSurroundingsKeys } from './definition-process.ts';
import { indexKeys, type Keys, readSwitch } from './keys.ts';
import type { Listening } from './listening.ts';
import { checkPolicy, type Scope } from './scope.ts';

const readMode = (
  service: Token,
  keys: Keys,
  answer: Answer | undefined,
  listening: Listening | undefined,
  scope: Scope,
  report: Report,
): Mode => {
  const place = keys.place('wait');
  const isDaemon = isDaemonDefined(keys) && answer?.kind === 'program';
  const waits = readSwitch(keys.one('wait'), report) ?? isDaemon;
  if (place !== undefined && !waits && isDaemon) {
    report.error(place, 'a daemon takes the sockets themselves', 'write wait = yes, or remove it');
  }
  if (answer?.kind === 'builtin') return 'per-connection';
  if (place !== undefined && waits && (answer?.kind === 'relay' || answer?.kind === 'sensor')) {
    report.error(place, 'nobody is there to take the socket', 'write wait = no');
  }
  if (place === undefined && keys.place('exec') !== undefined && scope.meaning.dialect !== 'acceptd') {
    report.error(service, `'wait' of '${service.text}' is missing`, 'write wait = yes or wait = no');
  }
  if (place !== undefined && waits && listening?.mux !== undefined) {
    report.warn(place, 'a tcpmux member cannot wait: it gets single connections', 'write wait = no');
    return 'per-connection';
  }
  return waits ? 'whole-socket' : 'per-connection';
};

/** Only a program can be one; behind a redirect it is one without a word. */
const readDaemon = (
  service: Token,
  answer: Answer | undefined,
  listening: Listening | undefined,
  keys: Keys,
  report: Report,
): Daemon | undefined => {
  const daemon = readDaemonKeys(keys, report);
  if (answer?.kind === 'relay') return answer.backend === undefined ? undefined : (daemon ?? plainDaemon);
  if (daemon === undefined) return undefined;
  const [key] = daemonKeys.flatMap((name) => keys.place(name) ?? []);
  if (answer !== undefined && answer.kind !== 'program') {
    return report.error(key ?? service, 'there is no program that could be a daemon', 'write exec = PROGRAM');
  }
  if (listening?.mux !== undefined) {
    return report.error(key ?? service, 'a tcpmux member gets single connections', 'remove this');
  }
  if (daemon.activation === 'inetd' && (listening?.endpoints.length ?? 1) > 1) {
    const place = keys.one('activation') ?? service;
    return report.error(place, 'only one socket can be stdin', 'write activation = listen_fds');
  }
  return daemon;
};

/** One name for all sockets, or one for each; `-` for the usual one. */
const nameDescriptors = (listening: Listening, keys: Keys, report: Report): Listening => {
  const names = keys.all('fdname');
  const { endpoints } = listening;
  const [first] = names ?? [];
  if (names === undefined || first === undefined) return listening;
  if (names.length !== 1 && names.length !== endpoints.length) {
    report.error(
      first,
      `there are ${endpoints.length} sockets and ${names.length} names`,
      'write one for each',
    );
  }
  const wrong = names.find(({ text }) => text === '' || text.length > 255 || !/^[ -9;-~]+$/.test(text));
  if (wrong !== undefined)
    report.error(wrong, `'${wrong.text}' is no name of a descriptor`, 'write it without a colon');
  return {
    ...listening,
    endpoints: endpoints.map((endpoint, index) => {
      const name = (names[index] ?? first).text;
      return name === '-' ? endpoint : { ...endpoint, own: { descriptorName: name, socket: undefined } };
    }),
  };
};

const readCredentials = (service: Token, keys: Keys, scope: Scope, report: Report): Credentials => {
  if (keys.place('user') === undefined && scope.meaning.dialect !== 'acceptd') {
    report.error(service, `the user of '${service.text}' is missing`, 'write user = NAME');
  }
  for (const key of ['user', 'group']) {
    const value = keys.one(key);
    if (value?.text === '') report.error(value, `the ${key} is empty`, 'write a name or a number');
  }
  return {
    user: keys.one('user')?.text,
    group: keys.one('group')?.text,
    supplementaryGroups: keys.all('groups')?.map((group) => group.text),
  };
};

const markedKeys: readonly (readonly [MarkedField, string])[] = [
  ['user', 'user'],
  ['group', 'group'],
  ['groups', 'groups'],
  ['program', 'exec'],
  ['chdir', 'chdir'],
  ['chroot', 'chroot'],
];

const readMarks = (service: Token, keys: Keys, listening: Listening, report: Report): Marks => {
  const marks: { [Field in MarkedField]?: Marks['service'] } = {};
  for (const [field, key] of markedKeys) {
    const value = keys.one(key);
    if (value !== undefined) marks[field] = markToken(report.source, value);
  }
  return { ...listening.marks, ...marks, service: markToken(report.source, service) };
};

const checkIpsecKey = (service: Token, keys: Keys, scope: Scope, report: Report): void => {
  const values = keys.all('ipsec');
  const [value] = values ?? [];
  const isReset = values !== undefined && (value === undefined || value.text === '');
  if (value !== undefined && value.text !== '') {
    report.warn(value, 'the IPsec policy is not applied', 'configure IPsec outside of acceptd');
  }
  checkPolicy(isReset ? undefined : value?.text || scope.policy, service, scope, report);
};

/** Reads one definition; undefined when it is off, because it says so or for reasons that are reported. */
export const readDefinitionService = (
  service: Token,
  isOn: boolean,
  assignments: readonly Assignment[],
  scope: Scope,
  report: Report,
): LocatedService | undefined => {
  const { meaning } = scope;
  const errors = report.errorCount();
  if (/[\0\uFFFD]/.test(service.text) || service.text === '') {
    return report.error(service, 'this names no service', 'write a name in UTF-8');
  }
  const keys = indexKeys(assignments, meaning, report);
  checkIpsecKey(service, keys, scope, report);
  const listening = readEndpointKeys(service, keys, scope, report);
  if (listening === 'unserved') return undefined;
  const answer = listening && readAnswerKeys(service, listening, keys, scope, report);
  const mode = readMode(service, keys, answer, listening, scope, report);
  const credentials = readCredentials(service, keys, scope, report);
  const limits = readLimitKeys(keys, meaning, report);
  const process = readProcessKeys(keys, scope, report);
  const daemon = readDaemon(service, answer, listening, keys, report);
  const named = listening && daemon ? nameDescriptors(listening, keys, report) : listening;
  const lifetime = readLifetimeKeys(keys, daemon !== undefined, report);
  const surroundings = readSurroundingsKeys(keys, mode, daemon, scope, report);
  const socket = readSocketKeys(keys, scope, report);
  const access = readAccessKeys(keys, report);
  const banners = readBannerKeys(keys, report);
  const identity = readIdentityKey(keys, report);
  const serviceLog = readLogKeys(keys, report);
  if (
    report.errorCount() !== errors ||
    listening === undefined ||
    named === undefined ||
    answer === undefined ||
    !isOn
  )
    return undefined;

  const id = keys.one('id')?.text;
  const own = { process, surroundings, socket, access, banners, identity, serviceLog, daemon, lifetime };
  return {
    service: assembleService(
      { service, id, listening: named, mode, answer, credentials, limits, ...own },
      scope,
      report,
    ),
    marks: readMarks(service, keys, listening, report),
  };
};
