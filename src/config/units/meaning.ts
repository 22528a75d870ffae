// Socket units with the services they start -> services: what the writer writes is read back, all else is told.
import type { Diagnostic } from '../../model/diagnostic.ts';
import { noDaemon, resourceNames, type Service } from '../../model/service.ts';
import { type LocatedService, markToken, splitText } from '../source.ts';
import { readAnswer, readCredentials, readProcess, readSurroundings } from './meaning-service.ts';
import { readAccess, readEndpoints, readLimits, readSocket } from './meaning-socket.ts';
import { systemFacts } from './specifiers.ts';
import { wholeText } from './syntax.ts';
import { openUnit as open, type Unit } from './unit.ts';
import { parseUnitName } from './unit-name.ts';
import { readSwitch } from './values.ts';
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

const openUnit = ({ name, text }: UnitFile): Unit => {
  const parts = parseUnitName(name) ?? { prefix: name, instance: undefined, suffix: '' };
  const unit = open(
    { name, parts, fragments: [wholeText(splitText(text, name))] },
    name.includes('@'),
    systemFacts,
  );
  const { report, directives } = unit;
  for (const { section, key } of directives) {
    if (knownKeys.get(section)?.has(key.text) !== true && !/^X-/.test(key.text)) {
      report.warn(key, `${key.text}= of [${section}] is not read yet`, 'write it in the native language');
    }
  }
  return unit;
};

const readPair = (name: string, socket: Unit, service: Unit): LocatedService | undefined => {
  const values = socket.section('Socket');
  const handler = service.section('Service');
  const [listen] = socket.directives.filter(({ key }) => key.text.startsWith('Listen'));
  if (listen === undefined) return undefined;
  const isAccepting = readSwitch(values.one('Accept'), socket) ?? false;
  const answering = readAnswer(handler, service);
  if (answering === undefined) return undefined;
  const isRelay = answering.answer.kind === 'relay';
  const mode = isAccepting || isRelay ? 'per-connection' : 'whole-socket';
  const limits = readLimits(values, mode, isAccepting, socket);
  const { instances = unlimitedConnections } = answering;
  const read: Omit<Service, 'dialect'> = {
    id: name,
    name,
    origin: markToken(socket.source, listen.value).at,
    endpoints: readEndpoints(socket.directives, values, socket),
    mux: undefined,
    rpc: undefined,
    mode,
    answer: answering.answer,
    credentials: readCredentials(handler, service),
    limits: isRelay
      ? { ...limits, instances: instances >= unlimitedConnections ? undefined : instances }
      : limits,
    access: readAccess(values, socket),
    banners: undefined,
    identity: undefined,
    serviceLog: undefined,
    ...noDaemon,
    process: readProcess(handler, service),
    surroundings: readSurroundings(handler, mode, service),
    socket: readSocket(values, socket),
  };
  return {
    // the model has no word for this language before acceptd serves it
    service: { ...read, dialect: 'acceptd' },
    marks: { service: markToken(socket.source, listen.value) },
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
