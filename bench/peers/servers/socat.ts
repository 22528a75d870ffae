// socat, which forks for each connection and becomes the handler.
import { commandOf } from '../programs.ts';
import { missing, type ServerKind } from '../server-kind.ts';

export const socat: ServerKind = {
  name: 'socat',
  title: 'socat',
  role: 'peer',
  mostListeners: 1,
  reloads: false,
  settings: [
    {
      text: '`EXEC:...,nofork`',
      reason:
        'the forked socat becomes the handler, which gets the connection itself: no second process, no copying',
    },
    { text: '`TCP4-LISTEN:...,fork`', reason: 'without it socat serves one client and ends' },
    { text: '`backlog=4096`', reason: 'nobody is kept out by the backlog (5 otherwise)' },
    { text: 'no `max-children`', reason: 'no limit of children' },
  ],
  find: (programs) => {
    const program = programs.find('socat');
    if (program === undefined) return missing('socat', 'socat');
    return {
      command: ({ port, program: handler }) =>
        commandOf(program, [
          `TCP4-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,backlog=4096`,
          `EXEC:${handler},nofork`,
        ]),
    };
  },
};
