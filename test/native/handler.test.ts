// What a handler finds at its start, with a copied and with a shared descriptor table.
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { resourceNumber } from '../../src/model/recipe.ts';
import { compileHandlers } from '../support/compile.ts';
import {
  listenAt,
  loopback,
  openEngine,
  openManyListeners,
  recipeOf,
  serve,
  unixAt,
} from '../support/engine.ts';
import { type Report, readReport } from '../support/report.ts';

const handlers = compileHandlers('report');
const report = join(handlers, 'report');
const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : 'only root can do this';
const engine = openEngine(t);
const { kernel } = engine;
const listener = listenAt(kernel, loopback(4));
const port = kernel.portOf(listener);

type RecipeRest = Parameters<typeof recipeOf>[2];

const find = async (rest: RecipeRest): Promise<Report & { readonly pid: number }> => {
  const { pid, text, ended } = await serve(engine, listener, recipeOf(kernel, report, rest), {
    host: '127.0.0.1',
    port,
  });
  if (ended.status !== 0) throw new Error(`the handler ended with ${ended.status}: ${ended.failure?.what}`);
  return { pid, ...readReport(text) };
};

const addressVariables = [
  { name: 'REMOTE_ADDR', field: 'remoteAddress' },
  { name: 'REMOTE_PORT', field: 'remotePort' },
  { name: 'LOCAL_ADDR', field: 'localAddress' },
  { name: 'LOCAL_PORT', field: 'localPort' },
  { name: 'PEER_PID', field: 'peerPid' },
  { name: 'PEER_UID', field: 'peerUid' },
  { name: 'PEER_GID', field: 'peerGid' },
] as const;

