// Socket activation: one daemon for the listener, started by its next client and ended when it has served it.
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { projectDirectory } from '../compiler.ts';
import type { ServerKind } from '../server-kind.ts';
import { acceptdCommand } from './acceptd.ts';

const main = join(projectDirectory, 'dist', 'acceptd', 'main.js');

/** The least that it can cost. */
export const activationFloor: ServerKind = {
  name: 'activate',
  title: 'bare C loop, activation',
  role: 'bare loop',
  mostListeners: 1,
  reloads: false,
  settings: [{ text: '`activate`', reason: 'poll, vfork, exec with the listener, wait for its end' }],
  find: () => ({
    command: ({ activate: file, port, program }) => ({ file, arguments: [String(port), program] }),
  }),
};

export const activatingAcceptd: ServerKind = {
  name: 'acceptd-activation',
  title: 'acceptd, activation',
  role: 'acceptd',
  mostListeners: 1,
  reloads: false,
  settings: [
    {
      text: '`activation = none`, `start_limit = none`',
      reason: 'the descriptor alone, as the bare loop gives it, and a start for each client',
    },
    { text: '`--log-level warn`', reason: 'the bare loop writes nothing either' },
  ],
  find: () => {
    if (!existsSync(main)) return { missing: 'acceptd is not built (npm run build)' };
    return {
      command: ({ port, program, directory }) =>
        acceptdCommand(
          join(directory, `activation-${port}.conf`),
          `bench on
    bind        = 127.0.0.1
    port        = ${port}
    protocol    = tcp4
    user        = ${userInfo().username}
    exec        = ${program}
    activation  = none
    start_limit = none
    stdout      = null
    stderr      = null
    session     = no
;
`,
          ['--log-level', 'warn'],
        ),
    };
  },
};
