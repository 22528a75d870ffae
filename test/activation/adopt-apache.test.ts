// Debian's Apache httpd takes no sockets from anybody: it binds, and gets ours.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openEngine } from '../support/engine.ts';
import { freePort } from '../support/ports.ts';
import { tcp } from '../support/services.ts';
import { ask, makeDirectory, openScene } from './adopt-scene.ts';

const apache = '/usr/sbin/apache2';
const modules = '/usr/lib/apache2/modules';
const engine = openEngine(t);
const options = { skip: !existsSync(apache) && 'apache2 is not installed' };
const isRoot = process.getuid?.() === 0;

const configure = (t: Test, listen: string, worker: 'event' | 'prefork'): readonly string[] => {
  const directory = makeDirectory(t);
  writeFileSync(join(directory, 'index.html'), 'apache is here\n');
  const file = join(directory, 'httpd.conf');
  const lines = [
    `ServerRoot ${directory}`,
    'ServerName localhost',
    `PidFile ${directory}/pid`,
    `ErrorLog ${directory}/error.log`,
    `LoadModule mpm_${worker}_module ${modules}/mod_mpm_${worker}.so`,
    `LoadModule authz_core_module ${modules}/mod_authz_core.so`,
    `LoadModule dir_module ${modules}/mod_dir.so`,
    ...(isRoot ? ['User www-data', 'Group www-data'] : []),
    `Listen ${listen}`,
    `DocumentRoot ${directory}`,
    `Mutex file:${directory}`,
    '',
  ];
  writeFileSync(file, lines.join('\n'));
  return ['-f', file];
};

const request = 'GET / HTTP/1.0\r\n\r\n';

for (const { name, worker, flags } of [
  { name: 'one process', worker: 'prefork', flags: ['-X'] },
  { name: 'processes for clients', worker: 'prefork', flags: ['-D', 'FOREGROUND'] },
  { name: 'threads for clients', worker: 'event', flags: ['-D', 'FOREGROUND'] },
] as const) {
  t.test(`Apache with ${name} answers its very first client`, options, async (t) => {
    const port = await freePort();
    const at = { host: '127.0.0.1', port };
    const command = [apache, ...flags, ...configure(t, `127.0.0.1:${port}`, worker)] as const;
    const scene = openScene(t, engine, [tcp('127.0.0.1', port)], command);
    const answer = ask(at, request, /here/);
    const adopted = await scene.startAtFirstClient();
    t.match(await answer, /200 OK.*apache is here\n/s);
    await adopted.listening;
    for (let count = 0; count < 20; count++) t.match(await ask(at, request, /here/), /apache is here/);
    t.match(scene.addresses(adopted), [{ host: '127.0.0.1', port }]);
    await scene.stop(adopted);
    const later = ask(at, request, /here/);
    const again = await scene.startAtFirstClient();
    t.match(await later, /apache is here/, 'its next run');
    await scene.stop(again);
  });
}

t.test(
  '`Listen PORT`, one socket of Apache for IPv4 and IPv6, is whatever is configured',
  options,
  async (t) => {
    for (const address of [
      { ours: tcp('::', 0, { takesMapped: true }), hosts: ['127.0.0.1', '::1'] },
      { ours: tcp('127.0.0.1', 0), hosts: ['127.0.0.1'] },
    ]) {
      const port = await freePort();
      const [first = ''] = address.hosts;
      const command = [apache, '-D', 'FOREGROUND', ...configure(t, `${port}`, 'event')] as const;
      const scene = openScene(t, engine, [{ ...address.ours, port }], command);
      const answer = ask({ host: first, port }, request, /here/);
      const adopted = await scene.startAtFirstClient();
      t.match(await answer, /apache is here/);
      for (const host of address.hosts) t.match(await ask({ host, port }, request, /here/), /apache is here/);
      await scene.stop(adopted);
    }
  },
);

t.test('a graceful restart keeps the socket', options, async (t) => {
  const port = await freePort();
  const at = { host: '127.0.0.1', port };
  const command = [apache, '-D', 'FOREGROUND', ...configure(t, `127.0.0.1:${port}`, 'event')] as const;
  const scene = openScene(t, engine, [tcp('127.0.0.1', port)], command);
  const answer = ask(at, request, /here/);
  const adopted = await scene.startAtFirstClient();
  t.match(await answer, /apache is here/);
  process.kill(adopted.pid, 'SIGUSR1');
  for (let count = 0; count < 50; count++) t.match(await ask(at, request, /here/), /apache is here/);
  await scene.stop(adopted);
});
