// Unix sockets: who may connect, what is at their paths before, during and after.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { mustRun } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { complaints, follow, needsRoot, parseReport, recordsOf, self } from './stage.ts';

const attend = `${compileHandlers('attend')}/attend`;

const makeDirectory = (t: Test): string => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-unix-'));
  chmodSync(directory, 0o755);
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
};

/** Connects and reads to the end; rejects as connect(2) does. */
const ask = (path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('error', reject);
    socket.once('connect', () => resolve(follow(socket).end()));
  });

const describes = (path: string): string => `${path} stream unix nowait ${self} ${attend} attend describe\n`;

const echoes = (path: string, word = 'served'): string =>
  `${path} stream unix nowait ${self} /bin/echo echo ${word}\n`;

const dialects = ['acceptd', 'openbsd', 'debian', 'netbsd', 'busybox'] as const;

t.test('unix stream: the handler has a unix connection, in every dialect that has them', async (t) => {
  const directory = makeDirectory(t);
  await startAcceptd(t, {
    config: dialects.map((dialect) => `.dialect ${dialect}\n${describes(join(directory, dialect))}`).join(''),
  });
  for (const dialect of dialects) {
    const found = parseReport(await ask(join(directory, dialect)));
    t.match(found.one('remote'), /^unix/, `${dialect}: the peer`);
    t.match(found.one('local'), /^unix/, `${dialect}: our end`);
    t.equal(found.one('kind'), 'connected');
  }
});

t.test(
  'everybody may connect where OpenBSD lets everybody (bug 11: with busybox only root could)',
  needsRoot,
  async (t) => {
    const directory = makeDirectory(t);
    const open = ['acceptd', 'openbsd', 'debian'] as const;
    await startAcceptd(t, {
      config: open.map((dialect) => `.dialect ${dialect}\n${echoes(join(directory, dialect))}`).join(''),
    });
    for (const dialect of open) {
      const path = join(directory, dialect);
      t.equal(statSync(path).mode & 0o777, 0o666, `${dialect}: 0666 whatever the umask`);
      const asNobody = ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'];
      t.equal(await mustRun('setpriv', [...asNobody, 'nc', '-N', '-U', path]), 'served\n', dialect);
    }
  },
);

t.test('an owner, a group and a mode before the path are set, as FreeBSD does', needsRoot, async (t) => {
  const path = join(makeDirectory(t), 'owned');
  await startAcceptd(t, { dialect: 'freebsd', config: echoes(`:nobody:daemon:0640:${path}`) });
  const { uid, gid, mode } = statSync(path);
  t.same([uid, gid, mode & 0o777], [65534, 1, 0o640]);
  t.equal(await ask(path), 'served\n');
});

t.test('TERM removes the socket, and so does a reload without the service', async (t) => {
  const directory = makeDirectory(t);
  const [first, second] = [join(directory, 'first'), join(directory, 'second')];
  const acceptd = await startAcceptd(t, { config: echoes(first) + echoes(second) });
  t.ok(lstatSync(first).isSocket());
  await acceptd.reload(echoes(second));
  t.notOk(existsSync(first), 'removed by the reload');
  t.equal(await ask(second), 'served\n', 'the other stays');
  t.equal(await acceptd.stop(), 0);
  t.notOk(existsSync(second), 'removed by TERM');
});

t.test('a socket that an acceptd left behind when it was killed is replaced', async (t) => {
  const path = join(makeDirectory(t), 'socket');
  const first = await startAcceptd(t, { config: echoes(path, 'first') });
  t.equal(await ask(path), 'first\n');
  first.signal('SIGKILL');
  await first.stop();
  t.ok(lstatSync(path).isSocket(), 'it is still there');
  await t.rejects(ask(path), { code: 'ECONNREFUSED' });
  const second = await startAcceptd(t, { config: echoes(path, 'second') });
  t.equal(await ask(path), 'second\n');
  t.same(recordsOf(second, 'listen-failed'), []);
});

