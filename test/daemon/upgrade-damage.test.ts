// A version that has begun to take over cannot go back: what it cannot have it does without, and no port is given up.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { ask } from '../operate/control/stage.ts';
import { mainModule, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePorts } from '../support/ports.ts';
import { me, readToEnd, socketInode } from './scene.ts';
import { install, talk, upgradeQuietly } from './upgrade-scene.ts';

t.setTimeout(240_000);

const serve = join(compileHandlers('serve'), 'serve');
const patient = { timeout: 30_000 };

const moduleAt = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** A version that finds another state than the one that was left to it, once it is too late to say so. */
const damaging = (damage: string): string => `
import { fstatSync, readSync } from 'node:fs';
if (process.env.ACCEPTD_STATE !== undefined) {
  const { packState, unpackState } = await import(${moduleAt('runtime/handover/format.js')});
  const { sealMemoryFile } = await import(${moduleAt('native/exec.js')});
  const file = Number(process.env.ACCEPTD_STATE);
  const bytes = Buffer.alloc(fstatSync(file).size);
  for (let at = 0; at < bytes.length; ) at += readSync(file, bytes, at, bytes.length - at, at);
  const state = unpackState(bytes);
  ${damage}
  process.env.ACCEPTD_STATE ??= String(sealMemoryFile('damaged', packState(state)));
}
await import(${JSON.stringify(mainModule)});
`;

const anew = 'delete process.env.ACCEPTD_STATE;';

const start = async (t: Test) => {
  const [handler = 0, echo = 0, daemon = 0, closed = 0] = await freePorts(4);
  const control = join(mkdtempSync(join(tmpdir(), 'acceptd-damage-')), 'control');
  t.teardown(() => rmSync(dirname(control), { recursive: true, force: true }));
  const { program, replace } = install(t);
  const common = `bind = 127.0.0.1, user = ${me}`;
  const acceptd = await startAcceptd(t, {
    config: `handler on ${common}, port = ${handler}, exec = /bin/cat, instances = 2;
echo on ${common}, port = ${echo}, internal = echo, instances = 2;
kept on ${common}, port = ${daemon}, wait = yes, exec = ${serve}, args = serve notify, notify = yes;
listed on ${common}, port = ${closed}, exec = /bin/cat, only_from = 127.0.0.1;
`,
    program,
    arguments: ['--control', control],
  });
  const ports = [handler, echo, daemon, closed];
  const inodes = (): readonly (string | undefined)[] => ports.map((port) => socketInode(port));
  return { acceptd, control, replace, ports: { handler, echo, daemon, closed }, inodes };
};

