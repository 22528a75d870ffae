// acceptd as a service of a manager: sockets that it is started with, what it tells, what it leaves for its next start.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { listenAt, openEngine, unixAt } from '../support/engine.ts';
import { createManager, type Manager, mainModule, type Started } from '../support/manager.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { tcp } from '../support/services.ts';
import { connectUnix, me, readToEnd } from './scene.ts';

const engine = openEngine(t);
const { kernel } = engine;

const ask = (port: number, host = '127.0.0.1'): Promise<string> =>
  readToEnd(createConnection({ port, host }));

const say = (place: string, word: string): string =>
  `${place} stream tcp nowait ${me} /bin/echo echo ${word}\n`;

const configOf = ({ directory }: Manager): string => join(directory, 'acceptd.conf');
const run = (manager: Manager): readonly string[] => [
  'run',
  '-f',
  configOf(manager),
  '--log-format',
  'json',
  '--drain',
  '5',
];

const stop = async ({ pid, ended }: Started): Promise<number> => {
  process.kill(pid, 'SIGTERM');
  return ended();
};

/** As managers open them: connections of another test that has ended are no obstacle. */
const listenOn = (host: string, port: number): Descriptor => {
  const address = tcp(host, port);
  const listener = kernel.openSocket(address.version, 'stream');
  kernel.setOption(listener, 'SO_REUSEADDR', 1);
  if (address.version === 6) kernel.setOption(listener, 'IPV6_V6ONLY', 0);
  kernel.bindInternet(listener, address);
  kernel.listen(listener, 64);
  return listener;
};

t.test('sockets that acceptd is started with are its listeners, and stay when it goes', async (t) => {
  const [v4 = 0, both = 0, other = 0, own = 0] = await freePorts(4);
  const manager = createManager(
    t,
    engine,
    `${say(`127.0.0.1:${v4}`, 'four')}${say(String(both), 'both')}${say(`127.0.0.1:${own}`, 'own')}`,
  );
  const unix = unixAt(join(manager.directory, 'unix.sock'));
  writeFileSync(configOf(manager), `${unix.path} stream unix nowait ${me} /bin/echo echo unix\n`, {
    flag: 'a',
  });
  const sockets = [
    { name: 'four', descriptor: listenOn('127.0.0.1', v4) },
    { name: 'both', descriptor: listenOn('::', both) },
    { name: 'unix', descriptor: listenAt(kernel, unix) },
    { name: 'other\u001b[1m', descriptor: listenOn('127.0.0.1', other) },
  ];
  t.teardown(() => {
    for (const { descriptor } of sockets) kernel.close(descriptor);
  });
  const inode = statSync(unix.path).ino;
  const first = manager.start(run(manager), sockets);
  const ready = await manager.next(/^READY=1$/m);
  t.match(ready, /^STATUS=4 services, 4 listeners, 0 instances$/m);
  t.equal(await ask(v4), 'four\n');
  t.equal(await ask(both), 'both\n');
  t.equal(await ask(both, '::1'), 'both\n');
  t.equal(await ask(own), 'own\n');
  t.equal(await readToEnd(await connectUnix(unix.path)), 'unix\n');
  const output = first.output();
  t.match(output, new RegExp(`stream socket 127\\.0\\.0\\.1:${other}`));
  t.notMatch(output, /listen-failed/);

  t.equal(await stop(first), 0);
  await manager.next(/^STOPPING=1$/m);
  t.equal(statSync(unix.path).ino, inode, 'the file is whose it was');
  // nobody accepts, and nobody is refused
  const waiting = ask(v4);
  const second = manager.start(run(manager), sockets);
  await manager.next(/^READY=1$/m);
  t.equal(await waiting, 'four\n');
  t.equal(await readToEnd(await connectUnix(unix.path)), 'unix\n');
  t.equal(await stop(second), 0);
});

