// `StandardInput=` and its kin -> what the three standard descriptors are (systemd.exec(5)).
import type { Stream } from '../../model/service.ts';
import type { Value } from './syntax.ts';
import type { Unit, Values } from './unit.ts';
import { checkPath, readText } from './values.ts';

export type Streams = { readonly stdin: Stream; readonly stdout: Stream; readonly stderr: Stream };

/** A server has its sockets as descriptors from 3 on unless one of these is its socket. */
export const takesSocket = ({ stdin, stdout, stderr }: Streams): boolean =>
  [stdin, stdout, stderr].includes('client');

/** `KIND:PATH`; undefined where the kind is another, or what is wrong is told. */
const readFile = (
  value: Value,
  kinds: ReadonlyMap<string, 'read' | 'write' | 'append' | 'truncate'>,
  unit: Unit,
): Stream | undefined => {
  const colon = value.text.indexOf(':');
  const how = kinds.get(value.text.slice(0, colon));
  if (colon < 0 || how === undefined) return undefined;
  const text = readText({ ...value, text: value.text.slice(colon + 1) }, unit) ?? '';
  const path = checkPath(value, text, unit);
  return path === undefined ? undefined : { path, how };
};

const isFile = (value: Value): boolean => /^(?:file|append|truncate):/.test(value.text);

const readInput = (values: Values, unit: Unit): Stream | undefined => {
  const value = values.one('StandardInput');
  const [data] = [...values.all('StandardInputText'), ...values.all('StandardInputData')];
  if (data !== undefined && (value === undefined || value.text === 'data')) {
    return unit.report.error(
      data,
      'text for the standard input is not written',
      'write StandardInput=file:/PATH',
    );
  }
  if (value === undefined) return 'null';
  if (value.text === 'null') return 'null';
  if (value.text === 'socket') return 'client';
  if (value.text === 'data') {
    return unit.report.error(value, 'there is no StandardInputText=', 'write StandardInput=file:/PATH');
  }
  if (/^(?:tty(?:-force|-fail)?|fd(?::.*)?)$/.test(value.text)) {
    return unit.report.error(value, `'${value.text}' is no input here`, 'write socket, null or file:/PATH');
  }
  if (value.text.startsWith('file:')) return readFile(value, new Map([['file', 'read']]), unit);
  return unit.report.error(value, `'${value.text}' is no input`, 'write socket, null or file:/PATH');
};

const outputs: ReadonlyMap<string, Stream> = new Map<string, Stream>([
  ['null', 'null'],
  ['journal', 'log'],
  ['syslog', 'log'],
  ['socket', 'client'],
]);

/** They have another reader than the log, who gets nothing. */
const furtherReaders: ReadonlyMap<string, string> = new Map([
  ['kmsg', 'the log of the kernel'],
  ['journal+console', 'the console'],
  ['kmsg+console', 'the console'],
  ['syslog+console', 'the console'],
  ['tty', 'a terminal'],
]);

const outputFiles = new Map([
  ['file', 'write'],
  ['append', 'append'],
  ['truncate', 'truncate'],
] as const);

/** `inherited` is what `inherit` is here; undefined: something is wrong, and told. */
const readOutput = (value: Value, inherited: Stream, unit: Unit): Stream | undefined => {
  const { text } = value;
  if (text === 'inherit') return inherited;
  const known = outputs.get(text);
  if (known !== undefined) return known;
  const reader = furtherReaders.get(text);
  if (reader !== undefined) {
    unit.report.warn(value, `${reader} gets nothing of it; it goes to the log`, 'write journal');
    return 'log';
  }
  if (isFile(value)) return readFile(value, outputFiles, unit);
  return unit.report.error(
    value,
    `'${text}' is no output${/^fd(?::|$)/.test(text) ? ' here' : ''}`,
    'write socket, journal, null, inherit, file:/PATH, append:/PATH or truncate:/PATH',
  );
};

/** Nothing written: the output goes where the input comes from if that is the socket, errors where the output goes. */
export const readStreams = (values: Values, unit: Unit): Streams => {
  const stdin = readInput(values, unit) ?? 'null';
  const output = values.one('StandardOutput');
  const usual = stdin === 'client' ? 'client' : 'log';
  const stdout = output === undefined ? usual : (readOutput(output, stdin, unit) ?? usual);
  const errors = values.one('StandardError');
  const stderr = errors === undefined ? stdout : (readOutput(errors, stdout, unit) ?? stdout);
  return { stdin, stdout, stderr };
};
