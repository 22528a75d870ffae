// What the server of several sockets finds, by its activation: as it sees it itself, and as libsystemd does.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { ListenAddress } from '../../src/model/address.ts';
import { type Daemon, plainDaemon } from '../../src/model/daemon.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import type { RecipeRequest } from '../../src/model/recipe.ts';
import type { ResolvedService, Surroundings } from '../../src/model/service.ts';
import {
  commandLineRequest,
  type DaemonExtra,
  type DaemonListener,
  daemonRequest,
} from '../../src/serve/daemon-surroundings.ts';
import type { Host } from '../../src/serve/host.ts';
import { compileHandlers } from '../support/compile.ts';
import { listenAt, loopback, openEngine, unixAt } from '../support/engine.ts';
import { type Report, readReport } from '../support/report.ts';
import { resolved } from '../support/services.ts';

const handlers = compileHandlers('report');
const report = join(handlers, 'report');
const place = mkdtempSync(join(tmpdir(), 'acceptd-daemon-'));
process.once('exit', () => rmSync(place, { recursive: true, force: true }));
const source = new URL('../../../test/handlers/listen-fds.c', import.meta.url).pathname;
const hasLibrary = existsSync('/usr/include/systemd/sd-daemon.h');
const listenFds = join(place, 'listen-fds');
if (hasLibrary) {
  execFileSync('cc', ['-Wall', '-Werror', '-o', listenFds, source, '-lsystemd'], {
    env: { PATH: '/usr/bin:/bin' },
  });
}
const { kernel, ended } = openEngine(t);

const host: Host = {
  environment: { LANG: 'C.UTF-8', NOTIFY_SOCKET: '/run/notify-of-acceptd' },
  userName: 'somebody',
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  groups: process.getgroups?.() ?? [],
  descriptorLimit: kernel.descriptorLimit,
};

const output = join(place, 'output');
const toFile: Partial<Surroundings> = {
  stdin: 'null',
  stdout: { path: output, how: 'truncate' },
  stderr: 'null',
  hasFd3: false,
  hasAddressVariables: false,
};

const serviceOf = (
  daemon: Partial<Daemon>,
  surroundings: Partial<Surroundings> = {},
  rest: Partial<ResolvedService> = {},
): ResolvedService => {
  const plain = resolved('web', [], {
    mode: 'whole-socket',
    answer: { kind: 'program', file: report, arguments: ['report'] },
    daemon: { ...plainDaemon, ...daemon },
  });
  return { ...plain, surroundings: { ...plain.surroundings, ...toFile, ...surroundings }, ...rest };
};

const addresses: readonly ListenAddress[] = [
  { ...loopback(4), own: { descriptorName: 'first', socket: undefined } },
  loopback(6),
  unixAt(join(place, 'socket')),
  loopback(4, 'dgram'),
];

const openAt = (address: ListenAddress): Descriptor => {
  if (address.kind !== 'internet' && address.kind !== 'unix') throw new Error('not in this test');
  if (address.socketType !== 'dgram') return listenAt(kernel, address);
  const socket = kernel.openSocket(4, 'dgram');
  kernel.bindInternet(socket, loopback(4, 'dgram'));
  return socket;
};

/** All open, at high numbers, as the runtime has them. */
const listeners: readonly DaemonListener[] = addresses.map((address) => ({
  address: address.kind === 'internet' ? { ...address, port: 7000 } : address,
  descriptor: kernel.raise(openAt(address)),
}));
const streams = listeners.slice(0, 3);

const noExtra: DaemonExtra = { notifySocket: undefined, watchdog: undefined };

const run = async (request: RecipeRequest): Promise<{ readonly pid: number; readonly text: string }> => {
  rmSync(output, { force: true });
  const pid = kernel.spawn(kernel.compileRecipe(request), kernel.standardError, undefined, 'keep');
  const { status, failure } = await ended(pid);
  if (status !== 0) throw new Error(`it ended with ${status}: ${failure?.what}`);
  return { pid, text: readFileSync(output, 'utf8') };
};

