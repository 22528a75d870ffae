// A service unit that runs systemd-socket-proxyd: acceptd copies itself, so only its options count.
import type { Milliseconds } from '../../model/quantity.ts';
import { parseCount } from '../../model/quantity.ts';
import { parseSpan } from './quantities.ts';
import type { Value } from './syntax.ts';
import type { Unit } from './unit.ts';
import { readRawWords, readText, readWordTokens } from './values.ts';

export type SocketProxy = {
  readonly at: Value;
  /** A unix socket has the port ''. */
  readonly host: string;
  readonly port: string;
  readonly mostConnections: number;
  /** It ends when nobody has been connected for so long; undefined: never. */
  readonly exitIdleTime: Milliseconds | undefined;
  readonly proxyHeader: 'v1' | 'v2' | undefined;
};

const isProxyCommand = (text: string): boolean => /^[-@:+!|]*\S*\/systemd-socket-proxyd(?:\s|$)/.test(text);

/** Its command line; undefined of any other service. */
const proxyCommand = (unit: Unit): Value | undefined => {
  const value = unit.section('Service').one('ExecStart');
  return value !== undefined && isProxyCommand(value.text) ? value : undefined;
};

export const isProxy = (unit: Unit): boolean => proxyCommand(unit) !== undefined;

const readTarget = (text: string): { readonly host: string; readonly port: string } | undefined => {
  if (/^[/@]./.test(text)) return { host: text, port: '' };
  const [, bracketed, plain, port = '80'] = /^(?:\[([^\]]+)\]|([^:]+))(?::([^:]+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? undefined : { host, port };
};

type Options = ReadonlyMap<string, string>;

const longNames: ReadonlyMap<string, string> = new Map([['-c', '--connections-max']]);
const known: ReadonlySet<string> = new Set(['--connections-max', '--exit-idle-time', '--proxy-protocol']);

/** `--name=VALUE`, `--name VALUE`, `-c VALUE`, `-cVALUE`. */
const readArguments = (
  words: readonly string[],
): { readonly options: Options; readonly rest: readonly string[]; readonly unknown: string | undefined } => {
  const options = new Map<string, string>();
  const rest: string[] = [];
  let unknown: string | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!/^-./.test(word)) {
      rest.push(word);
      continue;
    }
    const [, short, attached, long, value] = /^(?:(-[a-z])(.+)?|(--[a-z-]+)(?:=(.*))?)$/s.exec(word) ?? [];
    const name = longNames.get(short ?? '') ?? long ?? word;
    if (!known.has(name)) {
      unknown ??= word;
      continue;
    }
    const given = attached ?? value;
    if (given === undefined) index += 1;
    options.set(name, given ?? words[index] ?? '');
  }
  return { options, rest, unknown };
};

const readHeader = (text: string | undefined): SocketProxy['proxyHeader'] | 'unknown' =>
  text === undefined || text === 'v1' || text === 'v2' ? text : 'unknown';

/** undefined where it is no proxy, or a mistake was told. */
export const readProxy = (unit: Unit): SocketProxy | undefined => {
  const { report } = unit;
  const value = proxyCommand(unit);
  if (value === undefined) return undefined;
  const raw = readRawWords(value, unit);
  if (raw === undefined) return undefined;
  const isNamed = /^[-:+!|]*@/.test(raw[0]?.text ?? '');
  const words = raw.slice(isNamed ? 2 : 1).map((word) => readText(word, unit) ?? word.text);
  const { options, rest, unknown } = readArguments(words.map((word) => word.replaceAll('$$', '$')));
  if (unknown !== undefined) {
    return report.error(value, `systemd-socket-proxyd has no option ${unknown}`, 'remove it');
  }
  const target = rest.length === 1 ? readTarget(rest[0] ?? '') : undefined;
  if (target === undefined) {
    return report.error(value, 'there is no address to copy to', 'write one HOST:PORT or /PATH last');
  }
  const most = options.get('--connections-max');
  const mostConnections = most === undefined ? 256 : (parseCount(most) ?? 0);
  if (mostConnections === 0) {
    return report.error(value, `'${most}' is no number of connections`, 'write 1 or more');
  }
  const idle = options.get('--exit-idle-time');
  const span = idle === undefined ? 'infinity' : parseSpan(idle);
  if (span === undefined) return report.error(value, `'${idle}' is no time`, 'write one as 5min');
  const proxyHeader = readHeader(options.get('--proxy-protocol'));
  if (proxyHeader === 'unknown') {
    return report.error(value, 'there is no such version of the PROXY protocol', 'write v1 or v2');
  }
  return {
    at: value,
    ...target,
    mostConnections,
    exitIdleTime: span === 'infinity' ? undefined : span,
    proxyHeader,
  };
};

/** Services that a proxy wants to run behind it, those that it cannot be without first. */
export const backendNames = (
  unit: Unit,
): readonly { readonly name: string; readonly isRequired: boolean; readonly at: Value }[] => {
  const namesOf = (key: string, isRequired: boolean) =>
    readWordTokens(unit.section('Unit').all(key), unit).flatMap((word) =>
      word.text.endsWith('.service') && word.text !== unit.name
        ? [{ name: word.text, isRequired, at: word }]
        : [],
    );
  const required = ['Requires', 'BindsTo', 'Requisite', 'Wants', 'Upholds'].flatMap((key) =>
    namesOf(key, true),
  );
  return [...required, ...namesOf('After', false)];
};
