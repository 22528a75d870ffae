// What a start brings besides a connection: files, many descriptors, capabilities, scheduling and the variables of systemd.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { capabilityNames, capabilityNumber } from '../../src/model/capability.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import type { LayoutEntry, RecipeRequest } from '../../src/model/recipe.ts';
import { cookieOf } from '../../src/native/cookie.ts';
import { compileHandlers } from '../support/compile.ts';
import {
  connectTo,
  listenAt,
  loopback,
  openEngine,
  openManyListeners,
  readAll,
  readable,
  recipeOf,
  serve,
  unixAt,
} from '../support/engine.ts';
import { type Report, readReport } from '../support/report.ts';

const handlers = compileHandlers('report', 'named-client');
const report = join(handlers, 'report');
const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : 'only root can do this';
const place = mkdtempSync(join(tmpdir(), 'acceptd-start-'));
process.once('exit', () => rmSync(place, { recursive: true, force: true }));
const engine = openEngine(t);
const { kernel, ended } = engine;
const listener = listenAt(kernel, loopback(4));
const where = { host: '127.0.0.1', port: kernel.portOf(listener) };

type Rest = Partial<RecipeRequest>;

const find = async (rest: Rest): Promise<Report & { readonly pid: number }> => {
  const { pid, text, ended } = await serve(engine, listener, recipeOf(kernel, report, rest), where);
  if (ended.status !== 0) throw new Error(`the handler ended with ${ended.status}: ${ended.failure?.what}`);
  return { pid, ...readReport(text) };
};

const failureOf = async (rest: Rest) =>
  (await serve(engine, listener, recipeOf(kernel, report, rest), where)).ended.failure;

const nobody = { uid: 65534, gid: 65534, groups: [] };
const noPrivileges = { bounding: undefined, ambient: [], secureBits: undefined, noNewPrivileges: false };
const noScheduling = {
  scheduler: undefined,
  affinity: undefined,
  ioPriority: undefined,
  oomScoreAdjust: undefined,
};

const maskOf = (...names: readonly string[]): string =>
  names
    .reduce((mask, name) => mask | (1n << BigInt(capabilityNumber(name) ?? 63)), 0n)
    .toString(16)
    .padStart(16, '0');

const numbersOf = (...names: readonly string[]): readonly number[] =>
  names.map((name) => capabilityNumber(name) ?? -1);

const ownStatus = (name: string): string | undefined =>
  new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1];

