// tcpsvd of ipsvd.
import { commandOf } from '../programs.ts';
import { missing, type ServerKind } from '../server-kind.ts';

export const tcpsvd: ServerKind = {
  name: 'tcpsvd',
  title: 'tcpsvd',
  role: 'peer',
  mostListeners: 1,
  reloads: false,
  settings: [
    { text: '`-l 0`, no `-h`', reason: 'names are not looked up' },
    { text: '`-E`', reason: 'it sets no variables for the handler' },
    { text: '`-b 4096`', reason: 'nobody is kept out by the backlog' },
    { text: '`-c 100000`', reason: '30 children at a time otherwise' },
    { text: 'no `-v`', reason: 'nothing is written for a connection' },
  ],
  find: (programs) => {
    const program = programs.find('tcpsvd');
    if (program === undefined) return missing('tcpsvd', 'ipsvd');
    return {
      command: ({ port, program: handler }) =>
        commandOf(program, [
          ...['-E', '-l', '0', '-b', '4096', '-c', '100000'],
          ...['127.0.0.1', String(port), handler],
        ]),
    };
  },
};
