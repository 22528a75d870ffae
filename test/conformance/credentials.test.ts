// Whom handlers run as, and what happens when that or their program cannot be.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Dialect } from '../../src/model/service.ts';
import { recordsUpTo, startAcceptd } from '../support/acceptd.ts';
import { exchange, exchangeDatagram } from '../support/client.ts';
import { isRoot } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort, freePorts, isPortFree } from '../support/ports.ts';
import { askForReport, complaints, isRefused, needsRoot, numberIn, recordsOf, self } from './stage.ts';

const handlers = compileHandlers('report', 'attend');
const report = `${handlers}/report`;
const attend = `${handlers}/attend`;

const dialects: readonly Dialect[] = ['acceptd', 'openbsd', 'debian', 'netbsd', 'gnu', 'busybox'];

/** Nobody of this system, as a number that no account has. */
const stranger = { uid: 61_234, gid: 61_234 };

t.test('20: an entry with an unknown user is off, said so at load, and never runs as root', async (t) => {
  const bad = await freePorts(dialects.length);
  const good = await freePort();
  const acceptd = await startAcceptd(t, {
    config: [
      ...dialects.map(
        (dialect, index) =>
          `.dialect ${dialect}\n127.0.0.1:${bad[index]} stream tcp nowait no-such-user ${report} report`,
      ),
      `127.0.0.1:${good} stream tcp nowait ${self} ${report} report`,
      '',
    ].join('\n'),
  });
  const errors = complaints(acceptd, 'error');
  for (const [index, dialect] of dialects.entries()) {
    t.match(errors[index], `line ${2 * index + 2}: there is no user 'no-such-user'`, dialect);
    t.ok(await isRefused(bad[index] ?? 0), `${dialect}: nobody listens`);
  }
  t.same((await askForReport(good)).all('argument'), ['report'], 'the others run');
});

t.test('20: neither does one with an unknown group', async (t) => {
  const [bad, good] = await freePorts(2);
  const acceptd = await startAcceptd(t, {
    config: [
      `127.0.0.1:${bad} stream tcp nowait ${self}:no-such-group ${report} report`,
      `127.0.0.1:${good} stream tcp nowait ${self} ${report} report`,
      '',
    ].join('\n'),
  });
  t.match(complaints(acceptd, 'error'), [/^line 1: there is no group 'no-such-group'/]);
  t.ok(await isRefused(bad ?? 0));
});

t.test('21: an unknown user and a datagram: one line in the log (bug 19: a loop of restarts)', async (t) => {
  const [bad, good] = await freePorts(2);
  const acceptd = await startAcceptd(t, {
    dialect: 'debian',
    config: [
      `127.0.0.1:${bad} dgram udp wait no-such-user ${attend} attend reply`,
      `127.0.0.1:${good} dgram udp wait ${self} ${attend} attend reply good`,
      '',
    ].join('\n'),
  });
  await t.rejects(
    exchangeDatagram(bad ?? 0, () => Buffer.from('x'), { timeout: 200 }),
    'nobody answers',
  );
  t.match(
    (await exchangeDatagram(good ?? 0, () => Buffer.from('hello'))).toString(),
    / good hello$/,
    'the other service does',
  );
  await acceptd.waitFor(({ event }) => event === 'exited', 'the end of the good one');
  t.ok(await isPortFree(bad ?? 0), 'the port is not even bound');
  t.equal(recordsOf(acceptd, 'started').length, 1, 'one start: that of the other service');
  t.equal(complaints(acceptd, 'error').length, 1);
});

t.test('22: a program that is not there: the client reads the end, the log has one line', async (t) => {
  const ports = await freePorts(dialects.length);
  const acceptd = await startAcceptd(t, {
    config: dialects
      .map(
        (dialect, index) =>
          `.dialect ${dialect}\n127.0.0.1:${ports[index]} stream tcp nowait ${self} /nonexistent/program program\n`,
      )
      .join(''),
  });
  t.equal(complaints(acceptd, 'warning').length, dialects.length, 'it is told at load already');
  for (const [index, dialect] of dialects.entries()) {
    t.equal(await exchange(ports[index] ?? 0, ''), '', `${dialect}: nothing and the end`);
    const service = `127.0.0.1:${ports[index]}/tcp`;
    const failed = await acceptd.waitFor(
      (record) => record.event === 'start-failed' && record.service === service,
      'the failure',
    );
    t.match(failed.fields['msg'], /\/nonexistent\/program: no such file or directory/i, dialect);
  }
  t.equal(recordsOf(acceptd, 'start-failed').length, dialects.length, 'one line for each client');
});

