// What xinetd has no attribute for: servers that are told of their sockets, rights, streams and ends of processes.
import type { Service } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';

/** Why xinetd could not start the server as the service wants it. */
export const daemonObstacle = ({ answer, daemon }: Service): string | undefined => {
  if (answer.kind === 'relay') {
    return answer.backend === undefined ? undefined : 'xinetd starts no server behind a redirect';
  }
  return daemon === undefined || daemon.activation === 'inetd'
    ? undefined
    : 'xinetd hands sockets to a server only as its stdin';
};

const tellProcess = ({ process }: Service, report: LossReport): void => {
  if (process.privileges !== undefined)
    report.lose('process.privileges', 'no capabilities are taken or given');
  if (process.scheduling !== undefined)
    report.lose('process.scheduling', 'its servers are scheduled as xinetd');
  if (process.ignoresPipe) report.lose('process.ignoresPipe', 'a broken pipe ends the server');
  if (process.directories !== undefined)
    report.lose('process.directories', 'no directories are made', 'make them');
};

const tellSurroundings = ({ surroundings }: Service, report: LossReport): void => {
  for (const field of ['stdin', 'stdout'] as const) {
    if (surroundings[field] !== 'client') report.lose(`surroundings.${field}`, `its ${field} is the client`);
  }
  if (surroundings.descriptorName !== undefined) {
    report.lose('surroundings.descriptorName', 'descriptors have no names');
  }
  if (surroundings.hasUnitVariables) {
    report.lose('surroundings.hasUnitVariables', 'nobody sets the variables that units have');
  }
};

/** Where a program answers. */
export const tellDaemon = (service: Service, report: LossReport): void => {
  const { answer, daemon, lifetime, startTexts, endpoints } = service;
  if (endpoints.some(({ own }) => own !== undefined)) {
    report.lose('endpoints', 'no socket has a name or options of its own');
  }
  if (answer.kind !== 'program') return;
  tellProcess(service, report);
  tellSurroundings(service, report);
  if (daemon !== undefined) report.lose('daemon', 'a server is only started, and started again');
  if (lifetime !== undefined) report.lose('lifetime', 'servers end by themselves');
  if (startTexts !== undefined) {
    report.lose('startTexts', 'words with variables stay as they are, and no files of them are read');
  }
};
