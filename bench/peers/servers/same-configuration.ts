// xinetd and acceptd with one and the same xinetd.conf: xinetd's defaults, and a log file with a line for each start and end.
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { projectDirectory } from '../compiler.ts';
import { commandOf } from '../programs.ts';
import type { Command } from '../server.ts';
import { type Assignment, missing, type ServerKind } from '../server-kind.ts';

const main = join(projectDirectory, 'dist', 'acceptd', 'main.js');

/** Attributes beyond those that every service has; limits are raised on both sides so that they do not bite. */
export const serviceEntry = (
  name: string,
  place: { readonly address?: string; readonly port: number },
  program: string,
  lines: readonly string[] = [],
): string =>
  [
    `service ${name}`,
    '{',
    '\ttype        = UNLISTED',
    '\tsocket_type = stream',
    '\tprotocol    = tcp',
    ...(place.address === undefined ? [] : [`\tbind        = ${place.address}`]),
    `\tport        = ${place.port}`,
    '\twait        = no',
    `\tuser        = ${userInfo().username}`,
    `\tserver      = ${program}`,
    '\tinstances   = 100000',
    '\tcps         = 1000000 1',
    ...lines.map((line) => `\t${line}`),
    '}',
    '',
  ].join('\n');

export const defaultsEntry = (log: string): string =>
  [
    'defaults',
    '{',
    `\tlog_type       = FILE ${log}`,
    '\tlog_on_success = PID HOST EXIT DURATION',
    '\tlog_on_failure = HOST',
    '}',
    '',
  ].join('\n');

const settings = [
  {
    text: 'one xinetd.conf for both',
    reason: 'dual-stack sockets, hosts.allow and hosts.deny, START and EXIT lines in a file, as it comes',
  },
  { text: '`instances = 100000`, `cps = 1000000 1`', reason: 'limits that do not bite, on both sides' },
];

/** Writes the configuration and gives its path. */
const write = (name: string, { port, program, directory }: Assignment): string => {
  const path = join(directory, `${name}-${port}.conf`);
  const log = join(directory, `${name}-${port}.services.log`);
  writeFileSync(path, defaultsEntry(log) + serviceEntry('bench', { port }, program));
  return path;
};

/** acceptd in place of xinetd, with xinetd's own options. */
export const acceptdInPlace = (configuration: string, daemonLog: string): Command => ({
  file: process.execPath,
  arguments: [main, 'xinetd', '-dontfork', '-f', configuration, '-filelog', daemonLog, '-pidfile', ''],
});

export const xinetdWithLog: ServerKind = {
  name: 'xinetd-log',
  title: 'xinetd, its defaults and a log file',
  role: 'peer',
  mostListeners: 1,
  reloads: false,
  settings,
  find: (programs) => {
    const program = programs.find('xinetd');
    if (program === undefined) return missing('xinetd', 'xinetd');
    return {
      command: (assignment) => {
        const { port, directory } = assignment;
        const log = ['-filelog', join(directory, `xinetd-log-${port}.daemon.log`)];
        const pidFile = ['-pidfile', join(directory, `xinetd-log-${port}.pid`)];
        return commandOf(program, ['-dontfork', '-f', write('xinetd-log', assignment), ...log, ...pidFile]);
      },
    };
  },
};

export const acceptdWithLog: ServerKind = {
  name: 'acceptd-log',
  title: 'acceptd, the same xinetd.conf',
  role: 'acceptd',
  mostListeners: 1,
  reloads: false,
  settings,
  find: () => {
    if (!existsSync(main)) return { missing: 'acceptd is not built (npm run build)' };
    return {
      command: (assignment) => {
        const { port, directory } = assignment;
        return acceptdInPlace(
          write('acceptd-log', assignment),
          join(directory, `acceptd-log-${port}.daemon.log`),
        );
      },
    };
  },
};