const find = async (
  service: ResolvedService,
  passed: readonly DaemonListener[],
  extra: DaemonExtra = noExtra,
): Promise<Report & { readonly pid: number }> => {
  const { pid, text } = await run(daemonRequest(service, passed, [], extra, host, undefined));
  return { pid, ...readReport(text) };
};

const links = listeners.map(({ descriptor }) => readlinkSync(`/proc/self/fd/${descriptor}`));

/** Numbers and what stands there, without the standard ones. */
const passedIn = ({ all }: Report): readonly string[] =>
  all('target')
    .map((each) => each.replace(/ \S+/, ''))
    .filter((each) => Number.parseInt(each, 10) > 2);

const clean = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const pathOnly = { PATH: clean };

t.test('listen-fds: descriptors from 3 on in order, with their names and its pid', async (t) => {
  const service = serviceOf({}, { descriptorName: 'web' });
  const found = await find(service, listeners);
  t.strictSame(
    passedIn(found),
    links.map((link, index) => `${index + 3} ${link}`),
  );
  t.strictSame(found.environment, {
    ...pathOnly,
    LISTEN_FDS: '4',
    LISTEN_FDNAMES: 'first:web:web:web',
    LISTEN_PID: `${found.pid}`,
  });
});

t.test('listen-fds without LISTEN_PID, for a server behind a wrapper', async (t) => {
  const { environment } = await find(serviceOf({ listenPid: 'omit' }), streams);
  t.strictSame([environment['LISTEN_PID'], environment['LISTEN_FDS']], [undefined, '3']);
});

t.test('a name that would be two is none', async (t) => {
  const { environment } = await find(serviceOf({}, { descriptorName: 'a:b' }), streams);
  t.equal(environment['LISTEN_FDNAMES'], 'first:unknown:unknown');
});

t.test('nginx: the numbers, each with its end', async (t) => {
  const found = await find(serviceOf({ activation: 'nginx' }), streams);
  t.strictSame(found.environment, { ...pathOnly, NGINX: '3;4;5;' });
  t.equal(passedIn(found).length, 3);
});

t.test('php-fpm: the addresses as it looks for them', async (t) => {
  const found = await find(serviceOf({ activation: 'php-fpm' }), streams);
  t.strictSame(found.environment, {
    ...pathOnly,
    FPM_SOCKETS: `127.0.0.1:7000=3,::1:7000=4,${join(place, 'socket')}=5`,
  });
  const many = Array.from({ length: 129 }, () => streams[0]).filter((each) => each !== undefined);
  const crowded = await find(serviceOf({ activation: 'php-fpm' }), many);
  t.equal(crowded.environment['FPM_SOCKETS']?.split(',').length, 128);
  t.equal(crowded.environment['FPM_SOCKETS_1'], '127.0.0.1:7000=131');
});

t.test('inetd: the one socket is stdin, and stdout where it is the client’s', async (t) => {
  const found = await find(serviceOf({ activation: 'inetd' }, { stdin: 'client' }), streams.slice(0, 1));
  t.ok(found.all('target').includes(`0 both ${links[0]}`));
  t.strictSame([passedIn(found), found.environment], [[], pathOnly]);
  const request = daemonRequest(
    serviceOf({ activation: 'inetd' }, { stdin: 'client', stdout: 'client', stderr: 'client' }),
    streams.slice(0, 1),
    [],
    noExtra,
    host,
    undefined,
  );
  t.strictSame(
    request.layout,
    [0, 1, 2].map(() => streams[0]?.descriptor),
  );
});

t.test('none: the descriptors and no word of them; adopt: no descriptor either', async (t) => {
  const none = await find(serviceOf({ activation: 'none' }), streams);
  t.strictSame([none.environment, passedIn(none).length], [pathOnly, 3]);
  const adopt = await find(serviceOf({ activation: 'adopt' }), streams);
  t.strictSame([adopt.environment, passedIn(adopt)], [pathOnly, []]);
});

