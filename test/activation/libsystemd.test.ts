// A program that takes its sockets with libsystemd, by number and by name, from three units.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askAt, checkActivations } from '../support/activation.ts';
import { searchPath } from '../support/command.ts';

const source = fileURLToPath(new URL('../../../test/handlers/sd-listen.c', import.meta.url));
const header = '/usr/include/systemd/sd-daemon.h';

checkActivations({
  name: 'sd_listen_fds_with_names() gives names and kinds of all sockets, and READY=1 is heard',
  life: 'daemon',
  needs: ['/usr/bin/cc'],
  obstacle: existsSync(header) ? undefined : `${header} not installed: see .ci/packages`,
  prepare: async (place) => {
    const port = await place.port();
    const program = join(place.directory, 'sd-listen');
    execFileSync('cc', ['-O1', '-Wall', '-Werror', '-o', program, source, '-lsystemd'], {
      env: { PATH: searchPath },
    });
    const path = join(place.directory, 'a.sock');
    return {
      units: {
        'one.socket': `[Socket]\nListenStream=${path}\nFileDescriptorName=first\nService=sd.service\n`,
        'two.socket': `[Socket]\nListenStream=127.0.0.1:${port}\nService=sd.service\n`,
        'sd.service': `[Service]\nType=notify\nExecStart=${program}\nSockets=one.socket two.socket\n`,
      },
      talk: async (acceptd) => {
        const answers = [await askAt({ path }, ''), await askAt({ host: '127.0.0.1', port }, '')];
        await acceptd.waitFor(({ event }) => event === 'daemon-ready', 'READY=1');
        return answers.join('');
      },
      expected: /^(first unix\ntwo\.socket inet\n){2}$/,
    };
  },
});
