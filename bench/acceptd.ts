// How acceptd is started to be measured: its configuration in its own language, and how one sees that it is ready.
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Command } from './server.ts';
import { extraAddress, type ServerKind } from './server-kind.ts';
import { projectDirectory } from './workshop.ts';

const main = join(projectDirectory, 'dist', 'src', 'main.js');

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

// The limit of instances and the backlog are the ones that the peers get. stderr is the connection, as theirs;
// otherwise every service would have a pipe for it. Like the bare loop's, its handlers find the connection and nothing
// else, and get no session of their own: where the kernel groups tasks by session that is a dear system call.
const service = (name: string, address: string, port: number, program: string): string => `${name} on
    bind      = ${address}
    port      = ${port}
    protocol  = tcp4
    socktype  = stream
    user      = ${userInfo().username}
    exec      = ${program}
    instances = 10000
    backlog   = 4096
    stderr    = client
    session   = no
    fd3       = no
    address_variables = no
;
`;

/** One classic line, and a record at the start and the end of each handler: what who changes nothing gets. */
export const acceptdAsItComes: ServerKind = {
  name: 'defaults',
  title: 'acceptd, all defaults',
  isPeer: false,
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
  isPeer: false,
  find: () => {
    if (!existsSync(main)) return { missing: 'acceptd is not built (npm run build)' };
    return {
      command: ({ port, program, extra, directory }) => {
        const extras = Array.from({ length: extra.count }, (_, index) =>
          service(`extra-${index}`, extraAddress(index), extra.port, program),
        );
        return acceptdCommand(
          join(directory, `acceptd-${port}.conf`),
          [service('bench', '127.0.0.1', port, program), ...extras].join(''),
          // The peers write nothing for a connection either.
          ['--log-level', 'warn'],
        );
      },
    };
  },
};
