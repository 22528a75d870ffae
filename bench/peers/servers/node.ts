// A super-server as one writes it in plain Node.
import { join } from 'node:path';
import type { ServerKind } from '../server-kind.ts';

export const node: ServerKind = {
  name: 'node',
  title: 'Node net + spawn',
  role: 'peer',
  mostListeners: 1,
  reloads: false,
  settings: [
    { text: '`stdio: [socket, socket, "ignore"]`', reason: 'pipes would cost a copy of every byte' },
    { text: '`env: {}`', reason: 'our own environment would be copied each time' },
    { text: '`pauseOnConnect`', reason: 'Node must not read what the handler is to read' },
    { text: '`backlog: 4096`', reason: 'nobody is kept out by the backlog' },
  ],
  find: () => ({
    command: ({ port, program }) => ({
      file: process.execPath,
      arguments: [join(import.meta.dirname, 'node-peer.js'), String(port), program],
    }),
  }),
};
