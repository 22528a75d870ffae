// What options of hosts.allow and hosts.deny do to an answer, with real shells and sockets.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { seconds } from '../../src/model/quantity.ts';
import { plainRecipe, type RecipeRequest } from '../../src/model/recipe.ts';
import type { WrapperEffect } from '../../src/model/wrapper-effect.ts';
import { openKernel } from '../../src/native/kernel.ts';
import { isInNetgroup } from '../../src/native/netgroup.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createShellCommands } from '../../src/runtime/shell-commands.ts';
import type { Host } from '../../src/serve/host.ts';
import { applyEffects, changesHandler, commandRequest } from '../../src/serve/wrapper-effects.ts';
import { createTestClock } from '../support/clock.ts';

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;
const host: Host = {
  environment: {},
  userName: 'somebody',
  uid,
  gid,
  groups: [gid],
  descriptorLimit: { soft: 1024, hard: 1024 },
};

const request: RecipeRequest = {
  ...plainRecipe,
  file: '/usr/sbin/in.fingerd',
  arguments: ['in.fingerd'],
  environment: ['PATH=/usr/bin:/bin', 'LISTEN_FDS=1', 'LISTEN_FDNAMES=connection', 'COLOR=blue'],
  addressVariables: [{ name: 'REMOTE_ADDR', field: 'remoteAddress' }],
  pidVariables: ['LISTEN_PID'],
  layout: ['handed', 'handed', 'null', 'handed'],
  nice: 3,
  umask: 0o22,
};

const apply = (...effects: readonly WrapperEffect[]) => applyEffects(request, effects, host);

t.test('without effects the handler is what it was', async (t) => {
  t.strictSame(apply(), {
    request,
    commands: [],
    banner: Buffer.alloc(0),
    socketOptions: [],
    severity: undefined,
  });
  t.equal(changesHandler([{ kind: 'spawn', command: 'x' }, { kind: 'keepalive' }]), false);
  t.equal(changesHandler([{ kind: 'umask', mask: 0 }]), true);
});

t.test('variables, umask, nice value and credentials of the handler', async (t) => {
  const { request: changed } = apply(
    { kind: 'setenv', name: 'COLOR', value: 'red' },
    { kind: 'setenv', name: 'REMOTE_ADDR', value: 'hidden' },
    { kind: 'umask', mask: 0o77 },
    { kind: 'nice', increment: 10 },
    { kind: 'nice', increment: 10 },
    { kind: 'credentials', uid: 5, gid: 60, groups: [60] },
  );
  t.ok(changed.environment.includes('COLOR=red') && !changed.environment.includes('COLOR=blue'));
  t.ok(changed.environment.includes('REMOTE_ADDR=hidden'));
  t.same(changed.addressVariables, [], 'it is not set twice');
  t.equal(changed.umask, 0o77);
  t.equal(changed.nice, 19, 'the highest there is');
  t.same(changed.credentials, { uid: 5, gid: 60, groups: [60] });
  t.equal(changed.file, request.file);
  const { request: grouped } = apply({ kind: 'credentials', uid: undefined, gid: 15, groups: [15] });
  t.same(grouped.credentials, { uid, gid: 15, groups: [15] });
});

t.test(
  'a twist is a shell with the connection as all its descriptors, and with no word of a third one',
  async (t) => {
    const { request: twisted } = apply(
      { kind: 'setenv', name: 'A', value: 'b' },
      { kind: 'twist', command: 'exec x' },
    );
    t.equal(twisted.file, '/bin/sh');
    t.same(twisted.arguments, ['sh', '-c', 'exec x']);
    t.same(twisted.layout, ['handed', 'handed', 'handed']);
    t.same(twisted.environment, ['PATH=/usr/bin:/bin', 'COLOR=blue', 'A=b']);
    t.strictSame(twisted.pidVariables, []);
  },
);

t.test(
  'a command finds what the options before it have changed, and nothing of the connection',
  async (t) => {
    const { commands } = apply(
      { kind: 'umask', mask: 0o77 },
      { kind: 'spawn', command: 'one' },
      { kind: 'umask', mask: 0o27 },
      { kind: 'spawn', command: 'two' },
    );
    t.same(
      commands.map((command) => [command.arguments[2], command.umask]),
      [
        ['one', 0o77],
        ['two', 0o27],
      ],
    );
    t.ok(commands.every(({ layout }) => layout.every((entry) => entry === 'null')));
  },
);

