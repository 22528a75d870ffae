// rlinetd.
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { commandOf } from '../programs.ts';
import { missing, type ServerKind } from '../server-kind.ts';

export const rlinetd: ServerKind = {
  name: 'rlinetd',
  title: 'rlinetd',
  role: 'peer',
  mostListeners: 1,
  reloads: true,
  settings: [
    { text: '`instances 100000`', reason: '40 at a time otherwise' },
    { text: '`backlog 4096`', reason: 'nobody is kept out by the backlog' },
    { text: 'no `log`, no `tcpd`', reason: 'nothing is written or looked up for a connection' },
    {
      text: '`-d`',
      reason: 'in the foreground, so that its process is known; it prints nothing for a connection',
    },
  ],
  find: (programs) => {
    const program = programs.find('rlinetd');
    const parser = programs.findLibrary('rlinetd/libparse.so');
    if (program === undefined || parser === undefined) return missing('rlinetd', 'rlinetd');
    return {
      command: ({ port, program: handler, directory }) => {
        const configuration = join(directory, `rlinetd-${port}.conf`);
        const service = [
          `port "${port}";`,
          'interface 127.0.0.1;',
          `exec "${handler}";`,
          `user "${userInfo().username}";`,
          'backlog 4096;',
          'instances 100000;',
        ];
        writeFileSync(configuration, `service "bench" {\n${service.join('\n')}\n}\n`);
        return commandOf(program, ['-d', '-p', parser, '-f', configuration]);
      },
    };
  },
};