t.test('what is wanted no more is wanted again: the socket is still there', async (t) => {
  const port = await freePort();
  const always = say(`127.0.0.1:${await freePort()}`, 'always');
  const manager = createManager(t, engine, always + say(`127.0.0.1:${port}`, 'here'));
  const descriptor = listenOn('127.0.0.1', port);
  t.teardown(() => kernel.close(descriptor));
  const started = manager.start(run(manager), [{ name: 'here', descriptor }]);
  await manager.next(/^READY=1$/m);
  const reload = async (text: string): Promise<void> => {
    writeFileSync(configOf(manager), text);
    process.kill(started.pid, 'SIGHUP');
    t.match(await manager.next(/^RELOADING=1$/m), /^MONOTONIC_USEC=[0-9]+$/m);
    await manager.next(/^READY=1$/m);
  };
  await reload(always);
  const waiting = ask(port);
  await reload(always + say(`127.0.0.1:${port}`, 'again'));
  t.equal(await waiting, 'again\n');
  t.equal(await stop(started), 0);
});

t.test('handlers find nothing of what acceptd was told', async (t) => {
  const port = await freePort();
  const manager = createManager(
    t,
    engine,
    `env on bind = 127.0.0.1, port = ${port}, user = ${me}, exec = /usr/bin/env, passenv = "*", fd3 = no ;\n`,
  );
  const descriptor = listenOn('127.0.0.1', port);
  t.teardown(() => kernel.close(descriptor));
  const started = manager.start(run(manager), [{ name: 'env', descriptor }], {
    FDSTORE: '8',
    WATCHDOG_USEC: '5000000',
    SEEN: 'yes',
  });
  await manager.next(/^READY=1$/m);
  const seen = await ask(port);
  t.match(seen, /^SEEN=yes$/m);
  t.notMatch(seen, /^(?:LISTEN_|NOTIFY_|WATCHDOG_|FDSTORE)/m);
  t.equal(await stop(started), 0);
});

t.test('sockets for another process are not taken', async (t) => {
  const port = await freePort();
  const manager = createManager(t, engine, say(`127.0.0.1:${port}`, 'here'));
  const descriptor = listenOn('127.0.0.1', await freePort());
  t.teardown(() => kernel.close(descriptor));
  const started = manager.start(run(manager), [], { LISTEN_PID: '1', LISTEN_FDS: '1' });
  await manager.next(/^READY=1$/m);
  t.notMatch(started.output(), /inherited-unused/);
  t.equal(await ask(port), 'here\n');
  t.equal(await stop(started), 0);
});

for (const name of ['inetd', 'xinetd'] as const) {
  t.test(`acceptd ${name} takes sockets too, also in the background`, async (t) => {
    const port = await freePort();
    const text =
      name === 'inetd'
        ? say(`127.0.0.1:${port}`, 'here')
        : `service here\n{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n port = ${port}\n bind = 127.0.0.1\n user = ${me}\n server = /bin/echo\n server_args = here\n}\n`;
    const manager = createManager(t, engine, text);
    const descriptor = listenOn('127.0.0.1', port);
    t.teardown(() => kernel.close(descriptor));
    const pidFile = join(manager.directory, 'pid');
    const words =
      name === 'inetd'
        ? ['inetd', `--pidfile=${pidFile}`, configOf(manager)]
        : [
            'xinetd',
            '-f',
            configOf(manager),
            '-pidfile',
            pidFile,
            '-filelog',
            join(manager.directory, 'log'),
          ];
    const caller = manager.start(words, [{ name: 'here', descriptor }]);
    t.equal(await caller.ended(), 0, caller.output());
    t.ok(existsSync(pidFile));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    t.teardown(() => {
      if (existsSync(pidFile)) process.kill(pid, 'SIGKILL');
    });
    t.equal(await ask(port), 'here\n');
    process.kill(pid, 'SIGTERM');
    await manager.next(/^STOPPING=1$/m);
  });
}

