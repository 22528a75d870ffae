// Servers that take no sockets, behind systemd-socket-proxyd in their units: acceptd copies, starts the server for the first client and stops it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

const proxy = '/usr/lib/systemd/systemd-socket-proxyd';

/** A socket, the proxy of its service and what the proxy needs, as systemd-socket-proxyd(8) has it. */
const unitsOf = (
  name: string,
  port: number,
  target: string,
  service: readonly string[],
): Readonly<Record<string, string>> => ({
  [`${name}.socket`]: `[Socket]\nListenStream=127.0.0.1:${port}\n`,
  [`${name}.service`]: `[Unit]
Requires=${name}-server.service
After=${name}-server.service
[Service]
Type=notify
ExecStart=${proxy} --exit-idle-time=1s ${target}
`,
  [`${name}-server.service`]: `[Unit]
StopWhenUnneeded=yes
[Service]
Type=notify
${service.join('\n')}
`,
});

const versions = '/usr/lib/postgresql';
const newest = existsSync(versions) ? readdirSync(versions).toSorted().at(-1) : undefined;
const postgresql = join(versions, newest ?? 'VERSION', 'bin');

checkActivations(
  {
    name: 'Redis behind a proxy says PONG to its first client, stops when nobody is there, and comes again',
    life: 'leaves',
    needs: ['/usr/bin/redis-server', '/usr/bin/redis-cli'],
    prepare: async (place) => {
      const port = await place.port();
      const path = join(place.directory, 'redis.sock');
      const words = `--port 0 --unixsocket ${path} --supervised systemd --save "" --logfile ""`;
      return {
        units: unitsOf('redis', port, path, [
          `ExecStart=/usr/bin/redis-server ${words}`,
          `WorkingDirectory=${place.directory}`,
        ]),
        talk: () => mustRun('redis-cli', ['-h', '127.0.0.1', '-p', `${port}`, 'ping']),
        expected: /^PONG\n$/,
      };
    },
  },
  {
    name: 'PostgreSQL behind a proxy has a row for its first client, stops when nobody is there, and comes again',
    life: 'leaves',
    needs: [...['postgres', 'initdb', 'psql'].map((name) => join(postgresql, name)), '/usr/bin/setpriv'],
    // it refuses to be root, and so has a user of its own there
    needsRoot: true,
    prepare: async (place) => {
      const [port, back] = [await place.port(), await place.port()];
      const home = place.makeDirectory('postgresql');
      await place.give(home);
      const data = join(home, 'data');
      const become = [
        `--reuid=${place.nobody}`,
        `--regid=${(await mustRun('id', ['-g', place.nobody])).trim()}`,
        '--clear-groups',
      ];
      const cluster = ['-D', data, '-U', 'tester', '--auth=trust', '--no-sync'];
      await mustRun('setpriv', [...become, join(postgresql, 'initdb'), ...cluster], {
        directory: home,
        timeout: 120_000,
      });
      const settings = [
        `port=${back}`,
        'listen_addresses=127.0.0.1',
        `unix_socket_directories=${home}`,
        'fsync=off',
      ];
      const ask = ['-h', '127.0.0.1', '-p', `${port}`, '-U', 'tester', '-d', 'postgres', '-Atc'];
      return {
        units: unitsOf('postgresql', port, `127.0.0.1:${back}`, [
          `User=${place.nobody}`,
          `ExecStart=${join(postgresql, 'postgres')} -D ${data} ${settings.map((each) => `-c ${each}`).join(' ')}`,
          'KillSignal=SIGINT',
          'KillMode=mixed',
        ]),
        talk: () => mustRun(join(postgresql, 'psql'), [...ask, "select 'row', 6 * 7"], { timeout: 60_000 }),
        expected: /^row\|42\n$/,
      };
    },
  },
);
