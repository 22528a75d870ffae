// The bare loops: what is left of a super-server when everything but accept, a new process and exec is taken away.
import type { ServerKind } from '../server-kind.ts';

const bareLoop = (kind: {
  readonly name: string;
  readonly title: string;
  readonly mode: 'copy' | 'share' | 'vfork' | 'fork';
  readonly mostListeners: number;
  readonly reason: string;
}): ServerKind => ({
  name: kind.name,
  title: kind.title,
  role: 'bare loop',
  mostListeners: kind.mostListeners,
  reloads: false,
  settings: [{ text: `\`floor ${kind.mode}\``, reason: kind.reason }],
  find: () => ({
    command: ({ floor: file, port, program, extra }) => ({
      file,
      arguments: [
        kind.mode,
        String(port),
        program,
        ...(extra.count === 0 ? [] : [String(extra.count), String(extra.port)]),
      ],
    }),
  }),
});

/** What everything is compared with. */
export const floor = bareLoop({
  name: 'floor',
  title: 'bare C loop',
  mode: 'copy',
  mostListeners: 1,
  reason: 'clone(CLONE_VM) without waiting for the exec; with few descriptors a copied table is the cheapest',
});

export const sharingFloor = bareLoop({
  name: 'floor-share',
  title: 'bare C loop, shared table',
  mode: 'share',
  mostListeners: 100000,
  reason: 'the child leaves the shared table of descriptors: independent of how many listeners there are',
});

export const vforkFloor = bareLoop({
  name: 'floor-vfork',
  title: 'bare C loop, vfork',
  mode: 'vfork',
  mostListeners: 1,
  reason: 'what posix_spawn does: the loop stands still until the exec',
});

export const forkFloor = bareLoop({
  name: 'floor-fork',
  title: 'bare C loop, fork',
  mode: 'fork',
  mostListeners: 1,
  reason: 'what the inetds do: the page tables are copied',
});
