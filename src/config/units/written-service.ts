// What is started and what it finds, as directives of a service unit.
import { milliseconds } from '../../model/quantity.ts';
import type { Service } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { span } from '../inetd/written-access.ts';
import { hasProgram } from './normal-unit.ts';
import { quoteArgument } from './quoting.ts';
import { isEveryEnd } from './statuses.ts';
import { takesSocket } from './streams.ts';
import { unlimitedConnections } from './written-access.ts';
import { processLines } from './written-attributes.ts';
import { commandWords, programWords } from './written-command.ts';
import { daemonLines, lifetimeLines, startLimitLines } from './written-daemon.ts';
import { type Line, optional } from './written-line.ts';
import { surroundingsLines } from './written-surroundings.ts';

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
  const program = answer.kind === 'relay' ? answer.backend : answer;
  if (program === undefined) return undefined;
  if (answer.kind === 'program' && mode === 'per-connection') {
    const types = endpoints.map(({ socketType }) => socketType);
    if (types.includes('dgram')) return 'nobody is started for a single datagram';
    if (types.includes('fifo')) return 'nobody connects to a FIFO';
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these is allowed there, quoted or not
  if (/["'\\\u0000-\u001f\u007f]/.test(program.file)) {
    return `no path of a program has such characters, as ${JSON.stringify(program.file)}`;
  }
  const isPath = program.file.startsWith('/') && !/\/\.\.?(?:\/|$)|\/\/|\/$/.test(program.file);
  return isPath || !/[/]/.test(program.file) ? undefined : `the path '${program.file}' is not absolute`;
};

const relayCommand = (service: Service, report: LossReport): string => {
  const { answer, limits, daemon } = service;
  if (answer.kind !== 'relay') return '';
  if (answer.connectTimeout !== relayTimeout) {
    report.lose('answer.connectTimeout', 'connecting takes as long as Linux tries');
  }
  if (answer.idleTimeout !== undefined) report.lose('answer.idleTimeout', 'quiet connections stay');
  if (answer.retryFor !== undefined) report.lose('answer.retryFor', 'it connects once');
  if (answer.fallbacks.length > 0) report.lose('answer.fallbacks', 'it has one address');
  const host = answer.host.includes(':') ? `[${answer.host}]` : answer.host;
  const most = limits.instances ?? unlimitedConnections;
  const idle = answer.backend === undefined ? undefined : daemon?.idleStop;
  return [
    relayProgram,
    `--connections-max=${most}`,
    ...(idle === undefined ? [] : [`--exit-idle-time=${span(idle)}`]),
    ...(answer.proxyHeader === undefined ? [] : [`--proxy-protocol=${answer.proxyHeader}`]),
    answer.port === '' ? answer.host : `${host}:${answer.port}`,
  ]
    .map(quoteArgument)
    .join(' ');
};

const credentialLines = (service: Service, report: LossReport): readonly Line[] => {
  const { user, group, supplementaryGroups } = service.credentials;
  const isSomebody = user !== undefined || group !== undefined;
  if (isSomebody && supplementaryGroups !== undefined && hasProgram(service)) {
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

/** The first command, with what stands before it. */
const startWords = (service: Service, program: ProgramWords, report: LossReport): string => {
  const { lifetime, startTexts } = service;
  const isForgiving = lifetime !== undefined && isEveryEnd(lifetime.success);
  return startTexts === undefined
    ? programWords(program, isForgiving, report)
    : commandWords({ ...startTexts.command, file: program.file }, isForgiving);
};

type ProgramWords = Parameters<typeof programWords>[0];

/** Of how it learns which sockets are its own, units know two ways. */
const tellActivation = ({ daemon, surroundings }: Service, report: LossReport): void => {
  if (daemon === undefined) return;
  const found = takesSocket(surroundings) ? 'inetd' : 'listen-fds';
  if (daemon.activation === found) return;
  const advice =
    daemon.activation === 'nginx' ? 'write Environment=NGINX=3;4; with a number for each' : undefined;
  report.lose('daemon.activation', 'it finds its sockets as its stdin or in LISTEN_FDS', advice);
};

const programLines = (
  service: Service,
  program: ProgramWords,
  isBackend: boolean,
  report: LossReport,
): readonly Line[] => {
  const { daemon, lifetime } = service;
  if (!isBackend) tellActivation(service, report);
  return [
    ['ExecStart', startWords(service, program, report)],
    ...credentialLines(service, report),
    ...surroundingsLines(service, service.mode === 'per-connection' && !isBackend, report),
    ...processLines(service, report),
    ...(lifetime === undefined ? [] : lifetimeLines(lifetime, daemon?.type === 'oneshot', report)),
    ...(daemon === undefined || lifetime === undefined
      ? []
      : daemonLines(daemon, lifetime, isBackend, report)),
    ...(service.process.ignoresPipe ? [] : [['IgnoreSIGPIPE', 'no'] as const]),
  ];
};

export type WrittenHandler = {
  readonly unit: readonly Line[];
  readonly service: readonly Line[];
  /** The server behind a relay. */
  readonly backend: { readonly unit: readonly Line[]; readonly service: readonly Line[] } | undefined;
};

/** `service` is as a unit has it. */
export const writeHandler = (service: Service, report: LossReport): WrittenHandler => {
  const { answer, daemon } = service;
  if (service.surroundings.showsMapped) {
    report.lose('surroundings.showsMapped', 'IPv4 clients are shown as IPv4');
  }
  const unit = daemon === undefined ? [] : startLimitLines(daemon);
  if (answer.kind === 'program') {
    return { unit, service: programLines(service, answer, false, report), backend: undefined };
  }
  report.lose('', 'one process copies for all connections', 'look at its log');
  const copying: Line = ['ExecStart', relayCommand(service, report)];
  if (answer.kind !== 'relay' || answer.backend === undefined) {
    return { unit: [], service: [copying, ...credentialLines(service, report)], backend: undefined };
  }
  const stops = daemon?.idleStop === undefined ? [] : [['StopWhenUnneeded', 'yes'] as const];
  return {
    unit: [],
    service: [copying],
    backend: { unit: [...unit, ...stops], service: programLines(service, answer.backend, true, report) },
  };
};
