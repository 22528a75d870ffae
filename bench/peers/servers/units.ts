// acceptd with the units of the systemd that it is measured beside, and with a line of inetd.conf for the same.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDirectory } from '../compiler.ts';
import type { ServerKind } from '../server-kind.ts';
import { acceptdCommand, serviceLine } from './acceptd.ts';
import { unitsOf, withoutLimits } from './systemd.ts';

const main = join(projectDirectory, 'dist', 'acceptd', 'main.js');
const quiet = { text: '`--log-level warn`', reason: 'systemd writes nothing for a connection either' };

export const acceptdWithUnits: ServerKind = {
  name: 'acceptd-units',
  title: 'acceptd, the same units',
  role: 'acceptd',
  mostListeners: 1,
  reloads: false,
  settings: [{ text: 'bench.socket and bench@.service', reason: 'the very files of `systemd`' }, quiet],
  find: () => {
    if (!existsSync(main)) return { missing: 'acceptd is not built (npm run build)' };
    return {
      command: ({ port, program, directory }) => {
        const units = join(directory, `units-${port}`);
        mkdirSync(units, { recursive: true });
        const texts = unitsOf({ socket: withoutLimits, service: [] }, { port, path: program });
        for (const [name, text] of Object.entries(texts)) writeFileSync(join(units, name), text);
        return {
          file: process.execPath,
          arguments: [main, 'run', '-f', units, '--log-level', 'warn'],
        };
      },
    };
  },
};

export const acceptdWithLine: ServerKind = {
  name: 'acceptd-line',
  title: 'acceptd, a line of inetd.conf',
  role: 'acceptd',
  mostListeners: 1,
  reloads: false,
  settings: [{ text: 'one line of inetd.conf', reason: 'the same handler without units' }, quiet],
  find: () => {
    if (!existsSync(main)) return { missing: 'acceptd is not built (npm run build)' };
    return {
      command: ({ port, program, directory }) =>
        acceptdCommand(
          join(directory, `line-${port}.conf`),
          `.dialect debian\n${serviceLine('127.0.0.1', port, program)}`,
          ['--log-level', 'warn'],
        ),
    };
  },
};
