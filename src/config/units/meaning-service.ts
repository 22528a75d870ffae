// The directives of [Service] and their kin: what is started, as whom, what it finds, and how it ends.
import type { Lifetime } from '../../model/daemon.ts';
import {
  type Mode,
  type ProcessSettings,
  plainSurroundings,
  type Surroundings,
} from '../../model/service.ts';
import { type Marks, markToken } from '../source.ts';
import type { LocatedCommand } from './commands.ts';
import { type Commands, readAllCommands, readDaemon, readType } from './daemon-part.ts';
import { directoryVariables } from './directories.ts';
import { readLifetime } from './ending.ts';
import { readVariables, type Variables } from './environment.ts';
import { checkKeys } from './keys.ts';
import { readCredentials, readProcess } from './process-part.ts';
import { checkProtections } from './protections.ts';
import { serviceKeys } from './service-keys.ts';
import type { ServiceContext, ServicePart } from './service-part.ts';
import { readStart } from './start-part.ts';
import { everyEnd } from './statuses.ts';
import { readStreams, type Streams, takesSocket } from './streams.ts';
import type { Unit, Values } from './unit.ts';

/** Whatever happens to it is no failure. */
const forgiving = (lifetime: Lifetime, isForgiving: boolean): Lifetime =>
  isForgiving ? { ...lifetime, success: everyEnd } : lifetime;

/** REMOTE_ADDR and REMOTE_PORT, which a unit can only take away. */
const peerVariables = ['REMOTE_ADDR', 'REMOTE_PORT'];

const readSurroundings = (
  streams: Streams,
  { environment, passedVariables }: Variables,
  mode: Mode,
  hasPeer: boolean,
): Surroundings => ({
  ...plainSurroundings,
  ...streams,
  hasFd3: mode === 'per-connection' && !takesSocket(streams),
  hasAddressVariables: hasPeer,
  environment,
  passedVariables,
  hasUnitVariables: true,
});

/** Texts in which an instance may have left its mark, besides the command and the variables. */
const textsOf = (streams: Streams, process: ProcessSettings): readonly string[] => [
  ...Object.values(streams).flatMap((stream) => (typeof stream === 'string' ? [] : [stream.path])),
  ...[process.workingDirectory, process.rootDirectory].filter((path) => path !== undefined),
  ...(process.directories ?? []).flatMap(({ path, links }) => [path, ...links]),
];

const marksOf = (values: Values, start: LocatedCommand, { source }: Unit): ServicePart['marks'] => {
  const keys = {
    user: 'User',
    group: 'Group',
    groups: 'SupplementaryGroups',
    chdir: 'WorkingDirectory',
    chroot: 'RootDirectory',
  } as const satisfies Partial<Record<keyof Marks, string>>;
  const marks = Object.entries(keys).flatMap(([field, key]) => {
    const value = values.one(key);
    return value === undefined ? [] : [[field, markToken(source, value)] as const];
  });
  return { program: markToken(source, start.at), ...Object.fromEntries(marks) };
};

/** One connection has one command; what would have to run before it, and does not, lets nobody in. */
const checkConnection = (values: Values, commands: Commands, unit: Unit): void => {
  for (const { at, command } of commands.startBefore) {
    if (command.forgivesFailure) {
      unit.report.warn(at, 'nothing is run before the server of a connection', 'write it into ExecStart=');
    } else {
      unit.report.error(at, 'nothing is run before the server of a connection', 'write it into ExecStart=');
    }
  }
  for (const { at } of [
    ...commands.startAfter,
    ...commands.reload,
    ...commands.stop,
    ...commands.stopAfter,
  ]) {
    unit.report.warn(at, 'nothing else is run for a connection', 'write it into ExecStart=');
  }
  const restart = values.one('Restart');
  if (restart !== undefined && restart.text !== 'no') {
    unit.report.warn(restart, 'the server of a connection is never started again', 'remove it');
  }
  const type = readType(values, unit);
  const value = values.one('Type');
  if (value !== undefined && (type === 'notify' || type === 'notify-reload' || type === 'forking')) {
    unit.report.warn(value, 'the server of a connection counts as started at once', 'write Type=simple');
  }
};

const checkStart = (values: Values, commands: Commands, context: ServiceContext, unit: Unit): void => {
  const [condition] = values.all('ExecCondition');
  if (condition !== undefined) {
    unit.report.error(
      condition,
      'nobody asks this condition, and the service would start where it must not',
      'write it as ExecStartPre=',
    );
  }
  const [, second] = commands.starts;
  const isOneshot = context.role !== 'accept' && values.one('Type')?.text === 'oneshot';
  if (second !== undefined && !isOneshot) {
    unit.report.error(
      second.at,
      'a second command is run by oneshots alone',
      'write Type=oneshot, or one command',
    );
  }
};

const checkSockets = (
  values: Values,
  streams: Streams,
  { role, socketCount }: ServiceContext,
  unit: Unit,
): void => {
  if (!takesSocket(streams) || (role !== 'backend' && socketCount === 1)) return;
  const [value] = ['StandardInput', 'StandardOutput', 'StandardError'].flatMap((key) => {
    const found = values.one(key);
    return found?.text === 'socket' ? [found] : [];
  });
  if (value === undefined) return;
  const what =
    role === 'backend' ? 'it has no socket, as a relay is before it' : `it has ${socketCount} sockets`;
  unit.report.error(value, `${what}, and can be its stream only where it is one`, 'remove it');
};

/** undefined: there is no program, which is told as all other errors are. */
export const readServiceUnit = (unit: Unit, context: ServiceContext): ServicePart | undefined => {
  const { report } = unit;
  const values = unit.section('Service');
  checkKeys(unit, 'Service', serviceKeys);
  checkProtections(unit, 'Service', context.allowsUnprotected);
  const commands = readAllCommands(values, unit);
  checkStart(values, commands, context, unit);
  const streams = readStreams(values, unit);
  checkSockets(values, streams, context, unit);
  const credentials = readCredentials(values, unit);
  const process = readProcess(values, unit);
  const variables = readVariables(values, directoryVariables(process.directories ?? []), unit);
  const lifetime = readLifetime(values, unit);
  const isAccepting = context.role === 'accept';
  const hasPeer = isAccepting && !peerVariables.every((name) => variables.unsetVariables.includes(name));
  const known = hasPeer ? variables : withoutPeer(variables);
  if (isAccepting) checkConnection(values, commands, unit);
  const daemon = isAccepting
    ? undefined
    : readDaemon(commands, lifetime, takesSocket(streams), context, unit);
  const [start] = commands.starts;
  if (start === undefined) {
    if (report.errorCount() === 0) sayNothingStarts(unit);
    return undefined;
  }
  const { startTexts, ...program } = readStart(start.command, known, textsOf(streams, process));
  return {
    answer: { kind: 'program', ...program },
    credentials,
    process,
    surroundings: readSurroundings(streams, known, isAccepting ? 'per-connection' : 'whole-socket', hasPeer),
    daemon,
    lifetime: forgiving(lifetime, start.command.forgivesFailure),
    startTexts,
    marks: marksOf(values, start, unit),
  };
};

const withoutPeer = (variables: Variables): Variables => ({
  ...variables,
  unsetVariables: variables.unsetVariables.filter((name) => !peerVariables.includes(name)),
});

const sayNothingStarts = ({ directives, report, source }: Unit): void => {
  const last = directives.findLast(({ section }) => section === 'Service') ?? directives.at(-1);
  const at = last?.key ?? { text: '', line: 1, column: 1, width: 1, isQuoted: false, source };
  report.error(at, 'there is no ExecStart=', 'write the command that serves');
};
