// The rest of a service's settings in words, a line each: its limits, who may come, its rights, its daemon.

import type { Access, ClientPattern } from '../model/access.ts';
import { showClientPattern } from '../model/access.ts';
import type { CommandLine, Daemon, Lifetime } from '../model/daemon.ts';
import type { Limits } from '../model/limits.ts';
import { showDuration } from '../model/quantity.ts';
import type { Answer, Privileges, ResolvedService, Scheduling } from '../model/service.ts';
import { showMarks } from './steering-launch.ts';

type Lines = readonly string[];

const lineIf = (isSaid: boolean, line: () => string): Lines => (isSaid ? [line()] : []);

/** Of something that may not be set. */
const lineOf = <Value>(value: Value | undefined, say: (value: Value) => string): Lines =>
  value === undefined ? [] : [say(value)];

export const sayLimits = ({
  instances,
  perSource,
  perSourceRate,
  rate,
  onLimit,
  onRate,
  startRetries,
}: Limits): Lines => [
  ...lineOf(instances, (count) => `instances ${count}, beyond them ${onLimit}`),
  ...lineOf(perSource, (count) => `per-source ${count}`),
  ...lineOf(perSourceRate, ({ count, window }) => `per-source-rate ${count} in ${showDuration(window)}`),
  ...lineOf(
    rate,
    ({ count, window, pause }) =>
      `rate ${count} in ${showDuration(window)}, beyond it ${onRate} for ${showDuration(pause)}`,
  ),
  ...lineIf(startRetries > 0, () => `start-retries ${startRetries}`),
];

/** Lists may have thousands of entries. */
const mostShown = 20;

const sayList = (name: string, patterns: readonly ClientPattern[]): string => {
  if (patterns.length === 0) return `${name}: nobody`;
  const more = patterns.length - mostShown;
  const shown = patterns.slice(0, mostShown).map(showClientPattern).join(' ');
  return `${name} ${shown}${more > 0 ? ` and ${more} more` : ''}`;
};

const sayAccess = ({ onlyFrom, noAccess, times, maxLoad, wrapperName }: Access): Lines => [
  ...lineOf(onlyFrom, (list) => sayList('only_from', list)),
  ...lineIf(noAccess.length > 0, () => sayList('no_access', noAccess)),
  ...lineIf(times.length > 0, () => 'access_times are set'),
  ...lineOf(maxLoad, (load) => `max_load ${load}`),
  ...lineOf(wrapperName, (name) => `hosts.allow and hosts.deny know it as ${name}`),
];

const sayPrivileges = ({ bounding, ambient, secureBits, noNewPrivileges }: Privileges): Lines => [
  ...lineOf(bounding, (names) => `capabilities at most: ${names.join(' ') || 'none'}`),
  ...lineIf(ambient.length > 0, () => `ambient capabilities: ${ambient.join(' ')}`),
  ...lineOf(secureBits, (bits) => `secure bits 0x${bits.toString(16)}`),
  ...lineIf(noNewPrivileges, () => 'no new privileges'),
];

const sayScheduling = ({ policy, priority, affinity, ioClass, oomScoreAdjust }: Scheduling): Lines => [
  ...lineOf(policy, (name) => `scheduling ${name}${priority === undefined ? '' : ` ${priority}`}`),
  ...lineOf(affinity, (processors) => `processors ${processors.join(' ')}`),
  ...lineOf(ioClass, (name) => `I/O ${name}`),
  ...lineOf(oomScoreAdjust, (score) => `OOM score ${score}`),
];

const showWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word));

const showCommand = ({ file, arguments: words }: CommandLine): string =>
  [file, ...words.slice(1)].map((word) => showWord(showMarks(word))).join(' ');

const sayLifetime = ({ longest, ending }: Lifetime): Lines => [
  ...lineOf(longest, (time) => `it may live for ${showDuration(time)}`),
  `it is ended by signal ${ending.signal} (${ending.mode})${
    ending.kills && ending.timeout !== undefined
      ? `, after ${showDuration(ending.timeout)} by signal ${ending.finalSignal}`
      : ''
  }`,
];

const sayDaemon = (daemon: Daemon): Lines => {
  const { activation, type, onDemand, idleStop, restart } = daemon;
  const commands = (name: string, lines: readonly CommandLine[]): Lines =>
    lines.map((line) => `${name}: ${showCommand(line)}`);
  return [
    `daemon (${activation}, ${type}), started ${onDemand ? 'for its first client' : 'with acceptd'}`,
    ...commands('before it', daemon.startBefore),
    ...commands('then', daemon.furtherStarts),
    ...commands('after it', daemon.startAfter),
    ...commands('to reload', daemon.reload),
    ...commands('to stop', daemon.stop),
    ...commands('after its end', daemon.stopAfter),
    ...lineIf(restart.when !== 'no', () => `started again ${restart.when}`),
    ...lineOf(idleStop, (time) => `stopped when idle for ${showDuration(time)}`),
  ];
};

const sayAnswerSettings = (answer: Answer): Lines => {
  switch (answer.kind) {
    case 'program':
      return [];
    case 'builtin':
      return ['acceptd answers itself: no process is started'];
    case 'relay':
      return [
        answer.backend === undefined
          ? 'acceptd copies the bytes: no process is started'
          : 'acceptd copies the bytes; the program is the server behind it',
        `each address is tried for ${showDuration(answer.connectTimeout)}`,
        ...lineOf(answer.retryFor, (time) => `all are tried again for ${showDuration(time)}`),
        ...lineOf(answer.proxyHeader, (version) => `the client is told in a PROXY header ${version}`),
        ...lineOf(answer.idleTimeout, (time) => `ended after ${showDuration(time)} of silence`),
      ];
    case 'sensor':
      return [
        answer.denyTime === undefined
          ? 'who comes is told of, and nothing else'
          : `who comes is kept out of all services ${answer.denyTime === 'forever' ? 'forever' : `for ${showDuration(answer.denyTime)}`}`,
      ];
  }
};

export const sayFurther = (service: ResolvedService): Lines => {
  const { answer, access, banners, identity, process, lifetime, daemon, startTexts, mux } = service;
  return [
    ...sayAnswerSettings(answer),
    ...lineOf(mux, ({ name }) => `reached through tcpmux as ${name}`),
    ...(access === undefined ? [] : sayAccess(access)),
    ...lineOf(banners?.always, (path) => `everybody is sent ${path}`),
    ...lineOf(banners?.success, (path) => `who is let in is sent ${path}`),
    ...lineOf(banners?.failure, (path) => `who is refused is sent ${path}`),
    ...lineIf(identity?.isRequired === true, () => 'the user of each client must be known (RFC 1413)'),
    ...(process.privileges === undefined ? [] : sayPrivileges(process.privileges)),
    ...(process.scheduling === undefined ? [] : sayScheduling(process.scheduling)),
    ...(process.directories ?? []).map(({ kind, path }) => `${kind} directory ${path}`),
    ...lineIf(answer.kind === 'program' && !process.hasSession, () => 'no session of its own'),
    ...(startTexts?.environmentFiles ?? []).map(({ path }) => `variables of ${showMarks(path)}`),
    ...lineIf(
      (startTexts?.unsetVariables.length ?? 0) > 0,
      () => `without the variables ${startTexts?.unsetVariables.join(' ')}`,
    ),
    ...(daemon === undefined ? [] : sayDaemon(daemon)),
    ...(lifetime === undefined ? [] : sayLifetime(lifetime)),
  ];
};
