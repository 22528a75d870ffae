// A socket unit as a whole: where it listens, whom it starts and what its sockets are like.
import type { Access } from '../../model/access.ts';
import type { Endpoint } from '../../model/address.ts';
import type { SocketSettings } from '../../model/service.ts';
import { markToken } from '../source.ts';
import type { Machine } from './machine.ts';
import { readAccess } from './socket-access.ts';
import { otherListenKeys, readListening } from './socket-endpoints.ts';
import { readSettings } from './socket-settings.ts';
import type { Value } from './syntax.ts';
import type { Unit } from './unit.ts';
import { readSwitch, readText } from './values.ts';

export type SocketUnit = {
  readonly unit: Unit;
  /** Where its first socket is written. */
  readonly at: Value;
  readonly isAccepting: boolean;
  /** The unit that it starts, a template for connections. */
  readonly serviceName: string;
  readonly endpoints: readonly Endpoint[];
  readonly settings: SocketSettings;
  readonly access: Access | undefined;
  /** As written. */
  readonly descriptorName: string | undefined;
  readonly flushesPending: boolean;
};

const readDescriptorName = (unit: Unit): string | undefined => {
  const value = unit.section('Socket').one('FileDescriptorName');
  const name = readText(value, unit);
  if (value === undefined || name === undefined) return undefined;
  return /^[ -9;-~]{1,255}$/.test(name)
    ? name
    : unit.report.error(value, `'${name}' is no name of a descriptor`, 'write letters without a colon');
};

/** Bound in another namespace a socket is reached by others than here. */
const checkNamespace = ({ section, report }: Unit): void => {
  const values = section('Socket');
  const network = values.one('PrivateNetwork');
  const path = values.one('NetworkNamespacePath');
  const isPrivate = network !== undefined && !/^(?:0|n|no|f|false|off)$/i.test(network.text);
  const at = path ?? (isPrivate ? network : undefined);
  if (at !== undefined) {
    report.error(at, 'sockets are not bound in other network namespaces', 'start acceptd in that namespace');
  }
};

const readServiceName = (unit: Unit, isAccepting: boolean): string | undefined => {
  const { prefix, instance } = unit.parts;
  const value = unit.section('Socket').one('Service');
  if (isAccepting) {
    if (value !== undefined) {
      unit.report.error(value, 'a socket that accepts has its own template', `call it ${prefix}@.service`);
    }
    return `${prefix}@.service`;
  }
  const written = readText(value, unit);
  if (value === undefined || written === undefined) {
    return `${prefix}${instance === undefined ? '' : `@${instance}`}.service`;
  }
  return /^[^/]+\.service$/.test(written)
    ? written
    : unit.report.error(value, `'${written}' is no service`, 'write NAME.service');
};

/** Nobody can be accepted from datagrams, pipes and files. */
const checkAccepting = (unit: Unit, endpoints: readonly Endpoint[], at: Value): void => {
  const endpoint = endpoints.find(({ socketType }) => socketType === 'dgram' || socketType === 'fifo');
  const other = unit.directives.find(({ key }) => otherListenKeys.has(key.text));
  if (endpoint === undefined && other === undefined) return;
  const what = endpoint?.socketType === 'dgram' ? 'datagrams' : endpoint ? 'a pipe' : 'what is no socket';
  unit.report.error(at, `nobody can be accepted from ${what}`, 'write Accept=no, or listen on streams alone');
};

/** undefined where it cannot listen, which is told. */
export const readSocketUnit = (unit: Unit, machine: Machine): SocketUnit | undefined => {
  const { report, directives } = unit;
  const values = unit.section('Socket');
  const [start] = directives;
  // a file of comments alone is what became of a service that systemd cannot have
  if (start === undefined) return undefined;
  const { endpoints, first } = readListening(unit, machine);
  if (first === undefined) {
    return report.error(start.key, `${unit.name} listens on nothing`, 'write ListenStream=');
  }
  const accept = values.one('Accept');
  const isAccepting = readSwitch(accept, unit) ?? false;
  if (isAccepting && accept !== undefined) checkAccepting(unit, endpoints, accept);
  checkNamespace(unit);
  const serviceName = readServiceName(unit, isAccepting);
  const socket = {
    unit,
    at: first,
    isAccepting,
    endpoints,
    settings: readSettings(unit, endpoints),
    access: readAccess(unit),
    descriptorName: readDescriptorName(unit),
    flushesPending: readSwitch(values.one('FlushPending'), unit) ?? false,
  };
  // that nothing of it can be opened is told already
  if (endpoints.length === 0) return undefined;
  return serviceName === undefined ? undefined : { ...socket, serviceName };
};

/** Marks of what the unit says of files, beside where it is written. */
export const socketMarks = ({ unit, at }: SocketUnit) => {
  const values = unit.section('Socket');
  const user = values.one('SocketUser');
  const group = values.one('SocketGroup');
  return {
    service: markToken(unit.source, at),
    ...(user === undefined ? {} : { socketUser: markToken(unit.source, user) }),
    ...(group === undefined ? {} : { socketGroup: markToken(unit.source, group) }),
  };
};
