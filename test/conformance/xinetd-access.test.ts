// Cases about who may come: only_from and no_access in every form, their defaults, hosts.deny, sensors.
import { writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { mustRun } from '../support/command.ts';
import { knock, turnedAway } from '../support/knock.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { complaints, needsRoot, numberIn } from './stage.ts';
import {
  createDesk,
  eight,
  inOwnMounts,
  other,
  served,
  service,
  serviceNamed,
  seven,
  startWith,
} from './xinetd-stage.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => isIPv6(address)));
const needsIPv6 = hasIPv6 ? {} : { skip: 'this machine has no ::1' };

/** Which of these sources are served. */
const admitted = async (
  t: Test,
  lines: readonly string[],
  sources: readonly string[],
): Promise<readonly string[]> => {
  const port = await freePort();
  const acceptd = await startWith(t, service(port, ...lines));
  const outcomes: string[] = [];
  for (const source of sources) {
    const outcome = await knock(source, port);
    t.ok([served, turnedAway].includes(outcome), `${source}: ${outcome}`);
    if (outcome === served) outcomes.push(source);
  }
  await acceptd.stop();
  return outcomes;
};

t.test('15: defaults that come after a service are for it too', async (t) => {
  const port = await freePort();
  await startWith(t, `${service(port)}defaults\n{\nonly_from = ${seven}\n}\n`);
  t.equal(await knock('127.0.0.1', port), turnedAway);
  t.equal(await knock(seven, port), served);
});

t.test('16: += adds to the defaults, = replaces them, -= may leave nobody', async (t) => {
  const sources = [seven, eight, '127.0.0.1'];
  const expected: Readonly<Record<string, readonly string[]>> = {
    [`+= ${eight}`]: [seven, eight],
    [`= ${eight}`]: [eight],
    [`-= ${seven}`]: [],
  };
  for (const [line, who] of Object.entries(expected)) {
    const port = await freePort();
    const acceptd = await startWith(
      t,
      `defaults\n{\nonly_from = ${seven}\n}\n${service(port, `only_from ${line}`)}`,
    );
    for (const source of sources)
      t.equal(
        await knock(source, port),
        who.includes(source) ? served : turnedAway,
        `only_from ${line}: ${source}`,
      );
    await acceptd.stop();
  }
});

t.test('17: trailing zeros, braces and prefixes mean networks', async (t) => {
  const sources = [seven, eight, other];
  const expected: Readonly<Record<string, readonly string[]>> = {
    '127.9.8.0': [seven, eight],
    '127.9.0.0': sources,
    '127.9.8.{7,9}': [seven],
    '127.9.8.0/24': [seven, eight],
    '127.9.8.99/24': [seven, eight],
    '127.9.{8}': [seven, eight],
    '127.{9,10}': sources,
  };
  for (const [form, who] of Object.entries(expected))
    t.same(await admitted(t, [`only_from = ${form}`], sources), who, form);
});

t.test('19: 0.0.0.0/0 is everybody with an IPv4 address and nobody with another', needsIPv6, async (t) => {
  t.same(await admitted(t, ['only_from = 0.0.0.0/0'], ['::1', '127.0.0.1', seven]), ['127.0.0.1', seven]);
});

t.test('20: a /128 is that one host (xinetd: nobody)', needsIPv6, async (t) => {
  t.same(await admitted(t, ['only_from = ::1/128'], ['::1', '127.0.0.1']), ['::1']);
});

t.test('21: who is on both lists is denied whatever is more exact, and the overlap is told', async (t) => {
  const port = await freePort();
  const acceptd = await startWith(t, service(port, `only_from = ${seven}`, 'no_access = 127.9.0.0'));
  t.equal(await knock(seven, port), turnedAway);
  t.match(complaints(acceptd, 'warning'), [/127\.9/]);
});

t.test('23: localhost means 127.0.0.1, on dual-stack and IPv4 services alike', async (t) => {
  t.same(await admitted(t, ['only_from = localhost'], ['127.0.0.1', seven]), ['127.0.0.1']);
  t.same(await admitted(t, ['flags = IPv4', 'only_from = localhost'], ['127.0.0.1', seven]), ['127.0.0.1']);
});

t.test('24: a name that has no address lets nobody in, and from no_access keeps nobody in', async (t) => {
  t.same(await admitted(t, ['only_from = unresolvable.invalid'], ['127.0.0.1', seven]), []);
  t.same(
    await admitted(t, ['no_access = unresolvable.invalid'], ['127.0.0.1', seven]),
    [],
    'nobody can say that they are not unresolvable.invalid',
  );
});

t.test('25: an empty only_from is nobody', async (t) => {
  t.same(await admitted(t, ['only_from ='], ['127.0.0.1', seven]), []);
});

t.test('43: hosts.deny knows a service by libwrap, by its name or by its server', needsRoot, async (t) => {
  const desk = createDesk(t);
  const [named = 0, relay = 0, internal = 0, server = 0, free = 0] = await freePorts(5);
  const text = [
    desk.defaults(),
    serviceNamed('w', named, 'libwrap = w'),
    serviceNamed('r', relay, `redirect = 127.0.0.1 ${server}`),
    serviceNamed('echo', internal, 'type = INTERNAL UNLISTED', 'id = not-by-id'),
    serviceNamed('s', server),
    serviceNamed('f', free, 'flags = NOLIBWRAP'),
  ].join('');
  const rules = (denied: string): readonly string[] =>
    inOwnMounts(
      `mount -t tmpfs tmpfs ${desk.directory}/etc`,
      `: >${desk.directory}/etc/allow`,
      `echo '${denied}: ALL' >${desk.directory}/etc/deny`,
      '[ -e /etc/hosts.allow ] || : >/etc/hosts.allow; [ -e /etc/hosts.deny ] || : >/etc/hosts.deny',
      `mount --bind ${desk.directory}/etc/allow /etc/hosts.allow`,
      `mount --bind ${desk.directory}/etc/deny /etc/hosts.deny`,
    );
  await mustRun('mkdir', [`${desk.directory}/etc`]);
  const acceptd = await startWith(t, text, { under: rules('w, r, echo') });
  t.equal(await knock('127.0.0.1', named), turnedAway, 'libwrap = w');
  t.equal(await knock('127.0.0.1', relay), turnedAway, 'a redirect is known by its name');
  t.equal(await knock('127.0.0.1', internal, undefined, 'x'), turnedAway, 'an internal one too');
  t.equal(await knock('127.0.0.1', server), served);
  await desk.untilEntries((entries) => entries.includes('FAIL: w libwrap from=127.0.0.1'));
  await acceptd.stop();

  await startWith(t, text, { under: rules('behave') });
  t.equal(await knock('127.0.0.1', server), turnedAway, 'a program is known by its file');
  t.equal(await knock('127.0.0.1', named), served, 'but not where libwrap says otherwise');
  t.equal(await knock('127.0.0.1', free), served, 'NOLIBWRAP asks nobody');
});

t.test('a sensor has banners as a service that turns everybody away', async (t) => {
  const desk = createDesk(t);
  const port = await freePort();
  const files = ['always', 'failure'].map((name) => join(desk.directory, name));
  for (const file of files) writeFileSync(file, `${basename(file)}\n`);
  await startWith(
    t,
    desk.defaults(`banner_fail = ${files[1]}`) +
      serviceNamed('trap', port, 'flags = SENSOR', 'type = INTERNAL UNLISTED', `banner = ${files[0]}`),
  );
  t.equal(await knock(eight, port), 'said: always\nfailure\n');
  await desk.untilEntries((all) => all.includes(`FAIL: trap address from=${eight}`));
  t.equal(await knock(eight, port), 'said: always\nfailure\n', 'without deny_time nobody is remembered');
});

t.test('55: who calls a sensor is denied by all other services, those with flags = IPv4 too', async (t) => {
  const desk = createDesk(t);
  const [trap = 0, dual = 0, four = 0, internal = 0] = await freePorts(4);
  const acceptd = await startWith(
    t,
    [
      desk.defaults(),
      serviceNamed('trap', trap, 'flags = SENSOR', 'deny_time = 1', 'type = INTERNAL UNLISTED'),
      serviceNamed('dual', dual),
      serviceNamed('four', four, 'flags = IPv4'),
      serviceNamed('echo', internal, 'type = INTERNAL UNLISTED'),
    ].join(''),
  );
  t.equal(await knock(eight, dual), served);
  t.equal(await knock(eight, trap), turnedAway);
  const trapped = await acceptd.waitFor(({ event }) => event === 'trapped', 'the trap to be told');
  t.equal(numberIn(trapped, 'denyTime'), 60_000, 'for a minute');
  for (const port of [dual, four, internal]) t.equal(await knock(eight, port, undefined, 'x'), turnedAway);
  t.equal(await knock(seven, dual), served, 'others are not concerned');
  const entries = await desk.untilEntries((all) => all.some((each) => each.startsWith('FAIL: echo')));
  t.match(entries, new Set([`FAIL: trap address from=${eight}`, `FAIL: dual address from=${eight}`]));
  for (const id of ['trap', 'dual', 'four', 'echo'])
    t.ok(entries.includes(`FAIL: ${id} address from=${eight}`), `FAIL: ${id}`);
});
