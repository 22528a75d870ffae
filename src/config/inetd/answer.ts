// Who answers: a program with its arguments, or a built-in by one of its names.
import { dirname, join } from 'node:path';
import type { Endpoint } from '../../model/address.ts';
import { type Answer, type BuiltinName, builtinNames } from '../../model/service.ts';
import { nearestWord } from '../nearest.ts';
import type { Report, Token } from '../source.ts';
import type { Meaning } from './dialect.ts';

/** The names and ports by which services(5) knows the built-ins. */
const builtinAliases: ReadonlyMap<string, BuiltinName> = new Map([
  ...builtinNames.map((name): [string, BuiltinName] => [name, name]),
  ['sink', 'discard'],
  ['null', 'discard'],
  ['ttytst', 'chargen'],
  ['source', 'chargen'],
  ['timserver', 'time'],
  ['auth', 'ident'],
  ['tap', 'ident'],
  ['authentication', 'ident'],
  ['1', 'tcpmux'],
  ['7', 'echo'],
  ['9', 'discard'],
  ['13', 'daytime'],
  ['19', 'chargen'],
  ['37', 'time'],
  ['113', 'ident'],
]);

export const builtinOf = (name: string): BuiltinName | undefined => builtinAliases.get(name);

/** Built-ins for which the inetds start a process, so that their rates count. */
export const isForkedBuiltin = (builtin: BuiltinName, socketType: Endpoint['socketType']): boolean =>
  socketType === 'stream' && builtin !== 'daytime' && builtin !== 'time';

const streamOnly: ReadonlySet<BuiltinName> = new Set(['tcpmux', 'ident']);

/** The built-in `name` for a socket of this type. */
export const readBuiltin = (
  name: Token,
  socketType: Endpoint['socketType'],
  report: Report,
): Answer | undefined => {
  const builtin = builtinOf(name.text);
  if (builtin === undefined) {
    const nearest = nearestWord(name.text, builtinNames);
    return report.error(
      name,
      `there is no built-in service '${name.text}'`,
      nearest === undefined ? `the built-ins are ${builtinNames.join(', ')}` : `did you mean ${nearest}?`,
    );
  }
  if (socketType === 'seqpacket' || socketType === 'fifo') {
    return report.error(name, `built-ins do not answer on ${socketType} sockets`, 'use stream or dgram');
  }
  if (socketType === 'dgram' && streamOnly.has(builtin)) {
    return report.error(name, `the built-in ${builtin} needs a stream socket`, 'use stream');
  }
  return { kind: 'builtin', builtin, format: undefined };
};

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const hasNul = (token: Token): boolean => token.text.includes('\0');

const placeBeside = (file: string, path: string): string =>
  path.startsWith('/') ? path : join(dirname(file), path);

/**
 * Natively a path that is not absolute is relative to the file it stands in, so that a configuration and its scripts
 * can move together; a bare word is looked up in PATH.
 */
const programFile = (program: Token, meaning: Meaning, report: Report): string =>
  meaning.dialect === 'acceptd' && program.text.includes('/')
    ? placeBeside(report.source.file, program.text)
    : program.text;

/** A program as the positional forms and the key form write it; `args` undefined: nothing was written about them. */
export const readProgram = (
  program: Token,
  args: readonly Token[] | undefined,
  meaning: Meaning,
  report: Report,
): Answer | undefined => {
  const file = programFile(program, meaning, report);
  const nul = [program, ...(args ?? [])].find(hasNul);
  if (nul !== undefined) {
    return report.error(nul, 'a NUL character cannot be passed to a program', 'remove it');
  }
  if (file === '' || file.endsWith('/')) {
    return report.error(program, `'${file}' is no program`, 'write the path of the program');
  }
  if (!file.startsWith('/') && (file.includes('/') || !meaning.searchesPath)) {
    report.warn(program, `'${file}' is relative to acceptd's working directory`, 'write an absolute path');
  }
  const limit = meaning.argumentCount;
  const beyond = limit === undefined ? undefined : args?.[limit];
  if (beyond !== undefined) {
    report.warn(
      beyond,
      `the inetd of ${meaning.dialect} takes ${limit} arguments; acceptd passes all ${args?.length}`,
      'start a script if that inetd shall serve it too',
    );
  }
  const wrapped = args?.[0]?.text ?? '';
  if (baseName(file) === 'tcpd' && (wrapped === '' || baseName(wrapped) === 'tcpd')) {
    return report.error(
      args?.[0] ?? program,
      'tcpd without a program would start itself forever',
      'write the program after it, as /usr/sbin/tcpd /usr/sbin/in.fingerd',
    );
  }
  if (args !== undefined) {
    return { kind: 'program', file, arguments: args.map((argument) => argument.text) };
  }
  switch (meaning.missingArguments) {
    case 'base-name':
      return { kind: 'program', file, arguments: [baseName(file)] };
    case 'path':
      return { kind: 'program', file, arguments: [file] };
    case 'none':
      report.warn(
        program,
        `in ${meaning.dialect} the program gets no arguments at all, not even its own name`,
        `write ${baseName(file)} after it`,
      );
      return { kind: 'program', file, arguments: [] };
  }
};