t.test('bug 18: a file, a link or a directory at the path is not removed; the others run', async (t) => {
  const directory = makeDirectory(t);
  const port = await freePort();
  const paths = {
    file: join(directory, 'file'),
    link: join(directory, 'link'),
    folder: join(directory, 'folder'),
  };
  const precious = join(directory, 'precious');
  for (const dialect of dialects) {
    writeFileSync(paths.file, 'content');
    writeFileSync(precious, 'more content');
    symlinkSync(precious, paths.link);
    mkdirSync(paths.folder);
    const acceptd = await startAcceptd(t, {
      dialect,
      config: [
        ...Object.values(paths).map((path) => echoes(path)),
        `127.0.0.1:${port} stream tcp nowait ${self} /bin/echo echo alive\n`,
      ].join(''),
    });
    const failed = new Set(recordsOf(acceptd, 'listen-failed').map((record) => record.service));
    t.equal(failed.size, 3, `${dialect}: all three are told`);
    t.match(recordsOf(acceptd, 'listen-failed')[0]?.fields['msg'], /something that is not a socket is there/);
    t.equal(await exchange(port, ''), 'alive\n', `${dialect}: the others run`);
    t.equal(await acceptd.stop(), 0);
    t.equal(readFileSync(paths.file, 'utf8'), 'content', `${dialect}: the file is whole`);
    t.ok(lstatSync(paths.link).isSymbolicLink(), `${dialect}: the link is there`);
    t.equal(readFileSync(precious, 'utf8'), 'more content', `${dialect}: and what it leads to`);
    t.ok(lstatSync(paths.folder).isDirectory());
    for (const path of [paths.file, paths.link, paths.folder, precious]) rmSync(path, { recursive: true });
  }
});

t.test('bug 18: a socket on which another server listens is not stolen', async (t) => {
  const path = join(makeDirectory(t), 'taken');
  const owner = createServer((socket) => {
    // acceptd looks whether somebody is there, and does not listen
    socket.on('error', () => undefined);
    socket.end('the owner\n');
  });
  await new Promise<void>((resolve) => owner.listen(path, resolve));
  t.teardown(() => owner.close());
  const acceptd = await startAcceptd(t, { config: echoes(path) });
  t.match(recordsOf(acceptd, 'listen-failed')[0]?.fields['msg'], /another server listens there/);
  t.equal(await ask(path), 'the owner\n');
  await acceptd.stop();
  t.equal(await ask(path), 'the owner\n', 'nor removed at the end');
});

t.test('bug 11: a path that is too long is an error, not another path', async (t) => {
  const directory = makeDirectory(t);
  const room = 107 - directory.length - 1;
  const longest = join(directory, 'x'.repeat(room));
  const tooLong = `${longest}y`;
  for (const dialect of dialects) {
    const acceptd = await startAcceptd(t, {
      dialect,
      config: `${echoes(tooLong, 'long')}${echoes(longest, 'longest')}`,
    });
    t.match(complaints(acceptd, 'error'), [/^line 1: the path has 108 bytes/], dialect);
    t.equal(await ask(longest), 'longest\n', `${dialect}: 107 bytes are not too long`);
    await acceptd.stop();
  }
});

t.test('an @ begins an abstract name natively, and a file name in the classic dialects', async (t) => {
  const directory = makeDirectory(t);
  const name = `acceptd-conformance-${process.pid}`;
  const acceptd = await startAcceptd(t, {
    config: `@${name} stream unix nowait ${self} /bin/echo echo abstract\n`,
  });
  t.match(readFileSync('/proc/net/unix', 'latin1'), ` @${name}\n`);
  t.equal(await mustRun(attend, ['dial', name]), 'abstract\n');
  await acceptd.stop();
  t.notMatch(readFileSync('/proc/net/unix', 'latin1'), ` @${name}\n`);
  const relative = await startAcceptd(t, {
    dialect: 'debian',
    config: echoes(`@${name}`) + echoes(join(directory, 'other')),
  });
  t.match(complaints(relative, 'warning')[0], /relative to acceptd's working directory/);
  // the daemon runs in the root directory, where only root can make the file
  if (needsRoot.skip === undefined) t.equal(await ask(`/@${name}`), 'served\n');
  t.equal(await relative.stop(), 0);
  t.notOk(existsSync(`/@${name}`));
});

t.test('unix stream wait: the server has the listener', async (t) => {
  const path = join(makeDirectory(t), 'wait');
  const acceptd = await startAcceptd(t, {
    config: `${path} stream unix wait ${self} ${attend} attend stay server\n`,
  });
  for (let client = 0; client < 2; client++) {
    const guest = follow(createConnection(path));
    t.match(await guest.firstLine(), / listener server$/);
    await guest.leave();
  }
  await acceptd.waitFor(() => recordsOf(acceptd, 'exited').length === 2, 'the end of both');
});