t.test(
  '22: a program that is not there and a datagram: it waits, tried again ever more rarely, until the program is there',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: '',
      // the daemon's directory is known only once it runs
      arguments: ['-f', '/dev/null'],
    });
    const program = join(acceptd.directory, 'late');
    await acceptd.reload(`127.0.0.1:${port} dgram udp wait ${self} ${program} late\n`);
    chmodSync(acceptd.directory, 0o755);
    const answer = exchangeDatagram(port, () => Buffer.from('patient'));
    const isLate = ({ event, fields }: { event: string; fields: Readonly<Record<string, unknown>> }) =>
      event === 'respawning' && Number(fields['pause']) >= 160;
    const late = await acceptd.waitFor(isLate, 'a pause of 160 ms');
    const told = recordsUpTo(acceptd, late);
    const pauses = told
      .filter(({ event }) => event === 'respawning')
      .map((record) => numberIn(record, 'pause'));
    t.same(
      pauses,
      pauses.map((_, index) => 10 * 2 ** index),
      'each pause is twice the one before it',
    );
    const failed = told.filter(({ event }) => event === 'start-failed');
    t.equal(failed.length, pauses.length, 'one line for each attempt');
    writeFileSync(program, `#!/bin/sh\nexec ${attend} reply late\n`, { mode: 0o755 });
    t.match((await answer).toString(), / late patient$/, 'the datagram was kept for it');
  },
);

t.test('24: a group after a dot or a colon is the only group', needsRoot, async (t) => {
  const forms = ['nobody:daemon', 'nobody.daemon'];
  const ports = await freePorts(forms.length * dialects.length);
  const rows = dialects.flatMap((dialect) => forms.map((form) => ({ dialect, form })));
  await startAcceptd(t, {
    config: rows
      .map(
        ({ dialect, form }, index) =>
          `.dialect ${dialect}\n127.0.0.1:${ports[index]} stream tcp nowait ${form} ${report} report\n`,
      )
      .join(''),
  });
  for (const [index, { dialect, form }] of rows.entries()) {
    const found = await askForReport(ports[index] ?? 0);
    t.equal(found.one('uid'), '65534 65534', `${dialect} ${form}: the user`);
    t.equal(found.one('gid'), '1 1', `${dialect} ${form}: the group`);
    t.ok(found.all('group').includes('1'), `${dialect} ${form}: it is a supplementary one`);
    t.notOk(found.all('group').includes('0'), `${dialect} ${form}: none of acceptd's own`);
  }
});

t.test('bugs 8 and 12: the group of a root entry counts', needsRoot, async (t) => {
  const ports = await freePorts(dialects.length);
  await startAcceptd(t, {
    config: dialects
      .map(
        (dialect, index) =>
          `.dialect ${dialect}\n127.0.0.1:${ports[index]} stream tcp nowait root:daemon ${report} report\n`,
      )
      .join(''),
  });
  for (const [index, dialect] of dialects.entries()) {
    const found = await askForReport(ports[index] ?? 0);
    t.equal(found.one('uid'), '0 0', dialect);
    t.equal(found.one('gid'), '1 1', `${dialect}: the group that is written`);
  }
});

t.test('a group with the number 0 counts as any other', needsRoot, async (t) => {
  const port = await freePort();
  await startAcceptd(t, {
    dialect: 'gnu',
    config: `127.0.0.1:${port} stream tcp nowait nobody:root ${report} report\n`,
  });
  const found = await askForReport(port);
  t.equal(found.one('uid'), '65534 65534');
  t.equal(found.one('gid'), '0 0');
});

t.test('bug 8: an acceptd without root runs no entry of root, only its own', needsRoot, async (t) => {
  for (const dialect of ['acceptd', 'debian', 'gnu'] as const) {
    const [rooted, foreign, own] = await freePorts(3);
    const acceptd = await startAcceptd(t, {
      dialect,
      user: stranger,
      config: [
        `127.0.0.1:${rooted} stream tcp nowait root ${report} report`,
        `127.0.0.1:${foreign} stream tcp nowait nobody ${report} report`,
        `127.0.0.1:${own} stream tcp nowait ${stranger.uid} ${report} report`,
        '',
      ].join('\n'),
    });
    t.match(
      complaints(acceptd, 'error'),
      [/^line 1: running as 'root' would need root/, /^line 2: running as 'nobody' would need root/],
      dialect,
    );
    for (const port of [rooted, foreign]) t.ok(await isRefused(port ?? 0), `${dialect}: off`);
    const found = await askForReport(own ?? 0);
    t.equal(found.one('uid'), `${stranger.uid} ${stranger.uid}`, `${dialect}: its own entry`);
    await acceptd.stop();
  }
});

t.test(
  'as an ordinary user, acceptd runs entries of that user',
  { skip: isRoot ? 'this is root' : false },
  async (t) => {
    const port = await freePort();
    await startAcceptd(t, { config: `127.0.0.1:${port} stream tcp nowait ${self} ${report} report\n` });
    t.equal((await askForReport(port)).one('uid'), `${process.getuid?.()} ${process.getuid?.()}`);
  },
);
