// What is started and what it finds, as directives of a service unit.
import { milliseconds } from '../../model/quantity.ts';
import type { Answer, ResourceLimit, Service } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { octal } from '../inetd/written-line.ts';
import { escapeSpecifiers, isPlainValue, quoteArgument, quoteWord } from './quoting.ts';
import { unlimitedConnections } from './written-access.ts';
import { type Line, optional } from './written-line.ts';

export const relayProgram = '/usr/lib/systemd/systemd-socket-proxyd';
/** It has no timeout of its own: this is how long Linux tries to connect. */
export const relayTimeout = milliseconds(127_000);

const accountName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Why nobody could be started as the service wants it. */
export const obstacleOf = ({
  answer,
  credentials,
  mode,
  endpoints,
  limits,
  mux,
  rpc,
}: Service): string | undefined => {
  if (mux !== undefined) return 'no tcpmux';
  if (rpc !== undefined) return 'nobody registers with rpcbind';
  if (answer.kind === 'builtin') return `no built-in ${answer.builtin}`;
  if (answer.kind === 'sensor') return 'no sensors';
  if (limits.instances === 0 || limits.perSource === 0) return 'a limit of nobody';
  const accounts = [credentials.user, credentials.group, ...(credentials.supplementaryGroups ?? [])];
  const account = accounts.find((name) => name !== undefined && !accountName.test(name));
  if (account !== undefined) return `no account could be called '${account}'`;
  if (answer.kind === 'relay') return undefined;
  if (mode === 'per-connection' && endpoints[0]?.socketType === 'dgram') {
    return 'nobody is started for a single datagram';
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these is allowed there, quoted or not
  if (/["'\\\u0000-\u001f\u007f]/.test(answer.file)) {
    return `no path of a program has such characters, as ${JSON.stringify(answer.file)}`;
  }
  const isPath = answer.file.startsWith('/') && !/\/\.\.?(?:\/|$)|\/\/|\/$/.test(answer.file);
  return isPath || !/[/]/.test(answer.file) ? undefined : `the path '${answer.file}' is not absolute`;
};

type Program = Answer & { readonly kind: 'program' };

const programCommand = ({ file, arguments: words }: Program, report: LossReport): string => {
  const [name = file, ...others] = words;
  if (words.length === 0) report.lose('answer.arguments', 'a program gets its own path as argument 0');
  // in the path itself a dollar sign is one, in the argument that would be made of it a variable
  const isOwn = name === file && !file.includes('$');
  const head = quoteWord(`${isOwn ? '' : '@'}${file}`);
  return [head, ...(isOwn ? others : [name, ...others]).map(quoteArgument)].join(' ');
};

const relayCommand = (service: Service, report: LossReport): string => {
  const { answer, limits } = service;
  if (answer.kind !== 'relay') return '';
  if (answer.connectTimeout !== relayTimeout) {
    report.lose('answer.connectTimeout', 'connecting takes as long as Linux tries');
  }
  for (const part of ['retryFor', 'proxyHeader', 'idleTimeout', 'backend'] as const) {
    if (answer[part] !== undefined) report.lose(`answer.${part}`, 'it is not told');
  }
  if (answer.fallbacks.length > 0) report.lose('answer.fallbacks', 'it has one address');
  const host = answer.host.includes(':') ? `[${answer.host}]` : answer.host;
  const most = limits.instances ?? unlimitedConnections;
  return [relayProgram, `--connections-max=${most}`, `${host}:${answer.port}`].map(quoteArgument).join(' ');
};

const limitNames = {
  cpu: 'CPU',
  fsize: 'FSIZE',
  data: 'DATA',
  stack: 'STACK',
  core: 'CORE',
  rss: 'RSS',
  nproc: 'NPROC',
  nofile: 'NOFILE',
  memlock: 'MEMLOCK',
  as: 'AS',
  locks: 'LOCKS',
  sigpending: 'SIGPENDING',
  msgqueue: 'MSGQUEUE',
  nice: 'NICE',
  rtprio: 'RTPRIO',
  rttime: 'RTTIME',
} as const;

const limitLine = ({ resource, soft, hard }: ResourceLimit): Line => {
  const [first, second] = [soft, hard].map((value) => (value === undefined ? 'infinity' : String(value)));
  return [`Limit${limitNames[resource]}`, first === second ? `${first}` : `${first}:${second}`];
};

/** More than the highest priority there is. */
const isNoLevel = ({ resource, soft, hard }: ResourceLimit): boolean =>
  resource === 'nice' && Math.max(soft ?? 0, hard ?? 0) > 40;

const limitLines = (limits: readonly ResourceLimit[], report: LossReport): readonly Line[] => {
  const known = limits.filter((limit) => !isNoLevel(limit));
  if (known.length < limits.length) {
    report.lose(
      'process.resourceLimits',
      'a unit has no limit of nice above 40',
      'write 40, which allows all',
    );
  }
  return known.map(limitLine);
};

const credentialLines = (service: Service, report: LossReport): readonly Line[] => {
  const { user, group, supplementaryGroups } = service.credentials;
  const isSomebody = user !== undefined || group !== undefined;
  if (isSomebody && supplementaryGroups !== undefined && service.answer.kind === 'program') {
    if (supplementaryGroups.length === 0) {
      report.lose('credentials.supplementaryGroups', "a user's groups are always given too");
    } else {
      report.lose('', "the groups of the user's own are given too");
    }
  }
  return [
    ...optional('User', user),
    ...optional('Group', group),
    ...((supplementaryGroups ?? []).length === 0
      ? []
      : [['SupplementaryGroups', ...(supplementaryGroups ?? [])] as const]),
  ];
};

const directoryLine = (
  key: 'WorkingDirectory' | 'RootDirectory',
  path: string | undefined,
  report: LossReport,
): readonly Line[] => {
  if (path === undefined || (isPlainValue(path) && !/\/\.\.?(?:\/|$)/.test(path))) {
    return optional(key, path === undefined ? undefined : escapeSpecifiers(path));
  }
  const field = `process.${key.charAt(0).toLowerCase()}${key.slice(1)}`;
  report.lose(field, `a unit file cannot write the directory ${JSON.stringify(path)}`, 'rename it');
  return [];
};

const processLines = (service: Service, report: LossReport): readonly Line[] => {
  const { hasSession, nice, umask, workingDirectory, rootDirectory, resourceLimits } = service.process;
  if (!hasSession) report.lose('process.hasSession', 'every instance has a session of its own');
  return [
    ...directoryLine('WorkingDirectory', workingDirectory, report),
    ...directoryLine('RootDirectory', rootDirectory, report),
    ...optional('Nice', nice),
    ...optional('UMask', umask === undefined ? undefined : octal(umask)),
    ...limitLines(resourceLimits, report),
  ];
};

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const errorTargets = { client: 'socket', log: 'journal', null: 'null' } as const;

const surroundingsLines = (service: Service, report: LossReport): readonly Line[] => {
  const { surroundings, mode } = service;
  if (surroundings.hasFd3) report.lose('surroundings.hasFd3', 'descriptor 3 is closed', 'use 0 and 1');
  const hasPeer = mode === 'per-connection';
  if (surroundings.hasAddressVariables) {
    if (hasPeer) report.lose('', 'REMOTE_ADDR and REMOTE_PORT alone tell the addresses', 'use those');
    else report.lose('surroundings.hasAddressVariables', 'no variables of addresses', 'ask the socket');
  }
  const known = surroundings.environment.filter(({ name }) => variableName.test(name));
  if (known.length < surroundings.environment.length) {
    report.lose('surroundings.environment', 'names of variables have letters, digits and _ only');
  }
  const passed = surroundings.passedVariables.filter((name) => variableName.test(name));
  if (passed.length < surroundings.passedVariables.length) {
    report.lose('surroundings.passedVariables', 'the environment is a clean one', 'use PassEnvironment=');
  }
  return [
    ['StandardInput', 'socket'],
    ['StandardOutput', 'socket'],
    [
      'StandardError',
      typeof surroundings.stderr === 'string' ? errorTargets[surroundings.stderr] : 'journal',
    ],
    ...known.map(({ name, value }): Line => ['Environment', quoteWord(`${name}=${value}`)]),
    ...(passed.length === 0 ? [] : [['PassEnvironment', ...passed] as const]),
    ...(hasPeer && !surroundings.hasAddressVariables
      ? [['UnsetEnvironment', 'REMOTE_ADDR', 'REMOTE_PORT'] as const]
      : []),
  ];
};

export const serviceLines = (service: Service, report: LossReport): readonly Line[] => {
  const { answer, surroundings } = service;
  if (surroundings.showsMapped) {
    report.lose('surroundings.showsMapped', 'IPv4 clients are shown as IPv4');
  }
  if (answer.kind !== 'program') {
    report.lose('', 'one process copies for all connections', 'look at its log');
    return [['ExecStart', relayCommand(service, report)], ...credentialLines(service, report)];
  }
  return [
    ['ExecStart', programCommand(answer, report)],
    ...credentialLines(service, report),
    ...surroundingsLines(service, report),
    ...processLines(service, report),
    // what a handler leaves behind lives on, and a broken pipe ends it, as with inetd
    ['KillMode', 'process'],
    ['IgnoreSIGPIPE', 'no'],
  ];
};
