// cupsd, which ends by itself when nobody needs it, and leaves the socket to us.
import { join } from 'node:path';
import type { Place } from '../daemons/place.ts';
import { checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

const writeFiles = (place: Place, socket: string): { readonly daemon: string; readonly files: string } => {
  const own = (name: string): string => place.makeDirectory(name);
  const files = [
    `ServerRoot ${own('root')}`,
    `CacheDir ${own('cache')}`,
    `StateDir ${own('state')}`,
    `RequestRoot ${own('spool')}`,
    `TempDir ${own('spool/tmp')}`,
    'ErrorLog stderr',
    ...['AccessLog', 'PageLog'].map((name) => `${name} ${join(place.directory, name)}`),
    'SystemGroup root',
    '',
  ];
  const daemon = [
    `Listen ${socket}`,
    'IdleExitTimeout 1',
    'WebInterface No',
    'Browsing No',
    '<Location />\nAllow all\n</Location>',
    '',
  ];
  return {
    files: place.write('cups-files.conf', files.join('\n')),
    daemon: place.write('cupsd.conf', daemon.join('\n')),
  };
};

checkActivations({
  name: 'cupsd answers lpstat, ends when it is idle, and is started again',
  life: 'leaves',
  needs: ['/usr/sbin/cupsd', '/usr/bin/lpstat'],
  needsRoot: true,
  prepare: async (place) => {
    const socket = join(place.directory, 'cups.sock');
    const { daemon, files } = writeFiles(place, socket);
    return {
      units: {
        'cups.socket': `[Socket]\nListenStream=${socket}\n`,
        'cups.service': `[Service]
Type=notify
ExecStart=/usr/sbin/cupsd -l -f -c ${daemon} -s ${files}
`,
      },
      talk: () => mustRun('lpstat', ['-h', socket, '-r']),
      expected: /scheduler is running/,
    };
  },
});