t.test('stored descriptors stand behind the sockets, with their names', async (t) => {
  const nothing = kernel.openNull();
  const service = serviceOf({ storeLimit: 8 }, { descriptorName: 'web' });
  const stored = [{ descriptor: nothing, name: 'session' }];
  const extra = { ...noExtra, notifySocket: '@notify' };
  const { text } = await run(daemonRequest(service, streams, stored, extra, host, undefined));
  const { environment, all } = readReport(text);
  t.strictSame(
    [environment['LISTEN_FDS'], environment['LISTEN_FDNAMES'], environment['FDSTORE']],
    ['4', 'first:web:web:session', '8'],
  );
  t.ok(all('target').some((each) => /^6 \S+ \/dev\/null$/.test(each)));
  kernel.close(nothing);
});

t.test('messages, watchdog and what systemd’s services find', async (t) => {
  const service = serviceOf(
    {},
    {
      hasUnitVariables: true,
      passedVariables: ['NOTIFY_SOCKET'],
      environment: [{ name: 'USER', value: 'mine' }],
    },
  );
  const extra = { notifySocket: '@notify', watchdog: milliseconds(1500), invocation: 'f'.repeat(32) };
  const found = await find(service, streams, extra);
  const { LISTEN_PIDFDID: inode, ...rest } = found.environment;
  t.equal(inode, found.one('pidfd'));
  t.strictSame(rest, {
    ...pathOnly,
    LANG: 'C.UTF-8',
    USER: 'mine',
    LISTEN_FDS: '3',
    LISTEN_FDNAMES: 'first:web:web',
    LISTEN_PID: `${found.pid}`,
    WATCHDOG_PID: `${found.pid}`,
    WATCHDOG_USEC: '1500000',
    NOTIFY_SOCKET: '@notify',
    SYSTEMD_EXEC_PID: `${found.pid}`,
    INVOCATION_ID: 'f'.repeat(32),
  });
});

t.test(
  'a command beside the server has no sockets, knows whom it is for, and has the rights it asks for',
  async (t) => {
    const credentials = {
      userName: 'nobody',
      uid: 65534,
      gid: 65534,
      groups: [],
      home: '/',
      shell: '/bin/false',
    };
    const service = serviceOf({}, {}, { credentials });
    const command = {
      file: report,
      arguments: ['report', 'now'],
      expandsVariables: false,
      forgivesFailure: false,
      rights: 'full',
    } as const;
    const extra = { ...noExtra, mainPid: 4711 };
    const { text } = await run(commandLineRequest(service, command, extra, host, undefined));
    const { all, environment } = readReport(text);
    t.strictSame(
      [environment, all('descriptor').length, all('argument')],
      [{ ...pathOnly, MAINPID: '4711' }, 3, ['report', 'now']],
    );
    const rights = (['service', 'keeps-user', 'full'] as const).map(
      (each) =>
        commandLineRequest(service, { ...command, rights: each }, extra, host, undefined).credentials?.uid,
    );
    t.strictSame(rights, [65534, undefined, undefined]);
  },
);

t.test(
  'libsystemd finds all of it',
  { skip: hasLibrary ? false : 'there is no libsystemd-dev' },
  async (t) => {
    const service = serviceOf(
      {},
      { descriptorName: 'web', hasUnitVariables: true },
      { answer: { kind: 'program', file: listenFds, arguments: ['listen-fds'] } },
    );
    const extra = { ...noExtra, watchdog: milliseconds(2000) };
    const { text } = await run(daemonRequest(service, listeners, [], extra, host, undefined));
    t.strictSame(text.trim().split('\n'), [
      'passed 4',
      'named 4',
      '3 tcp4 first',
      '4 tcp6 web',
      '5 unix web',
      '6 udp4 web',
      'watchdog 1 2000000',
    ]);
  },
);