const testFiles = (t: Test): void => {
  t.test('files are opened as they are wanted, and one of several descriptors once', async (t) => {
    const [input, output, lines] = ['input', 'output', 'lines'].map((name) => join(place, name));
    writeFileSync(input ?? '', 'what it reads');
    writeFileSync(output ?? '', 'what was there before and is longer');
    writeFileSync(lines ?? '', 'a line\n');
    const at = (path: string | undefined, how: 'read' | 'write' | 'append' | 'truncate'): LayoutEntry => ({
      path: path ?? '',
      how,
    });
    const layout = [
      at(input, 'read'),
      'handed',
      at(lines, 'append'),
      at(output, 'truncate'),
      at(output, 'truncate'),
    ] as const;
    const { all } = await find({ layout });
    const targets = all('target').filter((each) => !each.startsWith('1 '));
    t.strictSame(targets, [
      `0 read ${input}`,
      `2 write+append ${lines}`,
      `3 write ${output}`,
      `4 write ${output}`,
    ]);
    t.equal(readFileSync(output ?? '', 'utf8'), '');
    t.equal(readFileSync(lines ?? '', 'utf8'), 'a line\n');
    rmSync(output ?? '');
  });

  t.test('a file that is not there is made, in nobody’s way', async (t) => {
    const made = join(place, 'made');
    const wide = join(place, 'wide');
    await find({ layout: ['null', 'handed', { path: made, how: 'write' }] });
    t.equal(statSync(made).mode & 0o7777, 0o644);
    await find({ layout: ['null', 'handed', { path: wide, how: 'append' }], umask: 0o007 });
    t.equal(statSync(wide).mode & 0o7777, 0o660);
    for (const each of [made, wide]) rmSync(each);
  });

  t.test('they are opened with rights that the handler does not have', { skip: needsRoot }, async (t) => {
    const secret = join(place, 'secret');
    writeFileSync(secret, 'x', { mode: 0o600 });
    const layout = [{ path: secret, how: 'read' }, 'handed', 'handed'] as const;
    const { one, all } = await find({ layout, credentials: nobody });
    t.equal(one('uid'), '65534 65534');
    t.ok(all('target').includes(`0 read ${secret}`));
    rmSync(secret);
  });

  t.test('one that cannot be opened is told by the stream that it would have been', async (t) => {
    const file = { path: join(place, 'nowhere', 'file'), how: 'write' } as const;
    const layouts: readonly (readonly LayoutEntry[])[] = [
      [file, 'handed', 'handed'],
      ['handed', file, 'handed'],
      ['handed', 'handed', file],
    ];
    const failures = await Promise.all(layouts.map(async (layout) => (await failureOf({ layout }))?.what));
    t.strictSame(
      failures,
      ['input', 'output', 'error'].map(
        (name) => `cannot open the standard ${name} of %: no such file or directory`,
      ),
    );
  });

  t.test('300 descriptors arrive, each in its place', async (t) => {
    const sockets = Array.from({ length: 300 }, () => kernel.raise(kernel.openSocket(4, 'stream')));
    const { all } = await find({ layout: ['null', 'handed', 'null', ...sockets] });
    const own = (descriptor: Descriptor): string => `${statSync(`/proc/self/fd/${descriptor}`).ino}`;
    t.strictSame(
      all('descriptor')
        .slice(3)
        .map((each) => each.split(' ').filter((_, index) => index !== 1 && index !== 2)),
      sockets.map((socket, index) => [`${index + 3}`, own(socket)]),
    );
    for (const each of sockets) kernel.close(each);
  });
};