t.test('a restart with the listeners in store refuses nobody', async (t) => {
  const port = await freePort();
  const manager = createManager(t, engine, say(`127.0.0.1:${port}`, 'here'));
  const unix = join(manager.directory, 'unix.sock');
  writeFileSync(configOf(manager), `${unix} stream unix nowait ${me} /bin/echo echo unix\n`, { flag: 'a' });
  const start = (): Started => {
    const sockets = [...manager.stored].map(([name, descriptor]) => ({ name, descriptor }));
    return manager.start(run(manager), sockets, { FDSTORE: '64' });
  };
  let started = start();
  await manager.next(/^FDSTORE=1$/m);
  await manager.next(/^FDSTORE=1$/m);
  await manager.next(/^READY=1$/m);
  t.equal(manager.stored.size, 2);
  const inode = statSync(unix).ino;

  const answers: Promise<string>[] = [];
  let open = 0;
  const come = (answer: Promise<string>): void => {
    open += 1;
    answers.push(
      answer.finally(() => {
        open -= 1;
      }),
    );
  };
  const pace = setInterval(() => {
    // a start may take long, and a queue is not endless
    if (open >= 200) return;
    come(ask(port));
    come(connectUnix(unix).then(readToEnd));
  }, 10);
  for (let round = 0; round < 3; round++) {
    const before = answers.length;
    t.equal(await stop(started), 0);
    started = start();
    await manager.next(/^READY=1$/m);
    t.ok(answers.length > before, 'clients came meanwhile');
    await Promise.all(answers.slice(before, before + 2));
  }
  clearInterval(pace);
  const got = await Promise.all(answers);
  t.equal(got.filter((answer) => answer === 'here\n' || answer === 'unix\n').length, got.length);
  t.equal(statSync(unix).ino, inode, 'the same socket all the time');
  t.equal(manager.stored.size, 2);

  writeFileSync(configOf(manager), `${unix} stream unix nowait ${me} /bin/echo echo unix\n`);
  process.kill(started.pid, 'SIGHUP');
  await manager.next(/^FDSTOREREMOVE=1$/m);
  await manager.next(/^READY=1$/m);
  t.equal(manager.stored.size, 1, 'a listener that is closed is in store no more');
  await t.rejects(connected(port), { code: 'ECONNREFUSED' });
  t.equal(await stop(started), 0);
});

t.test('acceptd is the daemon of another acceptd, which starts it with the first client', async (t) => {
  const [tcpPort, ownPort] = [await freePort(), await freePort()];
  const manager = createManager(t, engine, '');
  const inner = join(manager.directory, 'inner.conf');
  const unix = join(manager.directory, 'inner.sock');
  writeFileSync(
    inner,
    [
      say(`127.0.0.1:${tcpPort}`, 'tcp'),
      `${unix} stream unix nowait ${me} /bin/echo echo unix\n`,
      say(`127.0.0.1:${ownPort}`, 'own'),
    ].join(''),
  );
  const words = [process.execPath, mainModule, 'run', '-f', inner, '--log-format', 'json', '--no-control'];
  const outer = [
    `inner on listen = tcp:127.0.0.1:${tcpPort} unix:${unix}, activation = listen_fds, notify = yes,`,
    `  user = ${me}, exec = ${process.execPath}, args = node ${words.slice(1).join(' ')} ;`,
  ];
  writeFileSync(configOf(manager), `${outer.join('\n')}\n`);
  const started = manager.start(run(manager), []);
  await manager.next(/^READY=1$/m);
  t.equal(await ask(tcpPort), 'tcp\n');
  t.equal(await readToEnd(await connectUnix(unix)), 'unix\n');
  t.equal(await ask(ownPort), 'own\n', 'what it opens itself');
  t.equal(await stop(started), 0);
  const output = started.output();
  t.match(output, /"event":"daemon-ready"/);
  t.notMatch(output, /listen-failed|inherited-unused/);
  t.notOk(existsSync(unix), "the file is the outer one's");
});

const connected = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.on('error', reject);
    socket.on('connect', () => {
      socket.destroy();
      resolve();
    });
  });
