// Service -> a socket unit and a service unit; what they cannot say becomes comments and losses.
import type { Service } from '../../model/service.ts';
import {
  type Conversion,
  createLossReport,
  type LossReport,
  takeName,
  type WrittenService,
  withoutDash,
} from '../conversion.ts';
import type { PortNumber } from '../normal-form.ts';
import { asUnit, hasSeveralUnits, withNames } from './normal-unit.ts';
import { escapeSpecifiers, isPlainValue } from './quoting.ts';
import { accessLines, connectionLines, rateLines } from './written-access.ts';
import { type Line, showComment, showUnit } from './written-line.ts';
import { obstacleOf, type WrittenHandler, writeHandler } from './written-service.ts';
import { optionLines, writeListening } from './written-socket.ts';

type File = Conversion['files'][number];

/** What can be a unit's name, as near to the service's as may be. */
const unitName = ({ name, mux }: Service): string =>
  (mux?.name ?? name)
    .replace(/[^A-Za-z0-9:_.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 200) || 'service';

/** The same name over TCP and UDP is told apart by it. */
const wantedName = (service: Service, taken: ReadonlySet<string>): string => {
  const name = unitName(service);
  return taken.has(name) && service.endpoints[0]?.socketType === 'dgram' ? `${name}-udp` : name;
};

const describe = (id: string): Line => [
  'Description',
  id.replace(/\s+/g, ' ').replaceAll('%', '%%').replace(/\\+$/, ''),
];

/**
 * An instance that failed would be kept, and count as a connection of its client; a socket whose service starts too
 * often would be given up.
 */
const unitLines = (service: Service, handler: WrittenHandler, hasInstances: boolean): readonly Line[] => [
  describe(service.id),
  ...(hasInstances ? [['CollectMode', 'inactive-or-failed'] as const] : []),
  ...handler.unit,
];

/** Of a relay it needs its server, which is a unit of its own. */
const writeService = (
  service: Service,
  name: string,
  handler: WrittenHandler,
  hasInstances: boolean,
  comments: readonly string[],
  taken: Set<string>,
): readonly File[] => {
  const { backend } = handler;
  const backendName = backend && takeName(`${name}-backend`, taken);
  const needs = (['Requires', 'After'] as const).flatMap((key): readonly Line[] =>
    backendName === undefined ? [] : [[key, `${backendName}.service`]],
  );
  const lines = [...unitLines(service, handler, hasInstances), ...needs];
  const own: File = {
    name: `${name}${hasInstances ? '@' : ''}.service`,
    text: showUnit(comments, [
      { name: 'Unit', lines },
      { name: 'Service', lines: handler.service },
    ]),
  };
  if (backend === undefined || backendName === undefined) return [own];
  const behind: File = {
    name: `${backendName}.service`,
    text: showUnit(comments, [
      { name: 'Unit', lines: [describe(service.id), ...backend.unit] },
      { name: 'Service', lines: backend.service },
    ]),
  };
  return [own, behind];
};

const nameLines = (name: string | undefined, report: LossReport): readonly Line[] => {
  if (name === undefined) return [];
  if (/^[ -9;-~]{1,255}$/.test(name) && isPlainValue(name)) {
    return [['FileDescriptorName', escapeSpecifiers(name)]];
  }
  const field = 'surroundings.descriptorName endpoints';
  report.lose(field, `no descriptor of systemd is called ${JSON.stringify(name)}`);
  return [];
};

const writeLeftOut = (service: Service, name: string, reason: string): File => ({
  name: `${name}.socket`,
  text: [
    `${service.id} (${service.origin.file}:${service.origin.line})`,
    `left out: ${reason}`,
    'This file is no unit: nothing listens.',
  ]
    .map(showComment)
    .concat('')
    .join('\n'),
});

/** Units of sockets, each with its service, or all with the one that the first is called after. */
const nameUnits = (wanted: string, service: Service, count: number, taken: Set<string>) => {
  const names = Array.from({ length: count }, () => takeName(wanted, taken));
  const [first = wanted] = names;
  return names.map((name) => ({ name, serviceName: hasSeveralUnits(service) ? first : name }));
};

const writeUnits = (
  given: Service,
  portNumber: PortNumber,
  taken: Set<string>,
): { readonly files: readonly File[]; readonly written: WrittenService } => {
  const report = createLossReport();
  const service = withNames(asUnit(given));
  const obstacle = obstacleOf(service);
  if (obstacle !== undefined) report.lose('', obstacle, 'leave it to acceptd');
  const sockets = obstacle === undefined ? writeListening(service, portNumber, report) : undefined;
  if (sockets === undefined) {
    const name = takeName(wantedName(service, taken), taken);
    const reason = report
      .losses()
      .map(({ message }) => message)
      .join('; ');
    return {
      files: [writeLeftOut(service, name, reason)],
      written: { service: given, parts: 0, losses: report.losses() },
    };
  }
  const hasInstances = service.mode === 'per-connection' && service.answer.kind === 'program';
  const isFlushed = service.daemon?.flushesPending === true && service.answer.kind === 'program';
  const common = [
    ...(isFlushed ? [['FlushPending', 'yes'] as const] : []),
    ...connectionLines(service, report),
    ...rateLines(service, report),
    ...accessLines(service, report),
  ];
  const own = sockets.map((listening) => [
    ...nameLines(listening.descriptorName, report),
    ...common,
    ...optionLines(listening, report),
  ]);
  const handler = writeHandler(service, report);
  const comments = [
    `${service.id} (${service.origin.file}:${service.origin.line})`,
    ...new Set(report.losses().map(({ message }) => `not the same: ${message}`)),
  ];
  const units = nameUnits(wantedName(service, taken), service, sockets.length, taken);
  const files = units.flatMap(({ name, serviceName }, index): readonly File[] => {
    const accept: Line = ['Accept', hasInstances ? 'yes' : 'no'];
    const starts: readonly Line[] = name === serviceName ? [] : [['Service', `${serviceName}.service`]];
    const socket: File = {
      name: `${name}.socket`,
      text: showUnit(comments, [
        { name: 'Unit', lines: [describe(service.id)] },
        {
          name: 'Socket',
          lines: [...(sockets[index]?.lines ?? []), accept, ...starts, ...(own[index] ?? [])],
        },
        { name: 'Install', lines: [['WantedBy', 'sockets.target']] },
      ]),
    };
    return name === serviceName
      ? [socket, ...writeService(service, name, handler, hasInstances, comments.slice(0, 1), taken)]
      : [socket];
  });
  const parts = hasSeveralUnits(service) ? 1 : sockets.length;
  return { files, written: { service: given, parts, losses: report.losses() } };
};

/** Services as unit files; those that systemd cannot have are files of comments alone. */
export const writeSystemd = (services: readonly Service[], portNumber: PortNumber): Conversion => {
  const taken = new Set<string>();
  const written = services.map(withoutDash).map((service) => writeUnits(service, portNumber, taken));
  return {
    files: written.flatMap(({ files }) => files),
    services: written.map((each) => each.written),
  };
};
