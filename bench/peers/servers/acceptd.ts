// How acceptd is started to be measured: its configuration in its own language, and how one sees that it is ready.
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { projectDirectory } from '../compiler.ts';
import type { Command } from '../server.ts';
import { extraAddresses, type PresentServer, type ServerKind } from '../server-kind.ts';

const main = join(projectDirectory, 'dist', 'acceptd', 'main.js');

/** acceptd run with this configuration; its records go where every server's output goes. */
export const acceptdCommand = (
  configuration: string,
  text: string,
  options: readonly string[] = [],
): Command => {
  writeFileSync(configuration, text);
  return { file: process.execPath, arguments: [main, 'run', '-f', configuration, ...options] };
};

/** A service as an ordinary line; nowait.0: no limit of rate. */
export const serviceLine = (address: string, port: number, program: string): string =>
  `${address}:${port} stream tcp4 nowait.0 ${userInfo().username} ${program} ${program}\n`;

// Why each of these: the settings below.
const service = (
  name: string,
  address: string,
  port: number,
  program: string,
  keys = '',
): string => `${name} on
    bind      = ${address}
    port      = ${port}
    protocol  = tcp4
    socktype  = stream
    user      = ${userInfo().username}
    exec      = ${program}
    instances = 100000
    backlog   = 4096
    stderr    = client
    session   = no
    fd3       = no
    address_variables = no
${keys};
`;

/** One classic line, and a record at the start and the end of each handler: what who changes nothing gets. */
export const acceptdAsItComes: ServerKind = {
  name: 'defaults',
  title: 'acceptd, all defaults',
  role: 'acceptd',
  mostListeners: 1,
  reloads: true,
  settings: [
    {
      text: 'one line as in inetd.conf',
      reason:
        'what who changes nothing gets: a session, fd 3, variables, two log records for each connection',
    },
  ],
  find: () => {
    if (!existsSync(main)) return { missing: 'acceptd is not built (npm run build)' };
    return {
      command: ({ port, program, directory }) =>
        acceptdCommand(join(directory, `defaults-${port}.conf`), serviceLine('127.0.0.1', port, program)),
    };
  },
};

export const acceptd: ServerKind = {
  name: 'acceptd',
  title: 'acceptd',
  role: 'acceptd',
  mostListeners: 100000,
  reloads: true,
  settings: [
    { text: '`instances = 100000`, `backlog = 4096`', reason: 'as high as the peers have it' },
    { text: '`stderr = client`', reason: 'as the peers have it; otherwise a service has a pipe for it' },
    {
      text: '`session = no`, `fd3 = no`, `address_variables = no`',
      reason: 'the handler finds what the bare loop gives it: the connection and nothing else',
    },
    { text: '`--log-level warn`', reason: 'the peers write nothing for a connection either' },
  ],
  find: () => {
    if (!existsSync(main)) return { missing: 'acceptd is not built (npm run build)' };
    return {
      command: ({ port, program, extra, directory }) => {
        const extras = extraAddresses(extra.count).map((address, index) =>
          service(`extra-${index}`, address, extra.port, program),
        );
        return acceptdCommand(
          join(directory, `acceptd-${port}.conf`),
          [service('bench', '127.0.0.1', port, program), ...extras].join(''),
          ['--log-level', 'warn'],
        );
      },
    };
  },
};

/** With a limit for each source, so that it has to remember them. */
export const limitingAcceptd = (kind: PresentServer): PresentServer => ({
  ...kind,
  startCommand: ({ port, program, directory }) =>
    acceptdCommand(
      join(directory, `limiting-${port}.conf`),
      service(
        'bench',
        '127.0.0.1',
        port,
        program,
        '    per_source = 1000\n    per_source_rate = 1000000000/600s\n',
      ),
      ['--log-level', 'warn'],
    ),
});
