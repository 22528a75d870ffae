// Upgrade in place with the real program: the new code takes over in the same process while clients come and go.
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Acceptd, mainModule, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePorts } from '../support/ports.ts';
import { descriptorsOf, me, readToEnd } from './scene.ts';

const handlers = compileHandlers('serve');
const rounds = Number(process.env['ACCEPTD_UPGRADES'] ?? 3);
const crowd = 6;

// each upgrade is two starts of a program, and machines are slow
t.setTimeout(240_000);

/** A place where the installed program is a link, so that another version can be put there. */
const install = (t: Test): { readonly program: string; readonly replace: (text: string) => void } => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-installed-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, 'acceptd.js');
  symlinkSync(mainModule, program);
  return {
    program,
    replace: (text) => {
      rmSync(program);
      writeFileSync(program, text);
    },
  };
};

const upgrade = async (acceptd: Acceptd, from = acceptd.records.length) => {
  acceptd.signal('SIGUSR2');
  // whatever the moment is in which a signal comes, it ends nobody
  const hurry = setInterval(() => acceptd.signal('SIGALRM'), 50);
  return acceptd
    .waitFor(
      ({ event }) => event === 'upgraded' || event === 'upgrade-failed',
      'the end of the upgrade',
      from,
    )
    .finally(() => clearInterval(hurry));
};

/** Says a text and gives what comes back, as much as was said. */
const talk = (socket: Socket, text: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = '';
    const end = (): void => {
      socket.off('data', take).off('close', end);
      resolve(heard);
    };
    const take = (part: Buffer): void => {
      heard += String(part);
      if (heard.length >= text.length) end();
    };
    socket.on('data', take).on('close', end);
    socket.write(text);
  });

const openTarget = async (t: Test): Promise<number> => {
  const server = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
};

t.test('nobody notices that another version serves', { timeout: 200_000 }, async (t) => {
  const [short = 0, long = 0, echo = 0, relay = 0, daemon = 0] = await freePorts(5);
  const common = `bind = 127.0.0.1, user = ${me}`;
  const acceptd = await startAcceptd(t, {
    config: `short on ${common}, port = ${short}, exec = /bin/echo, args = echo served;
long on ${common}, port = ${long}, exec = /bin/cat, instances = 3, per_source = 2, on_limit = refuse;
said on bind = 127.0.0.1, port = ${echo}, internal = echo;
passed on bind = 127.0.0.1, port = ${relay}, redirect = 127.0.0.1 ${await openTarget(t)};
kept on ${common}, port = ${daemon}, wait = yes, exec = ${join(handlers, 'serve')}, args = serve notify, notify = yes, fd_store = 2;
`,
  });
  const { pid } = acceptd;
  const sessions = await Promise.all([connect(long), connect(long), connect(echo), connect(relay)]);
  for (const each of sessions) t.equal(await talk(each, 'begin'), 'begin');
  const storing = await connect(daemon);
  storing.write('store one\n');
  const [answer] = await once(storing, 'data');
  t.equal(String(answer), 'stored\n');
  const main = await exchange(daemon, 'pid\n');
  // one upgrade brings what is opened late
  t.equal((await upgrade(acceptd)).event, 'upgraded');
  const before = descriptorsOf(pid).length;

  let isOver = false;
  let served = 0;
  const come = async (): Promise<void> => {
    while (!isOver) {
      const answer = await exchange(short, '', { timeout: 30_000 });
      if (answer !== 'served\n') throw new Error(`a client heard ${JSON.stringify(answer)}`);
      served++;
    }
  };
  const coming = Promise.all(Array.from({ length: crowd }, come));
  for (let round = 1; round <= rounds; round++) {
    const { event, fields } = await upgrade(acceptd);
    t.equal(event, 'upgraded', JSON.stringify(fields['failure'] ?? ''));
    for (const each of sessions) t.equal(await talk(each, `round ${round}`), `round ${round}`);
    t.equal(await exchange(daemon, 'pid\n', { timeout: 30_000 }), main, 'the daemon has gone on');
    t.equal(await exchange(long, '', { timeout: 30_000 }), '', 'two of one source are still counted');
  }
  isOver = true;
  await coming;
  t.ok(served > rounds, `${served} clients were served meanwhile`);
  t.equal(acceptd.pid, pid);

  for (const each of sessions) {
    each.end();
    t.equal(await readToEnd(each), '');
  }
  const ends = acceptd.records.filter(({ event }) => event === 'exited');
  const starts = acceptd.records.filter(({ event }) => event === 'started');
  const pids = new Set(ends.map((each) => each.pid));
  t.equal(pids.size, ends.length, 'nobody has ended twice');
  t.equal(new Set(starts.map((each) => each.pid)).size, starts.length, 'nobody was started twice');
  await exchange(daemon, 'exit 0\n', { timeout: 30_000 });
  t.match(await exchange(daemon, 'names\n', { timeout: 30_000 }), /one/, 'what the daemon has left is there');
  t.ok(descriptorsOf(pid).length <= before + 2, 'nothing was left open');
  t.equal(await acceptd.stop(), 0);
  t.equal(
    acceptd.records.filter(({ event }) => event === 'exited').length,
    acceptd.records.filter(({ event }) => event === 'started').length,
    'every start has its end',
  );
});

const broken: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['a syntax error', 'this is no JavaScript', /SyntaxError/],
  [
    'an end with a status',
    "process.stderr.write('no such luck\\n'); process.exit(3);",
    /status 3: no such luck/,
  ],
  ['one that does something else', '', /did not say that it is ready/],
];

t.test('a version that could not take over is refused, and the old one goes on', async (t) => {
  const [port = 0] = await freePorts(1);
  const { program, replace } = install(t);
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`,
    program,
    arguments: ['--upgrade-deadline', '20'],
  });
  const session = await connect(port);
  t.equal(await talk(session, 'begin'), 'begin');
  const refused = async (what: string, says: RegExp): Promise<void> => {
    const { event, fields } = await upgrade(acceptd);
    t.equal(event, 'upgrade-failed', what);
    t.match(JSON.stringify(fields['failure']), says, what);
    t.equal(await talk(session, what), what, 'who is served is served on');
    t.equal(await exchange(port, 'new'), 'new', 'and others are');
  };
  renameSync(acceptd.configPath, `${acceptd.configPath}.away`);
  await refused('a configuration that is gone', /configuration cannot be read any more/);
  renameSync(`${acceptd.configPath}.away`, acceptd.configPath);
  for (const [what, text, says] of broken) {
    replace(text);
    await refused(what, says);
  }
  session.end();
  t.equal(await acceptd.stop(), 0);
});

t.test('a version that says nothing is not waited for without end', async (t) => {
  const [port = 0] = await freePorts(1);
  const { program, replace } = install(t);
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`,
    program,
    arguments: ['--upgrade-deadline', '2'],
  });
  replace('setInterval(() => undefined, 1000);');
  const { event, fields } = await upgrade(acceptd);
  t.equal(event, 'upgrade-failed');
  t.match(JSON.stringify(fields['failure']), /not ready after 2s/);
  t.equal(await exchange(port, 'new'), 'new');
  t.equal(await acceptd.stop(), 0);
});