t.test('banners follow each other; socket options and severity are told', async (t) => {
  const said = apply(
    { kind: 'banner', text: Buffer.from('a') },
    { kind: 'severity', facility: undefined, level: 'info' },
    { kind: 'banner', text: Buffer.from('b') },
    { kind: 'severity', facility: 'mail', level: 'debug' },
    { kind: 'keepalive' },
    { kind: 'linger', seconds: 7 },
  );
  t.equal(Buffer.from(said.banner).toString(), 'ab');
  t.same(said.severity, { facility: 'mail', level: 'debug' });
  t.same(said.socketOptions, [
    { name: 'SO_KEEPALIVE', value: 1 },
    { name: 'SO_LINGER', value: 7 },
  ]);
});

let hears: ReturnType<typeof createShellCommands> | undefined;
const kernel = openKernel({
  onEnded: (ended) => void hears?.onEnded(ended),
  copiesMemory: process.env['ACCEPTD_TEST_COPIES_MEMORY'] === '1',
});
t.teardown(() => kernel.shutDown());

t.test('the socket options are set by the kernel', async (t) => {
  const socket = kernel.openSocket(4, 'stream');
  for (const { name, value } of apply({ kind: 'keepalive' }, { kind: 'linger', seconds: 7 }).socketOptions) {
    kernel.setOption(socket, name, value);
    t.equal(kernel.getOption(socket, name), 1, `${name} is on`);
  }
  kernel.setOption(socket, 'SO_LINGER', 0);
  t.equal(kernel.getOption(socket, 'SO_LINGER'), 0, 'and off');
  kernel.close(socket);
});

t.test('commands run, tell whether they have succeeded, and write nowhere', async (t) => {
  const commands = createShellCommands({ kernel, clock: systemClock });
  hears = commands;
  const null_ = kernel.openNull();
  const directory = t.testdir();
  const run = (command: string): Promise<boolean> =>
    commands.run(commandRequest({ ...request, nice: undefined }, command), null_, undefined, seconds(30));
  const found = join(directory, 'found');
  t.equal(
    await run(
      `echo lost; readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 >${found}; echo $COLOR >>${found}`,
    ),
    true,
  );
  t.equal(readFileSync(found, 'utf8').split('\n')[0], '/dev/null');
  t.match(readFileSync(found, 'utf8'), /blue\n$/);
  t.equal(await run('exit 3'), false);
  t.equal(await run('kill -9 $$'), false);
  t.equal(commands.count(), 0);
  kernel.close(null_);
});

t.test('a command that does not end in time is ended, with its children, and has failed', async (t) => {
  const clock = createTestClock();
  const commands = createShellCommands({ kernel, clock });
  hears = commands;
  const null_ = kernel.openNull();
  const endless = commandRequest({ ...request, nice: undefined }, 'sleep 1000 & wait');
  const answer = commands.run(endless, null_, undefined, seconds(5));
  t.equal(commands.count(), 1);
  clock.advance(5_000);
  t.equal(await answer, false);
  t.equal(clock.waiting(), 0);
  kernel.close(null_);
});

t.test('no more than 64 commands run at once, and those that run are ended at the end', async (t) => {
  const commands = createShellCommands({ kernel, clock: systemClock });
  hears = commands;
  const null_ = kernel.openNull();
  const endless = commandRequest({ ...request, nice: undefined }, 'exec sleep 1000');
  const all = Array.from({ length: 64 }, () => commands.run(endless, null_, undefined, undefined));
  t.equal(await commands.run(endless, null_, undefined, undefined), false);
  t.equal(commands.count(), 64);
  commands.stop();
  t.ok((await Promise.all(all)).every((hasSucceeded) => !hasSucceeded));
  t.equal(commands.count(), 0);
  kernel.close(null_);
});

t.test('a host is in no netgroup that does not exist', async (t) => {
  t.not(await isInNetgroup('no-such-group-at-all', 'host.example'), true);
});
