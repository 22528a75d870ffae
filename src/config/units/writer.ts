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
import { descriptorNameOf } from './normal-unit.ts';
import { escapeSpecifiers, isPlainValue } from './quoting.ts';
import { accessLines, connectionLines, rateLines } from './written-access.ts';
import { type Line, showComment, showUnit } from './written-line.ts';
import { obstacleOf, serviceLines } from './written-service.ts';
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
const unitLines = (service: Service, hasInstances: boolean): readonly Line[] => [
  describe(service.id),
  ...(hasInstances ? [['CollectMode', 'inactive-or-failed'] as const] : []),
  ...(service.mode === 'whole-socket' ? [['StartLimitIntervalSec', '0'] as const] : []),
];

const nameLines = (service: Service, report: LossReport): readonly Line[] => {
  const name = descriptorNameOf(service);
  if (name === undefined) return [];
  if (/^[ -9;-~]{1,255}$/.test(name) && isPlainValue(name)) {
    return [['FileDescriptorName', escapeSpecifiers(name)]];
  }
  report.lose('surroundings.descriptorName', `no descriptor of systemd is called ${JSON.stringify(name)}`);
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

const writeUnits = (
  service: Service,
  portNumber: PortNumber,
  taken: Set<string>,
): { readonly files: readonly File[]; readonly written: WrittenService } => {
  const report = createLossReport();
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
      written: { service, parts: 0, losses: report.losses() },
    };
  }
  const hasInstances = service.mode === 'per-connection' && service.answer.kind === 'program';
  const common = [
    ...nameLines(service, report),
    ...connectionLines(service, report),
    ...rateLines(service, report),
    ...accessLines(service, report),
    ...optionLines(service, report),
  ];
  const handler = serviceLines(service, report);
  const comments = [
    `${service.id} (${service.origin.file}:${service.origin.line})`,
    ...report.losses().map(({ message }) => `not the same: ${message}`),
  ];
  const wanted = wantedName(service, taken);
  const files = sockets.flatMap((listening): readonly File[] => {
    const name = takeName(wanted, taken);
    const accept: Line = ['Accept', hasInstances ? 'yes' : 'no'];
    return [
      {
        name: `${name}.socket`,
        text: showUnit(comments, [
          { name: 'Unit', lines: [describe(service.id)] },
          { name: 'Socket', lines: [...listening, accept, ...common] },
          { name: 'Install', lines: [['WantedBy', 'sockets.target']] },
        ]),
      },
      {
        name: `${name}${hasInstances ? '@' : ''}.service`,
        text: showUnit(comments.slice(0, 1), [
          { name: 'Unit', lines: unitLines(service, hasInstances) },
          { name: 'Service', lines: handler },
        ]),
      },
    ];
  });
  return { files, written: { service, parts: sockets.length, losses: report.losses() } };
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
