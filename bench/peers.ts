// The peers, each with the best settings it has.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { extraAddress, type ServerKind } from './server-kind.ts';

const { PATH: searchPath = '' } = process.env;

const findProgram = (name: string): string | undefined =>
  [...searchPath.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

const missing = (program: string, debianPackage: string) => ({
  missing: `${program} is not installed (Debian: apt install ${debianPackage})`,
});

// Another inetd may be in the place of OpenBSD's, and one that runs has its process id in the file that this one writes.
const refuseInetd = (file: string): string | undefined => {
  const usage = spawnSync(file, ['-?'], { encoding: 'utf8', timeout: 5000 });
  if (!usage.stderr.includes('[-R rate]'))
    return `${file} is not OpenBSD's (Debian: apt install openbsd-inetd)`;
  const pidFile = '/run/inetd.pid';
  if (!existsSync(pidFile)) return undefined;
  const pid = readFileSync(pidFile, 'utf8').trim();
  return existsSync(`/proc/${pid}`)
    ? `an inetd runs here (process ${pid}) and would lose its ${pidFile}`
    : undefined;
};

export const openbsdInetd: ServerKind = {
  name: 'openbsd-inetd',
  title: 'openbsd-inetd',
  isPeer: true,
  find: () => {
    const file = findProgram('inetd');
    if (file === undefined) return missing('openbsd-inetd', 'openbsd-inetd');
    const refusal = refuseInetd(file);
    if (refusal !== undefined) return { missing: refusal };
    return {
      command: ({ port, program, extra, directory }) => {
        const configuration = join(directory, `inetd-${port}.conf`);
        const line = (address: string, linePort: number) =>
          // .1000000: at the default rate the service would be shut off for ten minutes after 256 connections.
          `${address}:${linePort} stream tcp nowait.1000000 ${userInfo().username} ${program} ${program}\n`;
        const extras = Array.from({ length: extra.count }, (_, index) =>
          line(extraAddress(index), extra.port),
        );
        writeFileSync(configuration, [line('127.0.0.1', port), ...extras].join(''));
        // -i: no daemon, so that we know its pid; -q 4096: nobody is kept out by the backlog; -R 0: no rate;
        // and no -l, with which every connection would go through libwrap and syslog.
        return { file, arguments: ['-i', '-q', '4096', '-R', '0', configuration] };
      },
    };
  },
};

const xinetdService = (port: number, program: string): string => `service bench
{
	type        = UNLISTED
	socket_type = stream
	protocol    = tcp
	bind        = 127.0.0.1
	port        = ${port}
	wait        = no
	user        = ${userInfo().username}
	server      = ${program}
# No limit that could refuse, or suspend the service.
	instances   = UNLIMITED
	per_source  = UNLIMITED
	cps         = 1000000 1
# Without NOLIBWRAP every child reads hosts.allow and hosts.deny.
	flags       = REUSE NOLIBWRAP
}
`;

const xinetd: ServerKind = {
  name: 'xinetd',
  title: 'xinetd',
  isPeer: true,
  find: () => {
    const file = findProgram('xinetd');
    if (file === undefined) return missing('xinetd', 'xinetd');
    return {
      command: ({ port, program, directory }) => {
        const configuration = join(directory, `xinetd-${port}.conf`);
        writeFileSync(configuration, xinetdService(port, program));
        // No log_type: nothing is written for a connection. The backlog cannot be set: it is 64.
        const log = ['-filelog', '/dev/null', '-pidfile', join(directory, `xinetd-${port}.pid`)];
        return { file, arguments: ['-dontfork', '-f', configuration, ...log] };
      },
    };
  },
};

const tcpserver: ServerKind = {
  name: 'tcpserver',
  title: 'tcpserver',
  isPeer: true,
  find: () => {
    const file = findProgram('tcpserver');
    if (file === undefined) return missing('tcpserver', 'ucspi-tcp');
    return {
      // -H -R -l 0: no look-up of names, no ident; -o: no call to clear IP options; -b 4096: the backlog;
      // -c 10000: 40 children at a time otherwise.
      command: ({ port, program }) => ({
        file,
        arguments: ['-HoRl0', '-b', '4096', '-c', '10000', '127.0.0.1', String(port), program],
      }),
    };
  },
};

const node: ServerKind = {
  name: 'node',
  title: 'Node net + spawn',
  isPeer: true,
  find: () => ({
    command: ({ port, program }) => ({
      file: process.execPath,
      arguments: [join(import.meta.dirname, 'node-peer.js'), String(port), program],
    }),
  }),
};

export const peers: readonly ServerKind[] = [openbsdInetd, xinetd, tcpserver, node];
