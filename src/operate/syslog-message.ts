// A message for syslog, as RFC 3164 or RFC 5424 has it.
import { hostname } from 'node:os';
import type { Peer } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import { escapeControls } from '../model/diagnostic.ts';
import {
  type SyslogFacility,
  type SyslogLevel,
  syslogFacilities,
  syslogLevels,
} from '../model/service-log.ts';
import { eachSecond, syslogTime } from './log-time.ts';

export const syslogFormats = ['rfc3164', 'rfc5424'] as const;
export type SyslogFormat = (typeof syslogFormats)[number];

/** Where `log` and its kin stand among the facilities: the four after ftp are nobody's. */
export const facilityNumber = (facility: SyslogFacility): number => {
  const index = syslogFacilities.indexOf(facility);
  return facility.startsWith('local') ? index + 4 : index;
};

/** What stands between the angle brackets. */
export const priorityOf = (facility: SyslogFacility, level: SyslogLevel): number =>
  facilityNumber(facility) * 8 + syslogLevels.indexOf(level);

/** What a line is about, where that is known; `kind` in place of the word that it begins with. */
export type About = {
  readonly kind?: string;
  readonly service: string | undefined;
  readonly pid: number | undefined;
  readonly peer: Peer | undefined;
};

export type MessageFormat = (priority: number, text: string, about: About | undefined) => string;

/** As syslog(3) of the C library writes it to the socket: without a host. */
const createRfc3164 = (clock: Clock, ident: string, pid: number): MessageFormat => {
  const time = eachSecond(clock, syslogTime);
  return (priority, text) => `<${priority}>${time()} ${ident}[${pid}]: ${text}`;
};

/** RFC 5424, section 6.3.3: the three characters that would end a value. */
const quote = (value: string): string => `"${escapeControls(value).replace(/["\\\]]/g, '\\$&')}"`;

/** RFC 5612 keeps this number for those who have none of their own. */
const structureId = 'acceptd@32473';

const showStructure = ({ service, pid, peer }: About): string => {
  if (service === undefined) return '-';
  const pidPart = pid === undefined ? '' : ` pid=${quote(String(pid))}`;
  const isKnown = peer?.kind === 'internet';
  const peerPart = isKnown ? ` peer=${quote(peer.host)} port=${quote(String(peer.port))}` : '';
  return `[${structureId} service=${quote(service)}${pidPart}${peerPart}]`;
};

/** Printable and without blanks, or nothing. */
const nameOrNothing = (name: string): string => (/^[!-~]{1,255}$/.test(name) ? name : '-');

const createRfc5424 = ({ wallClock }: Clock, ident: string, pid: number): MessageFormat => {
  const host = nameOrNothing(hostname());
  return (priority, text, about) => {
    const head = `<${priority}>1 ${wallClock().toISOString()} ${host} ${ident} ${pid}`;
    if (about === undefined) return `${head} - - ${text}`;
    const kind = about.kind ?? /^[A-Z]+/.exec(text)?.[0] ?? '-';
    return `${head} ${kind} ${showStructure(about)} ${text}`;
  };
};

export const createMessageFormat = (
  format: SyslogFormat,
  clock: Clock,
  ident: string,
  pid: number,
): MessageFormat => {
  switch (format) {
    case 'rfc3164':
      return createRfc3164(clock, ident, pid);
    case 'rfc5424':
      return createRfc5424(clock, ident, pid);
  }
};
