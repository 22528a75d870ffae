// systemd-socket-activate, systemd's program for trying socket activation without systemd.
import { commandOf } from '../programs.ts';
import { missing, type ServerKind } from '../server-kind.ts';

export const socketActivate: ServerKind = {
  name: 'socket-activate',
  title: 'systemd-socket-activate',
  role: 'peer',
  mostListeners: 1,
  reloads: false,
  settings: [
    {
      text: '`--accept --inetd`',
      reason: 'a handler for each connection, with the connection as its input and output',
    },
    { text: '`SYSTEMD_LOG_LEVEL=err`', reason: 'otherwise it writes five lines for a connection' },
  ],
  find: (programs) => {
    const program = programs.find('systemd-socket-activate');
    if (program === undefined) return missing('systemd-socket-activate', 'systemd');
    return {
      command: ({ port, program: handler }) => ({
        ...commandOf(program, ['-l', `127.0.0.1:${port}`, '--accept', '--inetd', handler]),
        environment: { SYSTEMD_LOG_LEVEL: 'err' },
      }),
    };
  },
};
