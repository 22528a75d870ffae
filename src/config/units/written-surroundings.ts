// What a service's program finds, as directives of a service unit: streams and variables.
import type { Service, Stream } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { escapeSpecifiers, isPlainValue, quoteWord } from './quoting.ts';
import { type Streams, takesSocket } from './streams.ts';
import type { Line } from './written-line.ts';

const words = { client: 'socket', log: 'journal', null: 'null' } as const;
const fileKinds = { read: 'file', write: 'file', append: 'append', truncate: 'truncate' } as const;

/** undefined: a unit cannot have it so. */
const showStream = (stream: Stream, isInput: boolean): string | undefined => {
  if (typeof stream === 'string') return isInput && stream === 'log' ? undefined : words[stream];
  const { path, how } = stream;
  const text = escapeSpecifiers(path);
  const isWritable = isPlainValue(text) && text.startsWith('/') && !/\/(?:\.\.?)?(?:\/|$)/.test(text);
  return isWritable && isInput === (how === 'read') ? `${fileKinds[how]}:${text}` : undefined;
};

const streamLines = ({ stdin, stdout, stderr }: Streams, report: LossReport): readonly Line[] => {
  const write = (key: string, field: keyof Streams, stream: Stream): Line => {
    const shown = showStream(stream, field === 'stdin');
    if (shown === undefined)
      report.lose(`surroundings.${field}`, `${key}= has no such stream`, 'choose another');
    return [key, shown ?? (field === 'stdin' ? 'null' : 'journal')];
  };
  return [
    write('StandardInput', 'stdin', stdin),
    write('StandardOutput', 'stdout', stdout),
    write('StandardError', 'stderr', stderr),
  ];
};

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

const variableLines = ({ surroundings, startTexts }: Service, report: LossReport): readonly Line[] => {
  const known = surroundings.environment.filter(({ name }) => variableName.test(name));
  if (known.length < surroundings.environment.length) {
    report.lose('surroundings.environment', 'names of variables have letters, digits and _ only');
  }
  const passed = surroundings.passedVariables.filter((name) => variableName.test(name));
  if (passed.length < surroundings.passedVariables.length) {
    report.lose('surroundings.passedVariables', 'the environment is a clean one', 'use PassEnvironment=');
  }
  const files = (startTexts?.environmentFiles ?? []).map(
    ({ path, isOptional }): Line => ['EnvironmentFile', `${isOptional ? '-' : ''}${escapeSpecifiers(path)}`],
  );
  return [
    ...known.map(({ name, value }): Line => ['Environment', quoteWord(`${name}=${value}`)]),
    ...files,
    ...(passed.length === 0 ? [] : [['PassEnvironment', ...passed] as const]),
  ];
};

const peerVariables: readonly string[] = ['REMOTE_ADDR', 'REMOTE_PORT'];

const unsetLines = ({ surroundings, startTexts, mode }: Service): readonly Line[] => {
  const isWithoutPeer = mode === 'per-connection' && !surroundings.hasAddressVariables;
  const unset = [
    ...(isWithoutPeer ? peerVariables : []),
    ...(startTexts?.unsetVariables ?? []).map(quoteWord),
  ];
  return unset.length === 0 ? [] : [['UnsetEnvironment', ...unset]];
};

/** `hasPeer`: each start is for one connection. */
export const surroundingsLines = (
  service: Service,
  hasPeer: boolean,
  report: LossReport,
): readonly Line[] => {
  const { surroundings } = service;
  const hasFd3 = hasPeer && !takesSocket(surroundings);
  if (surroundings.hasFd3 !== hasFd3) {
    const what = hasFd3 ? 'descriptor 3 is the connection' : 'descriptor 3 is closed';
    report.lose('surroundings.hasFd3', what, hasFd3 ? 'ignore it' : 'use 0 and 1');
  }
  if (surroundings.hasAddressVariables) {
    if (hasPeer) report.lose('', 'REMOTE_ADDR and REMOTE_PORT alone tell the addresses', 'use those');
    else report.lose('surroundings.hasAddressVariables', 'no variables of addresses', 'ask the socket');
  }
  return [
    ...streamLines(surroundings, report),
    ...variableLines(service, report),
    ...(hasPeer ? unsetLines(service) : unsetLines({ ...service, mode: 'whole-socket' })),
  ];
};
