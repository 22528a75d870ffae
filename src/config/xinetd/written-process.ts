// What a server finds: its user, limits, environment and socket, in the attributes of xinetd.conf.
import type { ResourceName, Service } from '../../model/service.ts';
import { plainSocket } from '../../model/socket-settings.ts';
import type { LossReport } from '../conversion.ts';
import { octal } from '../inetd/written-line.ts';
import { isWord, type Line, lineIf } from './written-line.ts';

/** xinetd wants a user even where nobody is started. */
export const credentialLines = (service: Service, report: LossReport): readonly Line[] => {
  const { user, group, supplementaryGroups } = service.credentials;
  const isProgram = service.answer.kind === 'program';
  if (service.answer.kind === 'builtin' || service.answer.kind === 'sensor') return [];
  if (!isProgram) return [['user', user ?? 'nobody']];
  const hasGroups = supplementaryGroups === undefined;
  if (user === undefined) {
    report.lose(
      'credentials',
      'every server has a user: root, where xinetd itself runs so',
      'choose another',
    );
  } else if (supplementaryGroups !== undefined && supplementaryGroups.length > 0) {
    report.lose('credentials.supplementaryGroups', 'xinetd gives no group by name', 'add the user to them');
  }
  return [
    ['user', user ?? 'root'],
    ...(group === undefined ? [] : [['group', group] as const]),
    ['groups', hasGroups ? 'yes' : 'no'],
  ];
};

const resources: ReadonlyMap<ResourceName, string> = new Map([
  ['as', 'rlimit_as'],
  ['cpu', 'rlimit_cpu'],
  ['data', 'rlimit_data'],
  ['nofile', 'rlimit_files'],
  ['rss', 'rlimit_rss'],
  ['stack', 'rlimit_stack'],
]);

const resourceLines = (service: Service, report: LossReport): readonly Line[] => {
  const { resourceLimits } = service.process;
  let isSame = true;
  const order = [...resources.keys()];
  const lines = [...resourceLimits]
    .sort((left, right) => order.indexOf(left.resource) - order.indexOf(right.resource))
    .flatMap(({ resource, soft, hard }): readonly Line[] => {
      const attribute = resources.get(resource);
      if (attribute === undefined || hard === 0) isSame = false;
      if (attribute === undefined || hard === 0) return [];
      if (soft !== hard) isSame = false;
      return [[attribute, hard === undefined ? 'UNLIMITED' : String(hard)]];
    });
  if (!isSame) {
    report.lose(
      'process.resourceLimits',
      'xinetd limits as, cpu, data, files, rss and stack, each with one number above 0',
      'set the others in a script',
    );
  }
  return lines;
};

export const processLines = (service: Service, report: LossReport): readonly Line[] => {
  if (service.answer.kind !== 'program') return [];
  const { hasSession, nice, umask, workingDirectory, rootDirectory } = service.process;
  if (!hasSession) report.lose('process.hasSession', 'every server has a session of its own');
  if (workingDirectory !== undefined && workingDirectory !== '/') {
    report.lose('process.workingDirectory', 'every server starts in /', 'start a script that changes it');
  }
  if (rootDirectory !== undefined) {
    report.lose('process.rootDirectory', 'xinetd changes no root', 'start chroot(8) with the program');
  }
  return [
    ...(nice === undefined ? [] : [['nice', String(nice)] as const]),
    ...(umask === undefined ? [] : [['umask', octal(umask)] as const]),
    ...resourceLines(service, report),
  ];
};

export const surroundingsLines = (service: Service, report: LossReport): readonly Line[] => {
  const { surroundings, answer, mode } = service;
  if (surroundings.showsMapped) {
    report.lose('surroundings.showsMapped', 'acceptd shows IPv4 clients as IPv4', 'run it with --mapped');
  }
  if (answer.kind !== 'program') return [];
  if (surroundings.stderr !== 'client') {
    report.lose('surroundings.stderr', 'what a server says on stderr goes to its client', 'redirect it');
  }
  if (surroundings.hasFd3) report.lose('surroundings.hasFd3', 'descriptor 3 is closed', 'use 0 and 1');
  if (surroundings.hasAddressVariables !== (mode === 'per-connection')) {
    report.lose('surroundings.hasAddressVariables', 'the variables of addresses are always set');
  }
  // the last of several assignments of one name counts
  const assigned = new Map(surroundings.environment.map(({ name, value }) => [name, value]));
  const written = [...assigned].filter(([name, value]) => isWord(`${name}=${value}`));
  if (written.length !== surroundings.environment.length) {
    report.lose('surroundings.environment', 'xinetd sets no variable twice or with blanks', 'use a script');
  }
  const passesAll = surroundings.passedVariables.length === 1 && surroundings.passedVariables[0] === '*';
  const passed = [...new Set(surroundings.passedVariables)].filter((name) => isWord(name) && name !== '*');
  if (!passesAll && passed.length !== surroundings.passedVariables.length) {
    report.lose('surroundings.passedVariables', 'passenv has names only, each once');
  }
  return [
    ...lineIf(written.length > 0, 'env', ...written.map(([name, value]) => `${name}=${value}`)),
    ...lineIf(!passesAll, 'passenv', ...passed),
  ];
};

/** Options that xinetd has no word for. */
const otherOptions = [
  'backlog',
  'sendBuffer',
  'receiveBuffer',
  'deferAccept',
  'fastOpen',
  'freeBind',
  'transparent',
  'bindDevice',
  'mark',
  'priority',
  'typeOfService',
  'timeToLive',
  'debug',
  'forcesBuffers',
  'keepAliveTime',
  'keepAliveInterval',
  'keepAliveProbes',
  'congestion',
  'protocol',
  'broadcast',
  'reusePort',
  'passesCredentials',
  'passesPacketInfo',
  'pipeSize',
] as const;

export const socketFlags = ({ socket }: Service, report: LossReport): readonly string[] => {
  for (const option of otherOptions) {
    if (socket[option] !== undefined && socket[option] !== false) {
      report.lose(`socket.${option}`, `xinetd does not set ${option} of a socket`);
    }
  }
  if (socket.symlinks.length > 0) report.lose('socket.symlinks', 'xinetd makes no links to a socket');
  if (socket.directoryMode !== plainSocket.directoryMode) {
    report.lose('socket.directoryMode', 'xinetd makes no directories');
  }
  return [...(socket.noDelay ? ['NODELAY'] : []), ...(socket.keepAlive ? ['KEEPALIVE'] : [])];
};
