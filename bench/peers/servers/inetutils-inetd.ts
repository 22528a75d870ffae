// GNU inetutils' inetd.
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { commandOf } from '../programs.ts';
import { missing, type ServerKind } from '../server-kind.ts';

export const inetutilsInetd: ServerKind = {
  name: 'inetutils-inetd',
  title: 'inetutils-inetd',
  role: 'peer',
  mostListeners: 1,
  reloads: true,
  settings: [
    {
      text: '`-R 1000000`',
      reason: 'otherwise a service that is started too often in a minute is shut off for ten',
    },
    {
      text: 'in the background, `-pFILE`',
      reason: 'the foreground is its debugging, which prints each step',
    },
    { text: 'no `--environment`', reason: 'it sets no variables for the handler' },
    { text: 'backlog 10', reason: 'it is compiled in' },
    {
      text: 'a second of sleep',
      reason:
        'nothing avoids it: whenever a handler ends while it waits for clients, it sleeps before it looks again',
    },
  ],
  find: (programs) => {
    const program = programs.find('inetutils-inetd');
    if (program === undefined) return missing('inetutils-inetd', 'inetutils-inetd');
    return {
      command: ({ port, program: handler, directory }) => {
        const configuration = join(directory, `inetutils-${port}.conf`);
        const pidFile = join(directory, `inetutils-${port}.pid`);
        writeFileSync(
          configuration,
          `127.0.0.1:${port} stream tcp nowait ${userInfo().username} ${handler} ${handler}\n`,
        );
        return { ...commandOf(program, [`-p${pidFile}`, '-R', '1000000', configuration]), pidFile };
      },
    };
  },
};
