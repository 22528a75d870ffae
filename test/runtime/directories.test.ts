// Directories of a daemon are there before it starts, as they are to be, and go with it where they are not kept.
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { plainProcess, type ServiceDirectory } from '../../src/model/service.ts';
import { makeDirectory, removeDirectory } from '../../src/runtime/directories.ts';
import { isRoot } from '../support/command.ts';
import { ask, daemonService, openSupervisor } from '../support/daemons.ts';
import { freePort } from '../support/ports.ts';
import { tcp } from '../support/services.ts';

const place = mkdtempSync(join(tmpdir(), 'acceptd-'));
t.teardown(() => rmSync(place, { recursive: true, force: true }));
const { supervisor, until, directory, events } = openSupervisor(t);

const at = (name: string, rest: Partial<ServiceDirectory> = {}): ServiceDirectory => ({
  kind: 'runtime',
  path: join(place, name),
  links: [],
  mode: 0o710,
  keeps: 'no',
  ...rest,
});
const modeOf = (path: string): number => lstatSync(path).mode & 0o7777;
const nobody = isRoot ? { uid: 65534, gid: 65534 } : undefined;

t.test(
  'one is made with its parents, its link and its owner, and is removed with what is in it',
  async (t) => {
    const wanted = at('one/two', { links: [join(place, 'link')] });
    t.equal(await makeDirectory(wanted, nobody), undefined);
    t.equal(modeOf(wanted.path), 0o710);
    t.equal(modeOf(join(place, 'one')), 0o755);
    if (nobody !== undefined) t.match(lstatSync(wanted.path), nobody);
    t.equal(await makeDirectory({ ...wanted, mode: 0o700 }, nobody), undefined, 'it may be there');
    t.equal(modeOf(wanted.path), 0o700);
    mkdirSync(join(wanted.path, 'deep'));
    writeFileSync(join(place, 'kept'), '');
    symlinkSync(join(place, 'kept'), join(wanted.path, 'deep/out'));
    t.equal(await removeDirectory(wanted), undefined);
    t.notOk(existsSync(wanted.path));
    t.throws(() => lstatSync(join(place, 'link')), 'its link is gone');
    t.ok(existsSync(join(place, 'kept')), 'where a link leads is left alone');
  },
);

t.test('a link in its place is not followed', async (t) => {
  mkdirSync(join(place, 'target'), { mode: 0o755 });
  symlinkSync(join(place, 'target'), join(place, 'false'));
  t.match(await makeDirectory(at('false'), nobody), { code: 'ENOTDIR', what: /is a symbolic link/ });
  t.equal(modeOf(join(place, 'target')), 0o755);
});

t.test('a configuration that is there stays as it is', async (t) => {
  mkdirSync(join(place, 'etc'), { mode: 0o750 });
  t.equal(await makeDirectory(at('etc', { kind: 'configuration' }), nobody), undefined);
  t.equal(modeOf(join(place, 'etc')), 0o750);
});

t.test('a daemon has its directories while it runs; the state stays', async (t) => {
  const port = await freePort();
  const [run, state] = [at('run'), at('state', { kind: 'state', keeps: 'yes' })];
  const since = events.length;
  const process = { ...plainProcess, directories: [run, state] };
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port)], { id: 'made', rest: { process } }),
  ]);
  t.match(await ask(port), /^pid/);
  t.ok(existsSync(run.path) && existsSync(state.path));
  await supervisor.apply([]);
  await until('exited', () => true, since);
  t.equal(await makeDirectory(at('state'), undefined), undefined);
  for (let tries = 0; existsSync(run.path) && tries < 10_000; tries++) await new Promise(setImmediate);
  t.notOk(existsSync(run.path));
  t.ok(existsSync(state.path));
});

t.test('a daemon whose directory cannot be made has failed', async (t) => {
  const port = await freePort();
  const since = events.length;
  const process = { ...plainProcess, directories: [at('false')] };
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port)], {
      id: 'bad',
      daemon: { onDemand: false },
      rest: { process },
    }),
  ]);
  t.match(await until('daemon-failed', () => true, since), { failure: { what: /is a symbolic link/ } });
  await supervisor.apply([]);
});
