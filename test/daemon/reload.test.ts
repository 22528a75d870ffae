// HUP: what stays, what changes, and that nobody who comes meanwhile is turned away.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { connectUnix, enter, leave, me, readSome, readToEnd, socketInode, unixInode } from './scene.ts';

const answerOne = join(compileHandlers('answer-one'), 'answer-one');

const cat = (port: number, rest = ''): string =>
  `127.0.0.1:${port} stream tcp nowait${rest} ${me} /bin/cat cat\n`;
const say = (where: string, word: string): string =>
  `${where} stream tcp nowait ${me} /bin/echo echo ${word}\n`;
const wait = (where: string, milliseconds = 0): string =>
  `${where} stream tcp wait ${me} ${answerOne} answer-one ${milliseconds}\n`;

t.test('a service that is changed keeps its socket, its instances and who waits in its queue', async (t) => {
  const port = await freePort();
  const key = (limit: number, more = ''): string =>
    `cat on bind = 127.0.0.1, port = ${port}, protocol = tcp, user = ${me}, exec = /bin/cat, args = cat, instances = ${limit}${more} ;\n`;
  const acceptd = await startAcceptd(t, { config: key(2) });
  const inode = socketInode(port);
  const first = await enter(port);
  const second = await enter(port);
  const third = await connect(port);
  third.write('third');

  const applied = await acceptd.reload(key(2, ', nice = 5'));
  t.strictSame(
    [applied.fields['kept'], applied.fields['retuned'], applied.fields['opened'], applied.fields['closed']],
    [1, 1, 0, 0],
  );
  t.equal(socketInode(port), inode, 'the same socket');
  t.equal(
    acceptd.records.filter(({ event }) => event === 'started').length,
    2,
    'the two that run count on: the third still waits',
  );
  first.write('still there');
  t.equal(await readSome(first), 'still there');
  await leave(first);
  t.equal(await readSome(third), 'third', 'and is served when one of them ends');

  const fourth = await connect(port);
  fourth.write('fourth');
  await acceptd.reload(key(3));
  t.equal(await readSome(fourth), 'fourth', 'a raised limit lets in who waits');
  await acceptd.reload(key(1));
  const fifth = await connect(port);
  fifth.write('fifth');
  await leave(second);
  await leave(third);
  t.equal(
    acceptd.records.filter(({ event }) => event === 'started').length,
    4,
    'below a lowered limit nobody comes in until the number is below it too',
  );
  await leave(fourth);
  t.equal(await readSome(fifth), 'fifth');
  await leave(fifth);
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'a file that is missing, cannot be read or has a new mistake changes nothing; an empty file is obeyed',
  async (t) => {
    const [port, other] = [await freePort(), await freePort()];
    const acceptd = await startAcceptd(t, {
      config: say(`127.0.0.1:${port}`, 'one') + say(`127.0.0.1:${other}`, 'two'),
    });
    const inode = socketInode(port);

    const from = acceptd.records.length;
    rmSync(acceptd.configPath);
    acceptd.signal('SIGHUP');
    await acceptd.waitFor(({ event }) => event === 'reload-refused', 'the refusal', from);
    t.equal(await exchange(port, ''), 'one\n', 'a missing file changes nothing');

    const broken = await acceptd.reload(
      `${say(`127.0.0.1:${port}`, 'new')}127.0.0.1:${other} stream tcp nowait\n`,
    );
    t.equal(broken.event, 'reload-refused');
    t.equal(socketInode(port), inode);
    t.equal(await exchange(port, ''), 'one\n');
    t.equal(await exchange(other, ''), 'two\n', 'what ran goes on, also where the mistake is');
    t.ok(acceptd.records.some(({ event }) => event === 'diagnostic'));

    t.equal((await acceptd.reload('# nothing\n')).fields['closed'], 2);
    await t.rejects(connect(port), { code: 'ECONNREFUSED' }, 'an empty file removes all');
    await acceptd.reload(say(`127.0.0.1:${port}`, 'again'));
    t.equal(await exchange(port, ''), 'again\n');
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('a mistake that was there at the start keeps no other change out', async (t) => {
  const [port, other] = [await freePort(), await freePort()];
  const mistake = '127.0.0.1:9 stream tcp nowait\n';
  const acceptd = await startAcceptd(t, { config: mistake + say(`127.0.0.1:${port}`, 'one') });
  const added = await acceptd.reload(
    `# moved down a line\n${mistake}${say(`127.0.0.1:${port}`, 'one')}${say(`127.0.0.1:${other}`, 'two')}`,
  );
  t.equal(added.event, 'applied');
  t.equal(await exchange(other, ''), 'two\n');
  t.equal(await acceptd.stop(), 0);
});

t.test('wait becomes nowait and nowait wait while nobody is served', async (t) => {
  const port = await freePort();
  const where = `127.0.0.1:${port}`;
  const acceptd = await startAcceptd(t, { config: say(where, 'nowait') });
  const inode = socketInode(port);
  for (let round = 0; round < 3; round++) {
    t.equal(await exchange(port, ''), 'nowait\n');
    await acceptd.reload(wait(where));
    t.equal(await exchange(port, ''), 'blocking\n', 'the server gets the listener, blocking');
    t.equal(await exchange(port, ''), 'blocking\n', 'and another one the next time');
    await acceptd.reload(say(where, 'nowait'));
  }
  t.equal(await exchange(port, ''), 'nowait\n');
  t.equal(socketInode(port), inode);
  t.equal(await acceptd.stop(), 0);
});

t.test('wait becomes nowait while its server runs', async (t) => {
  const port = await freePort();
  const where = `127.0.0.1:${port}`;
  const acceptd = await startAcceptd(t, { config: wait(where, 300) });
  const first = await connect(port);
  await acceptd.waitFor(({ event }) => event === 'started', 'the server');
  await acceptd.reload(say(where, 'nowait'));
  const second = await connect(port);
  t.equal(await readToEnd(first), 'blocking\n', 'the server goes on with its client');
  t.equal(await readToEnd(second), 'nowait\n', 'and acceptd with the next');
  t.equal(await acceptd.stop(), 0);
});

t.test('nowait becomes wait while instances run: the server need not wait for them', async (t) => {
  const port = await freePort();
  const where = `127.0.0.1:${port}`;
  const acceptd = await startAcceptd(t, { config: cat(port) });
  const old = [await enter(port), await enter(port)];
  await acceptd.reload(wait(where));
  t.equal(await exchange(port, ''), 'blocking\n');
  await acceptd.reload(cat(port));
  const fresh = await enter(port);
  for (const each of [...old, fresh]) {
    each.write('here');
    t.equal(await readSome(each), 'here');
    await leave(each);
  }
  t.equal(await acceptd.stop(), 0);
});

t.test('from all addresses to one and back there is no dead moment', async (t) => {
  const port = await freePort();
  const config = (host: string): string => `.dialect openbsd\n${say(`${host}:${port}`, 'there')}`;
  const acceptd = await startAcceptd(t, { config: config('*') });
  let isOver = false;
  let served = 0;
  const failures: string[] = [];
  const client = async (): Promise<void> => {
    while (!isOver) {
      try {
        if ((await exchange(port, '')) !== 'there\n') failures.push('no answer');
        served++;
      } catch (error) {
        failures.push(String(error));
      }
      await setImmediate();
    }
  };
  const clients = [client(), client(), client()];
  for (let round = 0; round < 10; round++) {
    const before = served;
    const { event, fields } = await acceptd.reload(config(round % 2 === 0 ? '127.0.0.1' : '*'));
    t.strictSame([event, fields['opened'], fields['closed']], ['applied', 1, 1]);
    for (let turn = 0; turn < 10_000 && served < before + 5; turn++) await setImmediate();
  }
  isOver = true;
  await Promise.all(clients);
  t.strictSame(failures, [], `${served} clients were served`);
  t.notOk(acceptd.records.some(({ event }) => event === 'listen-failed'));
  t.equal(await acceptd.stop(), 0);
});

t.test('IPv4 alone becomes both families', async (t) => {
  const port = await freePort();
  const config = (protocol: string): string =>
    `${port} stream ${protocol} nowait ${me} /bin/echo echo there\n`;
  const acceptd = await startAcceptd(t, { config: config('tcp4') });
  const inode = socketInode(port);
  const applied = await acceptd.reload(config('tcp'));
  t.strictSame([applied.fields['kept'], applied.fields['closed']], [1, 0]);
  t.equal(socketInode(port), inode);
  t.equal(await exchange(port, ''), 'there\n');
  if (socketInode(port, 'tcp6') !== undefined) t.equal(await exchange(port, '', { host: '::1' }), 'there\n');
  await acceptd.reload(config('tcp46'));
  t.equal(await exchange(port, ''), 'there\n', 'and one socket for both');
  t.equal(await acceptd.stop(), 0);
});

t.test('a service that is renamed keeps its socket and its counts', async (t) => {
  const port = await freePort();
  const config = (name: string): string =>
    `${name} on bind = 127.0.0.1, port = ${port}, protocol = tcp, user = ${me}, exec = /bin/cat, args = cat, instances = 1 ;\n`;
  const acceptd = await startAcceptd(t, { config: config('old') });
  const inode = socketInode(port);
  const first = await enter(port);
  await acceptd.reload(config('new'));
  t.equal(socketInode(port), inode);
  const second = await connect(port);
  second.write('second');
  first.write('first');
  t.equal(await readSome(first), 'first');
  t.equal(acceptd.records.filter(({ event }) => event === 'started').length, 1);
  await leave(first);
  t.equal(await readSome(second), 'second');
  await leave(second);
  t.equal(await acceptd.stop(), 0);
});

t.test('unix sockets: kept ones have the same inode, removed ones leave no file', async (t) => {
  const acceptd = await startAcceptd(t, {
    config: '# soon\n127.0.0.1: \n'.slice(0, 7) + cat(await freePort()),
  });
  const path = join(acceptd.directory, 'socket');
  const config = (mode: string, word: string): string =>
    `${word} on path = ${path}, protocol = unix, user = ${me}, exec = /bin/echo, args = echo ${word}, socket_mode = ${mode}, id = same ;\n`;
  await acceptd.reload(config('600', 'one'));
  const inode = unixInode(path);
  t.ok(inode);
  await acceptd.reload(config('666', 'two'));
  t.equal(unixInode(path), inode);
  const { statSync } = await import('node:fs');
  t.equal(statSync(path).mode & 0o777, 0o666, 'a changed mode is applied to the file that stays');
  t.equal(await readToEnd(await connectUnix(path)), 'two\n');
  await acceptd.reload('# nothing\n');
  t.throws(() => statSync(path), { code: 'ENOENT' });
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'many quick HUPs are served by few reloads, the last of them by one that begins after it',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, { config: say(`127.0.0.1:${port}`, 'first') });
    const from = acceptd.records.length;
    for (let count = 0; count < 50; count++) acceptd.signal('SIGHUP');
    // whole or not at all: it is being read meanwhile
    writeFileSync(`${acceptd.configPath}.new`, say(`127.0.0.1:${port}`, 'last'));
    renameSync(`${acceptd.configPath}.new`, acceptd.configPath);
    acceptd.signal('SIGHUP');
    await acceptd.waitFor(
      ({ event, fields }) => event === 'applied' && fields['retuned'] === 1,
      'the change',
      from,
    );
    t.equal(await exchange(port, ''), 'last\n');
    t.ok(acceptd.records.slice(from).filter(({ event }) => event === 'applied').length < 50);
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('HUP while acceptd stops opens nothing again', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, { config: cat(port) });
  const client = await enter(port);
  acceptd.signal('SIGHUP');
  acceptd.signal('SIGTERM');
  await acceptd.waitFor(({ event }) => event === 'draining', 'the begin of the end');
  const from = acceptd.records.length;
  acceptd.signal('SIGHUP');
  client.write('still');
  t.equal(await readSome(client), 'still');
  await t.rejects(connect(port), { code: 'ECONNREFUSED' });
  await leave(client);
  t.equal(await acceptd.ended(), 0);
  t.notOk(acceptd.records.slice(from).some(({ event }) => event === 'listening'));
});

t.test('a service whose rate is raised serves at once', async (t) => {
  const port = await freePort();
  const config = (rate: string): string =>
    `echo on bind = 127.0.0.1, port = ${port}, protocol = tcp, user = ${me}, exec = /bin/echo, args = echo there, rate = ${rate} ;\n`;
  const acceptd = await startAcceptd(t, { config: config('1/60s 600s') });
  t.equal(await exchange(port, ''), 'there\n');
  const waiting = exchange(port, '');
  await acceptd.waitFor(({ event }) => event === 'suspended', 'the pause');
  await acceptd.reload(config('5/60s 600s'));
  t.equal(await waiting, 'there\n');
  t.equal(await acceptd.stop(), 0);
});

t.test('a service is divided into two, and they become one again', async (t) => {
  const port = await freePort();
  const service = (name: string, hosts: string): string =>
    `${name} on bind = ${hosts}, port = ${port}, protocol = tcp, user = ${me}, exec = /bin/echo, args = echo ${name} ;\n`;
  const both = service('both', '127.0.0.1, 127.0.0.2');
  const acceptd = await startAcceptd(t, { config: both });
  t.equal(await exchange(port, ''), 'both\n');
  await acceptd.reload(service('one', '127.0.0.1') + service('two', '127.0.0.2'));
  t.equal(await exchange(port, ''), 'one\n');
  t.equal(await exchange(port, '', { host: '127.0.0.2' }), 'two\n');
  await acceptd.reload(both);
  t.equal(await exchange(port, '', { host: '127.0.0.2' }), 'both\n');
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'with --reload-on-change a change of any file is a reload: named, included, new, broken and mended',
  async (t) => {
    const [named, included, added] = [await freePort(), await freePort(), await freePort()];
    const acceptd = await startAcceptd(t, {
      config: `${cat(named)}.include more/*.conf\n`,
      arguments: ['--reload-on-change'],
    });
    const more = join(acceptd.directory, 'more');
    /** What is new may lead to a second reading, which is told of too: what is served says which of them has come. */
    const isServedNext = async (port: number, word: string, change: () => void): Promise<void> => {
      let from = acceptd.records.length;
      change();
      let answer: string;
      do {
        await acceptd.waitFor((record) => record.event === 'applied', `${word} after a change`, from);
        from = 1 + acceptd.records.findIndex(({ event }, index) => index >= from && event === 'applied');
        answer = await exchange(port, '').catch(String);
      } while (answer !== `${word}\n`);
      t.equal(answer, `${word}\n`);
    };

    await isServedNext(included, 'one', () => {
      mkdirSync(more);
      writeFileSync(join(more, 'one.conf'), say(`127.0.0.1:${included}`, 'one'));
      // where a directory was that nobody could watch, the file that names it says so
      writeFileSync(acceptd.configPath, `# with more\n${cat(named)}.include more/*.conf\n`);
    });
    await isServedNext(included, 'changed', () =>
      writeFileSync(join(more, 'one.conf'), say(`127.0.0.1:${included}`, 'changed')),
    );
    writeFileSync(join(more, 'two.conf'), 'nonsense\n');
    await acceptd.waitFor(({ event }) => event === 'reload-refused', 'the refusal');
    t.equal(await exchange(included, ''), 'changed\n');
    await isServedNext(added, 'two', () =>
      writeFileSync(join(more, 'two.conf'), say(`127.0.0.1:${added}`, 'two')),
    );
    t.equal(await acceptd.stop(), 0);
  },
);
