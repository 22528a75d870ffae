// hosts.allow and hosts.deny are read again when they change, appear, are replaced or removed.
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { test } from 'tap';
import type { Clock } from '../../src/model/clock.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { WrapperRules } from '../../src/model/wrapper-rules.ts';
import { machine } from '../../src/operate/machine.ts';
import { watchWrapperFiles } from '../../src/operate/wrapper-files.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createTestClock } from '../support/clock.ts';

type Taken = { readonly rules: WrapperRules; readonly diagnostics: readonly Diagnostic[] };

/** Watches the two files of a directory; `until` waits for rules that are as wanted, however many come before. */
const watchIn = (t: Tap, directory: string, clock: Clock = systemClock) => {
  let last: Taken | undefined;
  let tell: (() => void) | undefined;
  const paths = { allow: join(directory, 'hosts.allow'), deny: join(directory, 'hosts.deny') };
  const files = watchWrapperFiles(paths, { lookups: machine, clock }, (rules, diagnostics) => {
    last = { rules, diagnostics };
    tell?.();
  });
  // a watch keeps no process alive: acceptd's engine does
  const alive = setInterval(() => undefined, 60_000);
  t.teardown(() => {
    files.stop();
    clearInterval(alive);
  });
  const until = (isWanted: (taken: Taken) => boolean): Promise<Taken> =>
    new Promise((resolve) => {
      tell = () => {
        if (last !== undefined && isWanted(last)) resolve(last);
      };
      tell();
    });
  return { paths, files, until };
};

type Tap = { readonly teardown: (end: () => void) => unknown; readonly testdir: () => string };

const lengths = ({ rules }: Taken): string => `${rules.allow.rules.length} ${rules.deny.rules.length}`;

test('files that are not there are empty, and are read when they appear', async (t) => {
  const { paths, files, until } = watchIn(t, t.testdir());
  await files.ready;
  const first = await until(() => true);
  t.same(first.diagnostics, []);
  t.equal(lengths(first), '0 0');
  writeFileSync(paths.deny, 'ALL: ALL\n');
  await until((taken) => lengths(taken) === '0 1');
});

test('a change, a file that takes the place of another, and a removal are seen', async (t) => {
  const directory = t.testdir({ 'hosts.allow': 'sshd: 10.\n' });
  const { paths, until } = watchIn(t, directory);
  await until((taken) => lengths(taken) === '1 0');
  writeFileSync(paths.allow, 'sshd: 10.\nsshd: 11.\n');
  await until((taken) => lengths(taken) === '2 0');
  writeFileSync(join(directory, 'new'), 'sshd: 10.\nsshd: 11.\nftpd: 12.\n');
  renameSync(join(directory, 'new'), paths.allow);
  await until((taken) => lengths(taken) === '3 0');
  rmSync(paths.allow);
  await until((taken) => lengths(taken) === '0 0');
});

test('a change is seen behind a symbolic link', async (t) => {
  const directory = t.testdir({ etc: {}, real: { rules: 'ALL: ALL\n' } });
  symlinkSync('../real/rules', join(directory, 'etc', 'hosts.deny'));
  const { until } = watchIn(t, join(directory, 'etc'));
  await until((taken) => lengths(taken) === '0 1');
  writeFileSync(join(directory, 'real', 'rules'), 'ALL: ALL\nALL: ALL\n');
  await until((taken) => lengths(taken) === '0 2');
});

test('pattern files and banners that rules name are read again too', async (t) => {
  const directory = t.testdir({ lists: {}, banners: {} });
  const patterns = join(directory, 'lists', 'bad');
  writeFileSync(join(directory, 'hosts.deny'), `ALL: ${patterns}: banners ${join(directory, 'banners')}\n`);
  const { until } = watchIn(t, directory);
  await until((taken) => lengths(taken) === '0 1');
  writeFileSync(patterns, '10. 11.\n');
  await until(({ rules }) => rules.files.get(patterns)?.length === 2);
  writeFileSync(join(directory, 'banners', 'sshd'), 'Go away %h\n');
  const { rules } = await until(({ rules }) =>
    [...rules.banners.values()].some((texts) => texts.has('sshd')),
  );
  t.same(rules.banners.get(join(directory, 'banners'))?.get('sshd'), ['Go away ', { letter: 'h' }, '\r\n']);
});

test('where no change can be watched, the files are looked at every few seconds', async (t) => {
  const directory = join(t.testdir(), 'later');
  const clock = createTestClock();
  const { paths, files, until } = watchIn(t, directory, clock);
  await files.ready;
  await until((taken) => lengths(taken) === '0 0');
  clock.advance(100);
  while (clock.waiting() === 0) await setImmediate();
  mkdirSync(directory);
  writeFileSync(paths.allow, 'sshd: 10.\n');
  clock.advance(3_000);
  await until((taken) => lengths(taken) === '1 0');
});

test('a file that cannot be read keeps everybody out', async (t) => {
  const directory = t.testdir({ 'hosts.allow': {} });
  const { paths, until } = watchIn(t, directory);
  const { rules, diagnostics } = await until(() => true);
  t.equal(rules.allow.ending, 'unreadable');
  t.match(diagnostics[0]?.message, `cannot read ${paths.allow}`);
});

test('a file without permission keeps everybody out', {
  skip: process.getuid?.() === 0 && 'root may read everything',
}, async (t) => {
  const directory = t.testdir({ 'hosts.deny': 'sshd: ALL\n' });
  chmodSync(join(directory, 'hosts.deny'), 0);
  const { until } = watchIn(t, directory);
  const { rules } = await until(() => true);
  t.equal(rules.deny.ending, 'unreadable');
});

test('users and groups of options are looked up, and those that are not there are told', async (t) => {
  const directory = t.testdir({
    'hosts.allow':
      'a: ALL: user nobody\nb: ALL: user nobody.nogroup\nc: ALL: user no-such\nd: ALL: group no-such\n',
  });
  const { until } = watchIn(t, directory);
  const { rules, diagnostics } = await until((taken) => lengths(taken) === '4 0');
  t.equal(rules.users.get('nobody')?.uid, 65534);
  t.equal(rules.groups.get('nogroup'), 65534);
  t.strictSame(
    diagnostics.map(({ at, message }) => `${at.line} ${message}`),
    ["3 there is no user 'no-such'", "4 there is no group 'no-such'"],
  );
});
