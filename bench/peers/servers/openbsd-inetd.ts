// openbsd-inetd, as Debian packages it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { commandOf, type Program } from '../programs.ts';
import { extraAddresses, missing, type ServerKind } from '../server-kind.ts';

// Another inetd may be in the place of OpenBSD's, and one that runs has its process id in the file that this one writes.
const refuse = ({ file, arguments: first }: Program): string | undefined => {
  const usage = spawnSync(file, [...first, '-?'], { encoding: 'utf8', timeout: 5000 });
  if (!usage.stderr.includes('[-R rate]'))
    return `${file} is not OpenBSD's (Debian: apt install openbsd-inetd, or unpack it for --peers-root)`;
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
  role: 'peer',
  mostListeners: 10000,
  reloads: true,
  settings: [
    { text: '`-i`', reason: 'in the foreground, so that its process is known' },
    { text: '`-q 4096`', reason: 'nobody is kept out by the backlog' },
    {
      text: '`-R 0`, `nowait.1000000`',
      reason: 'otherwise the service is shut off for ten minutes after 256 connections in a minute',
    },
    { text: 'no `-l`', reason: 'with it each connection goes through libwrap and syslog' },
  ],
  find: (programs) => {
    const program = programs.find('inetd');
    if (program === undefined) return missing('openbsd-inetd', 'openbsd-inetd');
    const refusal = refuse(program);
    if (refusal !== undefined) return { missing: refusal };
    return {
      command: ({ port, program: handler, extra, directory }) => {
        const configuration = join(directory, `inetd-${port}.conf`);
        const line = (address: string, linePort: number) =>
          `${address}:${linePort} stream tcp nowait.1000000 ${userInfo().username} ${handler} ${handler}\n`;
        const extras = extraAddresses(extra.count).map((address) => line(address, extra.port));
        writeFileSync(configuration, [line('127.0.0.1', port), ...extras].join(''));
        return commandOf(program, ['-i', '-q', '4096', '-R', '0', configuration]);
      },
    };
  },
};