const testAttributes = (t: Test): void => {
  t.test('SIGPIPE is ignored where that is wanted, and nothing else', async (t) => {
    const { all, one } = await find({ ignoresPipe: true });
    t.strictSame([all('disposition'), one('SigIgn')], [['13'], '0000000000001000']);
    t.match((await find({})).one('SigIgn'), /^0+$/);
  });

  t.test('its scheduling is that of the recipe', async (t) => {
    const { one, all } = await find({
      scheduling: {
        scheduler: { policy: 3, priority: 0, resetsOnFork: false },
        affinity: [0],
        ioPriority: (2 << 13) | 6,
        oomScoreAdjust: undefined,
      },
    });
    t.strictSame(
      [one('scheduler'), all('processor'), one('io-priority')],
      ['3 0', ['0'], `${(2 << 13) | 6}`],
    );
  });

  t.test('a policy of real time, that children do not get', { skip: needsRoot }, async (t) => {
    const scheduler = { policy: 2, priority: 7, resetsOnFork: true };
    const { one } = await find({ scheduling: { ...noScheduling, scheduler }, credentials: nobody });
    t.equal(one('scheduler'), `${2 | 0x40000000} 7`);
  });

  t.test('its OOM score is its own: ours stays, and so does that of the next', async (t) => {
    const before = readFileSync('/proc/self/oom_score_adj', 'utf8').trim();
    const rest: Rest = {
      scheduling: { ...noScheduling, oomScoreAdjust: 321 },
      credentials: isRoot ? nobody : undefined,
    };
    t.equal((await find(rest)).one('oom-score'), '321');
    t.equal(readFileSync('/proc/self/oom_score_adj', 'utf8').trim(), before);
    t.equal((await find({})).one('oom-score'), before);
  });

  t.test('capabilities leave the bounding set', { skip: needsRoot }, async (t) => {
    const bounding = numbersOf('chown', 'net_raw');
    const privileges = { ...noPrivileges, bounding };
    const root = await find({ privileges });
    t.equal(root.one('CapBnd'), maskOf('chown', 'net_raw'));
    t.equal(root.one('CapPrm'), maskOf('chown', 'net_raw'), 'root has no more than that');
    const other = await find({ privileges: { ...noPrivileges, bounding: [] }, credentials: nobody });
    t.strictSame([other.one('CapBnd'), other.one('CapPrm')], [maskOf(), maskOf()]);
    const all = await find({ privileges: { ...noPrivileges, bounding: capabilityNames.map((_, i) => i) } });
    t.equal(all.one('CapBnd'), ownStatus('CapBnd'));
  });

  t.test('another user keeps what is given, and nothing else', { skip: needsRoot }, async (t) => {
    const ambient = numbersOf('net_bind_service', 'kill');
    const privileges = { ...noPrivileges, ambient, noNewPrivileges: true };
    const given = maskOf('net_bind_service', 'kill');
    const { one } = await find({ privileges, credentials: nobody });
    t.equal(one('uid'), '65534 65534');
    t.strictSame(
      ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((name) => one(name)),
      [given, given, given, given],
    );
    t.equal(one('NoNewPrivs'), '1');
    t.equal((await find({})).one('NoNewPrivs'), '0');
  });

  t.test(
    'secure bits are set for another user too, who does not keep the right to',
    { skip: needsRoot },
    async (t) => {
      const privileges = { ...noPrivileges, secureBits: 0b1100 };
      const { one } = await find({ privileges, credentials: nobody });
      t.strictSame([one('secure-bits'), one('CapPrm')], ['12', maskOf()]);
      const withAmbient = await find({
        privileges: { ...privileges, ambient: numbersOf('kill') },
        credentials: nobody,
      });
      t.strictSame([withAmbient.one('secure-bits'), withAmbient.one('CapPrm')], ['12', maskOf('kill')]);
    },
  );

  t.test('what cannot be set is told by its name', { skip: needsRoot }, async (t) => {
    const failures: readonly (readonly [Rest, string])[] = [
      [{ scheduling: { ...noScheduling, oomScoreAdjust: 5000 } }, 'cannot set the OOM score of %: '],
      [
        { scheduling: { ...noScheduling, scheduler: { policy: 1, priority: 200, resetsOnFork: false } } },
        'cannot set the scheduling policy of %: invalid argument',
      ],
      [
        { scheduling: { ...noScheduling, affinity: [4000] } },
        'cannot set the processors of %: invalid argument',
      ],
      [
        { scheduling: { ...noScheduling, ioPriority: 7 << 13 } },
        'cannot set the I/O priority of %: invalid argument',
      ],
      [
        { privileges: { ...noPrivileges, bounding: [], ambient: numbersOf('kill') }, credentials: nobody },
        'cannot give capabilities to %: operation not permitted',
      ],
      [{ privileges: { ...noPrivileges, secureBits: 0x10000 } }, 'cannot set the secure bits of %: '],
    ];
    for (const [rest, text] of failures) {
      const what = (await failureOf(rest))?.what ?? '';
      t.ok(what.startsWith(text), what);
    }
  });
};

const unitVariables: Rest = {
  pidVariables: ['LISTEN_PID', 'SYSTEMD_EXEC_PID'],
  hasPidfdVariable: true,
  hasInvocationId: true,
  addressVariables: [
    { name: 'REMOTE_ADDR', field: 'remoteAddress' },
    { name: 'REMOTE_ADDR', field: 'peerName' },
    { name: 'SO_COOKIE', field: 'cookie' },
  ],
};

