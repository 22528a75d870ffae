// Service -> entries of xinetd.conf; what they cannot say becomes a comment and a loss.
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
import { accessLines, limitLines, obstacleOf } from './written-access.ts';
import { type WrittenAnswer, writeAnswer } from './written-answer.ts';
import { daemonObstacle, tellDaemon } from './written-daemon.ts';
import { type Place, writePlaces } from './written-endpoints.ts';
import { isWord, type Line, lineIf, showComment, showLine } from './written-line.ts';
import { writeLog } from './written-log.ts';
import { credentialLines, processLines, socketFlags, surroundingsLines } from './written-process.ts';

/** How often xinetd tries to start a server. */
const usualRetries = 4;

const retryFlags = ({ limits }: Service, report: LossReport): readonly string[] => {
  if (limits.startRetries === 0) return ['NORETRY'];
  if (limits.startRetries !== usualRetries) {
    report.lose('limits.startRetries', `a start is tried again ${usualRetries} times`);
  }
  return [];
};

const wrapperLines = (
  { access, rpc, endpoints }: Service,
  report: LossReport,
): readonly Line[] | undefined => {
  const name = access?.wrapperName;
  if (name === undefined) return undefined;
  if (rpc !== undefined && endpoints[0]?.socketType === 'stream') {
    report.lose('access.wrapperName', 'hosts.allow is not asked for RPC over TCP', 'use only_from');
    return undefined;
  }
  if (isWord(name)) return [['libwrap', name]];
  report.lose('access.wrapperName', 'libwrap has no name with blanks', 'rename it in hosts.allow too');
  return undefined;
};

type Body = { readonly flags: readonly string[]; readonly lines: readonly Line[] };

/** What is the same for every address. */
const writeBody = (service: Service, answer: WrittenAnswer, report: LossReport): Body => {
  const wrapper = wrapperLines(service, report);
  const log = writeLog(service, report);
  tellDaemon(service, report);
  const isDatagram = service.endpoints[0]?.socketType === 'dgram';
  const waits = service.mode === 'whole-socket' || isDatagram;
  return {
    flags: [
      ...answer.flags,
      ...retryFlags(service, report),
      ...log.flags,
      ...socketFlags(service, report),
      ...(wrapper === undefined ? ['NOLIBWRAP'] : []),
    ],
    lines: [
      ['wait', waits ? 'yes' : 'no'],
      ...credentialLines(service, report),
      ...answer.lines,
      ...(wrapper ?? []),
      ...accessLines(service, report),
      ...limitLines(service, report),
      ...processLines(service, report),
      ...surroundingsLines(service, report),
      ...log.lines,
    ],
  };
};

const showEntry = (id: string, place: Place, answer: WrittenAnswer, body: Body): string => {
  const types = [...new Set([...answer.types, ...place.types])];
  const flags = [...new Set([...place.flags, ...body.flags])];
  const lines: readonly Line[] = [
    ...lineIf(id !== place.name, 'id', id),
    ...lineIf(types.length > 0, 'type', ...types),
    ...lineIf(flags.length > 0, 'flags', ...flags),
    ...place.lines,
    ...body.lines,
  ];
  return [`service ${place.name}`, '{', ...lines.map(showLine), '}', ''].join('\n');
};

const showLosses = (report: LossReport): readonly string[] =>
  report.losses().map(({ message }) => showComment(`not the same: ${message}`));

const writeService = (
  service: Service,
  portNumber: PortNumber,
  taken: Set<string>,
): { readonly text: string; readonly written: WrittenService } => {
  const report = createLossReport();
  const { origin, id } = service;
  const heading = showComment(`${id} (${origin.file}:${origin.line})`);
  const answer = writeAnswer(service, report);
  const obstacle = obstacleOf(service) ?? daemonObstacle(service);
  if (obstacle !== undefined) report.lose('', obstacle, 'write it in another way');
  const places =
    answer && obstacle === undefined ? writePlaces(service, answer.name, portNumber, report) : undefined;
  const isSplit = service.mode === 'per-connection' && service.answer.kind === 'program';
  if (places !== undefined && isSplit && service.endpoints[0]?.socketType === 'dgram') {
    report.lose('', 'xinetd starts no server for a single datagram', 'use a server that waits');
  } else if (answer !== undefined && places !== undefined) {
    const wanted = isWord(id) ? id : `${places[0]?.name}`;
    if (places.length > 1) {
      report.lose('', `its ${places.length} addresses are services with limits of their own`);
    }
    const ids = places.map(() => takeName(wanted, taken));
    if (ids[0] !== id) report.lose('id', `it is called ${ids[0]}`);
    const body = writeBody(service, answer, report);
    const entries = places.map((place, index) => showEntry(ids[index] ?? wanted, place, answer, body));
    return {
      text: [heading, ...showLosses(report), entries.join('\n')].join('\n'),
      written: { service, parts: places.length, losses: report.losses() },
    };
  }
  const reasons = report.losses().map(({ message }) => showComment(`left out: ${message}`));
  return {
    text: [heading, ...reasons, ''].join('\n'),
    written: { service, parts: 0, losses: report.losses() },
  };
};

/** Services as one file of xinetd.conf. */
export const writeXinetd = (services: readonly Service[], portNumber: PortNumber): Conversion => {
  const taken = new Set<string>();
  const written = services.map(withoutDash).map((service) => writeService(service, portNumber, taken));
  return {
    files: [{ name: 'xinetd.conf', text: written.map(({ text }) => text).join('\n') }],
    services: written.map((each) => each.written),
  };
};
