// tcpserver of ucspi-tcp.
import { commandOf } from '../programs.ts';
import { missing, type ServerKind } from '../server-kind.ts';

export const tcpserver: ServerKind = {
  name: 'tcpserver',
  title: 'tcpserver',
  role: 'peer',
  mostListeners: 1,
  reloads: false,
  settings: [
    { text: '`-H -R -l 0`', reason: 'names are not looked up, and ident is not asked' },
    { text: '`-o`', reason: 'no call that clears IP options' },
    { text: '`-b 4096`', reason: 'nobody is kept out by the backlog' },
    { text: '`-c 100000`', reason: '40 children at a time otherwise' },
  ],
  find: (programs) => {
    const program = programs.find('tcpserver');
    if (program === undefined) return missing('tcpserver', 'ucspi-tcp');
    return {
      command: ({ port, program: handler }) =>
        commandOf(program, ['-HoRl0', '-b', '4096', '-c', '100000', '127.0.0.1', String(port), handler]),
    };
  },
};
