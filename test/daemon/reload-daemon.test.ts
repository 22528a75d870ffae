// acceptd reload SERVICE: the daemon itself reads its configuration again, with its sockets and its clients.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { acceptd as run, temporaryDirectory } from '../command/stage.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { hasProgram, mustRun } from '../support/command.ts';
import { freePort } from '../support/ports.ts';

const nginx = '/usr/sbin/nginx';

const configuration = (directory: string, port: number, word: string): string => `daemon off;
worker_processes 1;
pid ${directory}/pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join('\n  ')}
  server { listen 127.0.0.1:${port}; location / { return 200 "${word}\\n"; } }
}
`;

t.test(
  'nginx serves what its changed configuration says, with the same main process',
  { skip: hasProgram(nginx) ? false : 'there is no nginx' },
  async (t) => {
    const directory = temporaryDirectory(t);
    const [port, plain] = [await freePort(), await freePort()];
    const file = join(directory, 'nginx.conf');
    writeFileSync(file, configuration(directory, port, 'before'));
    const control = join(directory, 'control');
    const acceptd = await startAcceptd(t, {
      config: `web on bind = 127.0.0.1, port = ${port}, protocol = tcp, user = -, exec = ${nginx},
        args = nginx -p ${directory} -c ${file}, activation = nginx, reload_command = /bin/kill -HUP \${MAINPID};
127.0.0.1:${plain} stream tcp nowait - /bin/echo echo\n`,
      arguments: ['--control', control],
    });
    const ask = (): Promise<string> => mustRun('curl', ['-sS', `http://127.0.0.1:${port}/`]);
    const order = (...words: string[]) => run(...words, '--control', control);
    const id = '127.0.0.1:web/tcp';

    t.match(await order('reload', id), { code: 1, stderr: /web\/tcp does not run/ });
    t.equal(await ask(), 'before\n');
    writeFileSync(file, configuration(directory, port, 'after'));
    t.match(await order('reload', id), { code: 0, stdout: `${id} has read its configuration again\n` });
    // its workers are exchanged after it was told
    let said = await ask();
    for (let round = 0; round < 600 && said !== 'after\n'; round++) said = await ask();
    t.equal(said, 'after\n');
    t.equal(acceptd.records.filter(({ event }) => event === 'started').length, 2, 'itself, and kill');
    t.match(await order('reload', `127.0.0.1:${plain}/tcp`), { code: 1, stderr: /has no daemon/ });
    t.equal(await acceptd.stop(), 0);
  },
);
