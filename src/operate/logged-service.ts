// What the log of services keeps of each one: its settings, its place, and how many of its answers are under way.
import type { Peer } from '../model/address.ts';
import type { Event } from '../model/event.ts';
import type { ResolvedService } from '../model/service.ts';
import type { LogDestination, ServiceLog } from '../model/service-log.ts';
import { type LineSettings, lineSettings, logsExit } from './xinetd-lines.ts';

/** One line of a service's log, and whom it is about, for logs that keep that apart. */
export type ServiceLine = {
  /** Without what a destination puts before it, and without a newline. */
  readonly text: string;
  readonly service: string;
  readonly pid: number | undefined;
  readonly peer: Peer | undefined;
};

export type LineWriter = (line: ServiceLine) => void;

export type LoggedService = {
  readonly settings: LineSettings;
  readonly destination: LogDestination;
  /** Gives a line to whatever the destination is now. */
  write: LineWriter;
  /** Who cannot be told gets no answer, and is told. */
  readonly requiresUser: boolean;
  readonly isProgram: boolean;
  /** Answered at once and without a process, as xinetd does too: the end is no line. */
  readonly isBrief: boolean;
  /** Whether anything is written of an answer after its start. */
  readonly hasEnds: boolean;
  /** A datagram that acceptd answers itself has a start alone. */
  readonly isDatagram: boolean;
  /** Answers that are under way, where that matters. */
  live: number;
};

/** A configuration's second service with the same id is called `ID#2` elsewhere. */
export const writtenId = (id: string, ids: ReadonlySet<string>): string => {
  if (!id.includes('#')) return id;
  const base = id.replace(/#\d+$/, '');
  return ids.has(base) ? base : id;
};

const isBriefAnswer = ({ answer }: ResolvedService): boolean =>
  answer.kind === 'builtin' && (answer.builtin === 'time' || answer.builtin === 'daytime');

export const loggedService = (
  service: ResolvedService,
  { destination }: ServiceLog,
  id: string,
  live: number,
): LoggedService => {
  const settings = lineSettings(service, id);
  return {
    settings,
    destination,
    write: () => undefined,
    requiresUser: service.identity?.isRequired ?? false,
    isProgram: service.answer.kind === 'program',
    isBrief: isBriefAnswer(service),
    hasEnds: logsExit(settings) || settings.onSuccess.has('traffic'),
    isDatagram: service.addresses.every(({ socketType }) => socketType === 'dgram'),
    live,
  };
};

/** Adds what must be told so that nothing is missing in a service's log. */
export const addWantedKinds = (
  { settings: { onSuccess, onFailure }, requiresUser, hasEnds }: LoggedService,
  wanted: Set<Event['kind']>,
): void => {
  if (onSuccess.size > 0) wanted.add('started').add('builtin-started');
  if (hasEnds) wanted.add('exited').add('builtin-ended').add('start-failed');
  if (onSuccess.has('traffic')) wanted.add('relayed');
  if (onSuccess.has('userid') || onFailure.has('userid')) wanted.add('identified');
  if (requiresUser) wanted.add('unidentified');
  if (onFailure.size > 0) wanted.add('refused').add('trapped').add('start-failed');
};
