// PostgreSQL binds, and gets ours; it listens before it has recovered, so its very first client may be told to come back.
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openEngine } from '../support/engine.ts';
import { freePort } from '../support/ports.ts';
import { runHere } from '../support/program.ts';
import { tcp } from '../support/services.ts';
import { makeDirectory, openScene } from './adopt-scene.ts';

const versions = '/usr/lib/postgresql';
const newest = existsSync(versions) ? readdirSync(versions).toSorted().at(-1) : undefined;
const programs = join(versions, newest ?? '', 'bin');
const isRoot = process.getuid?.() === 0;
const engine = openEngine(t);
const options = { skip: newest === undefined && 'postgresql is not installed' };

t.test('PostgreSQL answers a question that came before it had started', options, async (t) => {
  const directory = makeDirectory(t);
  const port = await freePort();
  // it refuses to run as root
  const identity = isRoot ? ['-u', 'postgres'].map(String) : [];
  const id = (flag: '-u' | '-g'): number =>
    Number(execFileSync('id', isRoot ? [flag, 'postgres'] : [flag], { encoding: 'utf8' }));
  const [uid, gid] = [id('-u'), id('-g')];
  if (isRoot) chownSync(directory, uid, gid);
  const cluster = join(directory, 'cluster');
  execFileSync(
    identity.length === 0 ? join(programs, 'initdb') : 'setpriv',
    [
      ...(identity.length === 0
        ? []
        : [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', join(programs, 'initdb')]),
      ...['-D', cluster, '-U', 'postgres', '-A', 'trust', '--no-sync'],
    ],
    { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, cwd: directory, stdio: 'ignore' },
  );
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${directory}`,
    'fsync=off',
  ];
  const command = [
    join(programs, 'postgres'),
    ...['-D', cluster],
    ...settings.flatMap((each) => ['-c', each]),
  ] as const;
  const scene = openScene(t, engine, [tcp('127.0.0.1', port)], command, {
    recipe: {
      workingDirectory: directory,
      credentials: isRoot ? { uid, gid, groups: [gid] } : undefined,
    },
  });
  const question = ['-h', '127.0.0.1', '-p', `${port}`, '-U', 'postgres', '-Atc', 'select 6 * 7'];
  const first = runHere(engine, join(programs, 'psql'), question);
  const adopted = await scene.startAtFirstClient();
  t.match((await first).text, /^42\n$|the database system is starting up/);
  let answer = await first;
  for (let count = 0; count < 100 && answer.status !== 0; count++) {
    answer = await runHere(engine, join(programs, 'psql'), question);
  }
  t.equal(answer.text, '42\n');
  t.match(scene.addresses(adopted), [{ host: '127.0.0.1', port }]);
  t.same(adopted.failures, []);
  await scene.stop(adopted, 'SIGINT');
});
