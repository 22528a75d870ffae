// Socket units with the services they start -> services: what the writer writes is read back, all else is told.
import type { Diagnostic } from '../../model/diagnostic.ts';
import { noDaemon, resourceNames, type Service } from '../../model/service.ts';
import { createReport, type LocatedService, markToken, type Report, splitText } from '../source.ts';
import { readAnswer, readCredentials, readProcess, readSurroundings } from './meaning-service.ts';
import { readAccess, readEndpoints, readLimits, readSocket } from './meaning-socket.ts';
import { type Directive, readDirectives } from './syntax.ts';
import { readSwitch, valuesOf } from './values.ts';
import { unlimitedConnections } from './written-access.ts';

export type UnitFile = { readonly name: string; readonly text: string };

const knownKeys: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['Unit', new Set(['Description', 'StartLimitIntervalSec', 'CollectMode'])],
  [
    'Socket',
    new Set([
      'ListenStream',
      'ListenDatagram',
      'ListenSequentialPacket',
      'BindIPv6Only',
      'SocketUser',
      'SocketGroup',
      'SocketMode',
      'Accept',
      'MaxConnections',
      'MaxConnectionsPerSource',
      'TriggerLimitIntervalSec',
      'PollLimitIntervalSec',
      'PollLimitBurst',
      'IPAddressAllow',
      'IPAddressDeny',
      'Backlog',
      'SendBuffer',
      'ReceiveBuffer',
      'KeepAlive',
      'NoDelay',
      'DeferAcceptSec',
      'FreeBind',
      'Transparent',
      'BindToDevice',
      'Mark',
      'Priority',
      'IPTOS',
      'IPTTL',
    ]),
  ],
  [
    'Service',
    new Set([
      'ExecStart',
      'User',
      'Group',
      'SupplementaryGroups',
      'StandardInput',
      'StandardOutput',
      'StandardError',
      'Environment',
      'PassEnvironment',
      'UnsetEnvironment',
      'WorkingDirectory',
      'RootDirectory',
      'Nice',
      'UMask',
      'KillMode',
      'IgnoreSIGPIPE',
      ...resourceNames.map((resource) => `Limit${resource.toUpperCase()}`),
    ]),
  ],
  ['Install', new Set(['WantedBy'])],
]);

type Unit = { readonly report: Report; readonly directives: readonly Directive[] };

const openUnit = ({ name, text }: UnitFile): Unit => {
  const report = createReport(splitText(text, name));
  const directives = readDirectives(report);
  for (const { section, key } of directives) {
    if (knownKeys.get(section)?.has(key.text) !== true && !/^X-/.test(key.text)) {
      report.warn(key, `${key.text}= of [${section}] is not read yet`, 'write it in the native language');
    }
  }
  return { report, directives };
};

const readPair = (name: string, socket: Unit, service: Unit): LocatedService | undefined => {
  const values = valuesOf(socket.directives, 'Socket');
  const handler = valuesOf(service.directives, 'Service');
  const [listen] = socket.directives.filter(({ key }) => key.text.startsWith('Listen'));
  if (listen === undefined) return undefined;
  const isAccepting = readSwitch(values.one('Accept'), socket.report) ?? false;
  const answering = readAnswer(handler, service.report);
  if (answering === undefined) return undefined;
  const isRelay = answering.answer.kind === 'relay';
  const mode = isAccepting || isRelay ? 'per-connection' : 'whole-socket';
  const limits = readLimits(values, mode, isAccepting, socket.report);
  const { instances = unlimitedConnections } = answering;
  const read: Omit<Service, 'dialect'> = {
    id: name,
    name,
    origin: markToken(socket.report.source, listen.value).at,
    endpoints: readEndpoints(socket.directives, values, socket.report),
    mux: undefined,
    rpc: undefined,
    mode,
    answer: answering.answer,
    credentials: readCredentials(handler, service.report),
    limits: isRelay
      ? { ...limits, instances: instances >= unlimitedConnections ? undefined : instances }
      : limits,
    access: readAccess(values, socket.report),
    banners: undefined,
    identity: undefined,
    serviceLog: undefined,
    ...noDaemon,
    process: readProcess(handler, service.report),
    surroundings: readSurroundings(handler, mode, service.report),
    socket: readSocket(values, socket.report),
  };
  return {
    // the model has no word for this language before acceptd serves it
    service: { ...read, dialect: 'acceptd' },
    marks: { service: markToken(socket.report.source, listen.value) },
  };
};

export type ReadUnits = {
  readonly services: readonly LocatedService[];
  readonly diagnostics: readonly Diagnostic[];
};

/** The services of all socket units among the files; one that has an error is left out. */
export const readUnits = (files: readonly UnitFile[]): ReadUnits => {
  const units = new Map(files.map((file): [string, Unit] => [file.name, openUnit(file)]));
  const services: LocatedService[] = [];
  for (const [file, socket] of units) {
    const name = /^(.+)\.socket$/.exec(file)?.[1];
    const [first] = socket.directives;
    // a file of comments alone is what became of a service that systemd cannot have
    if (name === undefined || first === undefined) continue;
    const service = units.get(`${name}@.service`) ?? units.get(`${name}.service`);
    if (service === undefined) {
      socket.report.error(first.key, `there is no ${name}.service`, 'write it beside the socket unit');
      continue;
    }
    const located = readPair(name, socket, service);
    const isSound = socket.report.errorCount() + service.report.errorCount() === 0;
    if (located !== undefined && isSound) services.push(located);
  }
  return { services, diagnostics: [...units.values()].flatMap(({ report }) => report.diagnostics()) };
};