const testSurroundings = (t: Test): void => {
  t.test('its descriptors are those of the layout, blocking, and no others', async (t) => {
    const three = await find({ layout: ['handed', 'handed', 'handed'] });
    const inode = three.one('descriptor')?.split(' ').at(-1);
    t.strictSame(
      three.all('descriptor'),
      [0, 1, 2].map((number) => `${number} socket blocking ${inode}`),
    );
    const { ours, theirs } = kernel.openLogPair();
    const high = kernel.raise(theirs);
    const four = await find({ layout: ['handed', 'handed', high, 'handed'] });
    const kinds = four.all('descriptor').map((each) => each.split(' ').slice(0, 3).join(' '));
    t.strictSame(kinds, ['0 socket blocking', '1 socket blocking', '2 socket blocking', '3 socket blocking']);
    const inodes = four.all('descriptor').map((each) => each.split(' ').at(-1));
    t.equal(new Set(inodes).size, 2, 'the log is another socket than the connection');
    t.equal(inodes[0], inodes[3]);
    kernel.close(ours);
    kernel.close(high);
    const mixed = await find({ layout: ['null', 'handed', 'null'] });
    const mixedKinds = mixed.all('descriptor').map((each) => each.split(' ').slice(0, 3).join(' '));
    t.strictSame(mixedKinds, ['0 device blocking', '1 socket blocking', '2 device blocking']);
  });

  t.test('it leads a session of its own', async (t) => {
    const { pid, one } = await find({});
    t.strictSame([one('pid'), one('session'), one('group-leader')], [`${pid}`, `${pid}`, `${pid}`]);
  });

  t.test('no signal is blocked, ignored or caught, those included that acceptd caught later', async (t) => {
    const recipe = recipeOf(kernel, report);
    const onHangup = (): undefined => undefined;
    process.on('SIGHUP', onHangup);
    const { text } = await serve(engine, listener, recipe, { host: '127.0.0.1', port });
    process.off('SIGHUP', onHangup);
    const { all, one } = readReport(text);
    t.strictSame([all('blocked'), all('disposition')], [[], []]);
    for (const mask of ['SigBlk', 'SigIgn', 'SigCgt', 'SigPnd']) t.match(one(mask), /^0+$/, mask);
  });

  t.test('its limits are those of the recipe, the others are as acceptd found them', async (t) => {
    const { all } = await find({
      resourceLimits: [
        { resource: resourceNumber('nofile'), soft: 100, hard: 200 },
        { resource: resourceNumber('core'), soft: 0, hard: 0 },
        { resource: resourceNumber('cpu'), soft: 30, hard: -1 },
      ],
    });
    const limits = all('limit');
    t.ok(limits.includes(`${resourceNumber('nofile')} 100 200`));
    t.ok(limits.includes(`${resourceNumber('core')} 0 0`));
    t.ok(limits.includes(`${resourceNumber('cpu')} 30 -1`));
    const { soft, hard } = kernel.descriptorLimit;
    const restored = await find({ resourceLimits: [{ resource: resourceNumber('nofile'), soft, hard }] });
    t.ok(restored.all('limit').includes(`${resourceNumber('nofile')} ${soft} ${hard}`));
  });

  t.test('its umask, priority and directory are those of the recipe', async (t) => {
    const { one } = await find({ umask: 0o137, nice: 5, workingDirectory: handlers });
    t.strictSame([one('umask'), one('nice'), one('directory')], ['137', '5', handlers]);
  });

  t.test('its user, group and groups are those of the recipe', { skip: needsRoot }, async (t) => {
    const { one, all } = await find({ credentials: { uid: 1234, gid: 2345, groups: [2345, 3456, 4567] } });
    t.strictSame([one('uid'), one('gid')], ['1234 1234', '2345 2345']);
    t.strictSame([...all('group')].sort(), ['2345', '3456', '4567']);
    const groupless = await find({ credentials: { uid: 1234, gid: 2345, groups: [] } });
    t.strictSame(groupless.all('group'), []);
  });

  t.test(
    'its root directory is that of the recipe, and no other descriptor leads out',
    { skip: needsRoot },
    async (t) => {
      const root = mkdtempSync(join(tmpdir(), 'acceptd-root-'));
      chmodSync(root, 0o755);
      t.teardown(() => rmSync(root, { recursive: true }));
      mkdirSync(join(root, 'inside'));
      copyFileSync(report, join(root, 'report'));
      const recipe = recipeOf(kernel, '/report', {
        rootDirectory: root,
        workingDirectory: '/inside',
        credentials: { uid: 1234, gid: 2345, groups: [] },
      });
      const { text, ended } = await serve(engine, listener, recipe, { host: '127.0.0.1', port });
      t.equal(ended.status, 0);
      const { one, all } = readReport(text);
      t.strictSame([one('directory'), all('descriptor').length], ['/inside', 3]);
      t.equal((await find({ rootDirectory: '/' })).one('directory'), '/', 'a new root is also the directory');
    },
  );

  t.test('its arguments and environment are those of the recipe and nothing else', async (t) => {
    const { all } = await find({ arguments: ['name', '', 'a b'], environment: ['A=1', 'EMPTY=', 'B=2=3'] });
    t.strictSame(all('argument'), ['name', '', 'a b']);
    t.strictSame(all('environment'), ['A=1', 'EMPTY=', 'B=2=3']);
  });

  t.test('LISTEN_PID is its pid, where it is wanted', async (t) => {
    const { pid, environment } = await find({ pidVariables: ['LISTEN_PID'] });
    t.strictSame(environment, { LISTEN_PID: `${pid}` });
    t.strictSame((await find({})).environment, {});
  });

  t.test('the address variables tell both ends of an IPv4 connection', async (t) => {
    const { environment } = await find({ addressVariables });
    const { REMOTE_PORT: remotePort, ...rest } = environment;
    t.match(remotePort, /^[1-9]\d+$/);
    t.strictSame(rest, { REMOTE_ADDR: '127.0.0.1', LOCAL_ADDR: '127.0.0.1', LOCAL_PORT: `${port}` });
  });

  t.test('the address variables tell both ends of an IPv6 connection', async (t) => {
    const six = listenAt(kernel, loopback(6));
    const where = { host: '::1', port: kernel.portOf(six) };
    const { text } = await serve(engine, six, recipeOf(kernel, report, { addressVariables }), where);
    kernel.close(six);
    const { environment } = readReport(text);
    t.strictSame([environment['REMOTE_ADDR'], environment['LOCAL_ADDR']], ['::1', '::1']);
    t.equal(environment['LOCAL_PORT'], `${where.port}`);
  });

  t.test('an IPv4 client of a dual-stack socket is IPv4', async (t) => {
    const dual = listenAt(kernel, { ...loopback(6), host: '::', takesMapped: true });
    const where = { host: '127.0.0.1', port: kernel.portOf(dual) };
    const { text } = await serve(engine, dual, recipeOf(kernel, report, { addressVariables }), where);
    kernel.close(dual);
    const { environment } = readReport(text);
    t.strictSame([environment['REMOTE_ADDR'], environment['LOCAL_ADDR']], ['127.0.0.1', '127.0.0.1']);
  });

  t.test('a unix peer has credentials instead of addresses', async (t) => {
    const path = join(handlers, 'socket');
    const unix = listenAt(kernel, unixAt(path));
    const { text } = await serve(engine, unix, recipeOf(kernel, report, { addressVariables }), { path });
    kernel.close(unix);
    rmSync(path);
    t.strictSame(readReport(text).environment, {
      PEER_PID: `${process.pid}`,
      PEER_UID: `${process.getuid?.()}`,
      PEER_GID: `${process.getgid?.()}`,
    });
  });
};

t.test('a handler started with a copied descriptor table', async (t) => testSurroundings(t));

t.test('a handler started in the shared descriptor table', async (t) => {
  const before = readdirSync('/proc/self/fd').length;
  const many = openManyListeners(kernel);
  testSurroundings(t);
  t.test('leaves no descriptor behind', async (t) => {
    for (const each of many) kernel.close(each);
    t.equal(readdirSync('/proc/self/fd').length, before);
  });
});
