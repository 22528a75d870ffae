// xinetd.
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { commandOf } from '../programs.ts';
import { extraAddresses, missing, type ServerKind } from '../server-kind.ts';

const service = (name: string, address: string, port: number, handler: string): string => `service ${name}
{
	type        = UNLISTED
	socket_type = stream
	protocol    = tcp
	bind        = ${address}
	port        = ${port}
	wait        = no
	user        = ${userInfo().username}
	server      = ${handler}
	instances   = UNLIMITED
	per_source  = UNLIMITED
	cps         = 1000000 1
	flags       = REUSE NOLIBWRAP
}
`;

export const xinetd: ServerKind = {
  name: 'xinetd',
  title: 'xinetd',
  role: 'peer',
  mostListeners: 1000,
  reloads: true,
  settings: [
    {
      text: '`instances = UNLIMITED`, `per_source = UNLIMITED`, `cps = 1000000 1`',
      reason: 'no limit that could refuse a client or suspend the service',
    },
    { text: '`flags = NOLIBWRAP`', reason: 'otherwise every child reads hosts.allow and hosts.deny' },
    { text: 'no `log_type`', reason: 'nothing is written for a connection' },
    { text: '`-dontfork`', reason: 'in the foreground, so that its process is known' },
    { text: 'backlog 64', reason: 'it is compiled in' },
  ],
  find: (programs) => {
    const program = programs.find('xinetd');
    if (program === undefined) return missing('xinetd', 'xinetd');
    return {
      command: ({ port, program: handler, extra, directory }) => {
        const configuration = join(directory, `xinetd-${port}.conf`);
        const extras = extraAddresses(extra.count).map((address, index) =>
          service(`extra${index}`, address, extra.port, handler),
        );
        writeFileSync(configuration, [service('bench', '127.0.0.1', port, handler), ...extras].join(''));
        const log = ['-filelog', '/dev/null', '-pidfile', join(directory, `xinetd-${port}.pid`)];
        return commandOf(program, ['-dontfork', '-f', configuration, ...log]);
      },
    };
  },
};