const testVariables = (t: Test): void => {
  t.test('a start has the pid, the inode of the pidfd and a number of its own', async (t) => {
    const first = await find(unitVariables);
    const { LISTEN_PID: pid, SYSTEMD_EXEC_PID: executing, LISTEN_PIDFDID: inode } = first.environment;
    t.strictSame([pid, executing], [`${first.pid}`, `${first.pid}`]);
    t.equal(inode, first.one('pidfd'));
    const second = await find(unitVariables);
    const invocations = [first, second].map(({ environment }) => environment['INVOCATION_ID'] ?? '');
    for (const each of invocations) t.match(each, /^[0-9a-f]{32}$/);
    t.not(invocations[0], invocations[1]);
  });

  t.test('variables of a recipe are replaced where they are what was expected', async (t) => {
    const general = recipeOf(kernel, report, { environment: ['FIRST=?', 'SECOND=own', 'THIRD=?'] });
    const pairs = [
      'FIRST=?',
      'FIRST=one',
      'SECOND=?',
      'SECOND=two',
      'THIRD=?',
      'THIRD=a longer text than it was',
    ];
    const findWith = async (recipe: ReturnType<typeof recipeOf>) =>
      readReport((await serve(engine, listener, recipe, where)).text).environment;
    t.match(await findWith(kernel.replaceVariables(general, pairs)), {
      FIRST: 'one',
      SECOND: 'own',
      THIRD: 'a longer text than it was',
    });
    t.match(
      await findWith(general),
      { FIRST: '?', SECOND: 'own', THIRD: '?' },
      'the first recipe is as it was',
    );
  });

  t.test('the number of the connection is the kernel’s', async (t) => {
    const { client, accepted } = await connectTo(kernel, listener, where);
    const cookie = cookieOf(accepted.descriptor);
    const output = readAll(client);
    const recipe = recipeOf(kernel, report, unitVariables);
    const pid = kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give');
    t.equal(readReport(await output).environment['SO_COOKIE'], `${cookie}`);
    await ended(pid);
    const nothing = kernel.openNull();
    t.equal(cookieOf(nothing), undefined);
    kernel.close(nothing);
  });

  t.test('a unix peer with a name is called by it, without what a terminal would obey', async (t) => {
    const path = join(place, 'server');
    const unix = listenAt(kernel, unixAt(path));
    const names: readonly (readonly [string, string | undefined])[] = [
      [join(place, 'client'), join(place, 'client')],
      [join(place, 'a\x1b[1m"\\'), `${place}/a\\033[1m\\042\\134`],
      ['@abstract', '@abstract'],
      ['', undefined],
    ];
    for (const [name, told] of names) {
      const output = join(place, 'output');
      const client = kernel.spawn(
        recipeOf(kernel, join(handlers, 'named-client'), {
          arguments: ['named-client', path, name],
          layout: ['null', { path: output, how: 'truncate' }, 'null'],
        }),
        kernel.standardError,
        undefined,
        'keep',
      );
      await readable(kernel, unix);
      const [accepted] = kernel.accept(unix, 1);
      if (accepted === undefined) throw new Error('nobody has come');
      const recipe = recipeOf(kernel, report, unitVariables);
      await ended(kernel.spawn(recipe, accepted.descriptor, accepted.record, 'give'));
      t.equal((await ended(client)).status, 0);
      t.equal(readReport(readFileSync(output, 'utf8')).environment['REMOTE_ADDR'], told);
    }
    kernel.close(unix);
    for (const name of readdirSync(place)) rmSync(join(place, name));
  });
};

const testStart = (t: Test): void => {
  testFiles(t);
  testAttributes(t);
  testVariables(t);
};

t.test('a start with a copied descriptor table', async (t) => testStart(t));

t.test('a start in the shared descriptor table', async (t) => {
  const before = readdirSync('/proc/self/fd').length;
  const many = openManyListeners(kernel, 8);
  testStart(t);
  t.test('leaves no descriptor behind', async (t) => {
    for (const each of many) kernel.close(each);
    t.equal(readdirSync('/proc/self/fd').length, before);
  });
});
