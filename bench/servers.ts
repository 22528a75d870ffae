// Who is measured: the bare loop, the peers and acceptd.
import { acceptd, acceptdAsItComes } from './acceptd.ts';
import { openbsdInetd, peers } from './peers.ts';
import type { ServerKind } from './server-kind.ts';

const floor: ServerKind = {
  name: 'floor',
  title: 'bare C loop',
  isPeer: false,
  // With few descriptors a copied table is the cheapest.
  find: () => ({
    command: ({ floor: file, port, program }) => ({ file, arguments: ['copy', String(port), program] }),
  }),
};

const sharingFloor: ServerKind = {
  name: 'floor',
  title: 'bare C loop, shared table',
  isPeer: false,
  find: () => ({
    command: ({ floor: file, port, program, extra }) => ({
      file,
      arguments: ['share', String(port), program, String(extra.count), String(extra.port)],
    }),
  }),
};

/** In the order of the tables. */
export const allServers: readonly ServerKind[] = [floor, ...peers, acceptd, acceptdAsItComes];
/** Those that can listen on thousands of addresses. */
export const manyListenerServers: readonly ServerKind[] = [sharingFloor, openbsdInetd, acceptd];