t.test('parts that cannot be had are told and done without', async (t) => {
  const { acceptd, replace, ports, inodes } = await start(t);
  const { pid } = acceptd;
  const session = await connect(ports.handler);
  t.equal(await talk(session, 'begin'), 'begin');
  const echoing = await connect(ports.echo);
  t.equal(await talk(echoing, 'begin'), 'begin');
  const cut = readToEnd(echoing);
  const main = await exchange(ports.daemon, 'pid\n', patient);
  const sockets = inodes();

  replace(
    damaging(`${anew}
  const named = (name) => state.runtime.services.find(({ service }) => service.id.includes(name));
  named('kept').daemon.history = undefined;
  named('listed').service = { ...named('listed').service, access: { onlyFrom: 7 } };
  for (const each of state.runtime.builtins) each.answered = undefined;
  state.runtime.sensors = [undefined];
`),
  );
  const from = acceptd.records.length;
  t.equal((await upgradeQuietly(acceptd)).event, 'upgraded');
  await acceptd.waitFor(({ event }) => event === 'applied', 'what is missing to be read again', from);
  const lost = acceptd.records
    .filter(({ event }) => event === 'not-taken-over')
    .map(({ fields }) => String(fields['what']));
  const pidOfMain = main.slice(4).trim();
  for (const what of [
    new RegExp(`the daemon of 127.0.0.1:kept.tcp, whose processes go on: ${pidOfMain}`),
    /the service 127.0.0.1:listed.tcp/,
    /the listener .*: its service is not there/,
    /who is kept out by a sensor/,
    /a client of 127.0.0.1:echo.tcp, who is served by acceptd itself/,
  ])
    t.ok(
      lost.some((each) => what.test(each)),
      `${what}`,
    );
  t.strictSame(inodes(), sockets, 'every socket is the same one');
  t.equal(await talk(session, 'still here'), 'still here');
  t.equal(await exchange(ports.closed, 'listed', patient), 'listed');
  t.match(await exchange(ports.daemon, 'pid\n', patient), /^pid \d+\n$/);
  t.equal(await cut, '', 'who could not be kept has his end');
  const all = await Promise.all([connect(ports.echo), connect(ports.echo)]);
  for (const each of all) t.equal(await talk(each, 'there is room'), 'there is room');
  for (const each of all) each.destroy();
  session.end();
  t.equal(await readToEnd(session), '');
  process.kill(Number(pidOfMain), 'SIGKILL');
  replace(`await import(${JSON.stringify(mainModule)});`);
  t.equal((await upgradeQuietly(acceptd)).event, 'upgraded', 'and the next upgrade has nothing to mourn');
  t.equal(acceptd.pid, pid);
  t.equal(await acceptd.stop(), 0);
});

t.test('what a first start would be refused for is no reason to end', async (t) => {
  const [port = 0] = await freePorts(1);
  const place = mkdtempSync(join(tmpdir(), 'acceptd-place-'));
  t.teardown(() => rmSync(place, { recursive: true, force: true }));
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`,
    arguments: ['--pid-file', join(place, 'pid'), '--trace', join(place, 'trace')],
  });
  rmSync(place, { recursive: true });
  t.equal((await upgradeQuietly(acceptd)).event, 'upgraded');
  const isTold = (place: string) => () =>
    acceptd.records.some(
      ({ event, fields }) => event === 'not-taken-over' && String(fields['what']).includes(place),
    );
  for (const name of ['pid', 'trace'])
    await acceptd.waitFor(isTold(join(place, name)), `a word about the ${name}`);
  t.equal(await exchange(port, 'served', patient), 'served');
  t.equal(await acceptd.stop(), 0);
});

t.test('where nothing can be had it starts anew on the same sockets', async (t) => {
  const { acceptd, control, replace, ports, inodes } = await start(t);
  const session = await connect(ports.handler);
  t.equal(await talk(session, 'begin'), 'begin');
  const sockets = inodes();
  for (const [what, damage] of [
    ['a part of the server is missing', `${anew} state.parts.server.configuration.loaded = undefined;`],
    ['the state cannot be read', "process.env.ACCEPTD_STATE = '999';"],
  ] as const) {
    replace(damaging(damage));
    const from = acceptd.records.length;
    const asking = ask(control, 'POST', '/v1/upgrade', '{}').catch(() => undefined);
    await acceptd.waitFor(({ event }) => event === 'upgrading', 'the upgrade', from);
    const waiting = exchange(ports.handler, 'who waits is served', { timeout: 60_000 });
    const { fields } = await acceptd.waitFor(({ event }) => event === 'not-taken-over', what, from);
    t.match(String(fields['msg']), /has started anew on its sockets/);
    await acceptd.waitFor(({ event }) => event === 'applied', 'the configuration', from);
    t.equal(await waiting, 'who waits is served', what);
    t.strictSame(inodes(), sockets, 'every socket is the same one');
    t.equal(await talk(session, what), what, 'who was served goes on');
    const answer = await asking;
    if (answer !== undefined) t.match([answer.status, answer.text], [500, /started anew/]);
    t.equal((await ask(control, 'GET', '/v1/status')).status, 200);
  }
  session.end();
  t.equal(await readToEnd(session), '');
  t.equal(await acceptd.stop(), 0);
});
