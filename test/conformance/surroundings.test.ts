// What a handler finds at its start, in each dialect (design.md, section 7).
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { Dialect } from '../../src/model/service.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { askForReport, needsRoot, type Report, recordsOf, self, visit } from './stage.ts';

const handlers = compileHandlers('report', 'attend');
const report = `${handlers}/report`;
const attend = `${handlers}/attend`;

const classic: readonly Dialect[] = ['openbsd', 'debian', 'netbsd', 'gnu', 'busybox'];

/** The numbers of the descriptors that are there. */
const descriptorsOf = (found: Report): readonly string[] =>
  found
    .all('descriptor')
    .map((line) => line.split(' ')[0] ?? '')
    .toSorted();

/** `socket blocking INODE` of one descriptor. */
const descriptorOf = (found: Report, number: number): string | undefined =>
  found
    .all('descriptor')
    .find((line) => line.startsWith(`${number} `))
    ?.slice(`${number} `.length);

const variablesOf = (found: Report): ReadonlyMap<string, string> =>
  new Map(
    found.all('environment').map((each) => {
      const equals = each.indexOf('=');
      return [each.slice(0, equals), each.slice(equals + 1)];
    }),
  );

const checkSignalsAndSession = (t: Test, found: Report): void => {
  t.equal(found.one('session'), found.one('pid'), 'it leads a new session');
  t.equal(found.one('group-leader'), found.one('pid'), 'and a group of its own');
  // bug 7: GNU's inetd and rlinetd left SIGPIPE ignored
  t.match(found.one('SigIgn'), /^0+$/, 'no signal is ignored, SIGPIPE neither');
  t.match(found.one('SigCgt'), /^0+$/, 'nor caught');
  t.match(found.one('SigBlk'), /^0+$/, 'nor blocked');
};

t.test('1: argv, descriptors, credentials, session and signals (bug 7), natively', needsRoot, async (t) => {
  const port = await freePort();
  await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp4 nowait nobody ${report} report a b\n`,
    arguments: ['--log-level', 'debug'],
  });
  const found = await askForReport(port);
  t.same(found.all('argument'), ['report', 'a', 'b']);
  t.same(descriptorsOf(found), ['0', '1', '2', '3'], 'no other descriptor');
  t.match(descriptorOf(found, 0), /^socket blocking /);
  t.equal(descriptorOf(found, 1), descriptorOf(found, 0), 'stdout is the connection');
  t.equal(descriptorOf(found, 3), descriptorOf(found, 0), 'and so is descriptor 3');
  t.not(descriptorOf(found, 2), descriptorOf(found, 0), 'stderr is the log');
  t.equal(found.one('uid'), '65534 65534');
  t.equal(found.one('gid'), '65534 65534');
  t.same(found.all('group'), ['65534']);
  checkSignalsAndSession(t, found);
  const variables = variablesOf(found);
  t.equal(variables.get('LISTEN_FDS'), '1');
  t.equal(variables.get('LISTEN_PID'), found.one('pid'));
  t.equal(variables.get('LISTEN_FDNAMES'), 'connection');
  t.equal(variables.get('PROTO'), 'TCP');
  t.equal(variables.get('TCPREMOTEIP'), '127.0.0.1');
  t.equal(variables.get('TCPLOCALPORT'), `${port}`);
});

t.test(
  '1: argv, descriptors, credentials, session and signals in the classic dialects',
  needsRoot,
  async (t) => {
    const ports = await freePorts(classic.length);
    const config = classic
      .map((dialect, index) => {
        const word = dialect === 'busybox' ? 'tcp' : 'tcp4';
        return `.dialect ${dialect}\n127.0.0.1:${ports[index]} stream ${word} nowait nobody ${report} report a b\n`;
      })
      .join('');
    await startAcceptd(t, { config });
    for (const [index, dialect] of classic.entries())
      await t.test(dialect, async (t) => {
        const found = await askForReport(ports[index] ?? 0);
        t.same(found.all('argument'), ['report', 'a', 'b']);
        t.same(descriptorsOf(found), ['0', '1', '2'], 'no other descriptor, descriptor 3 neither');
        t.match(descriptorOf(found, 0), /^socket blocking /);
        t.equal(descriptorOf(found, 1), descriptorOf(found, 0));
        t.equal(descriptorOf(found, 2), descriptorOf(found, 0), 'stderr is the client');
        t.equal(found.one('uid'), '65534 65534');
        t.equal(found.one('gid'), '65534 65534');
        t.same(found.all('group'), ['65534']);
        checkSignalsAndSession(t, found);
        t.same([...variablesOf(found).keys()], ['PATH'], 'nothing in the environment but a path');
        if (dialect === 'openbsd' || dialect === 'debian') t.equal(found.one('umask'), '22');
      });
  },
);

t.test('1: a stream handler finds a stream connection, a wait server a listener', async (t) => {
  const [nowait, wait] = await freePorts(2);
  await startAcceptd(t, {
    config: [
      `127.0.0.1:${nowait} stream tcp nowait ${self} ${attend} attend stay nowait`,
      `127.0.0.1:${wait} stream tcp wait ${self} ${attend} attend stay wait`,
      '',
    ].join('\n'),
  });
  const guests = await Promise.all([visit(nowait ?? 0), visit(wait ?? 0)]);
  const [first, second] = await Promise.all(guests.map((guest) => guest.firstLine()));
  t.match(first, / connected nowait$/);
  t.match(second, / listener wait$/);
  await Promise.all(guests.map((guest) => guest.leave()));
});

t.test(
  'what a handler writes to stderr reaches the client in classic dialects, the log natively',
  async (t) => {
    const [classicPort, nativePort] = await freePorts(2);
    const line = `stream tcp nowait ${self} /bin/sh sh -c "echo complaint >&2"`;
    const script = (port: number | undefined) => `127.0.0.1:${port} ${line}\n`;
    const acceptd = await startAcceptd(t, {
      // the GNU dialect understands quotes
      config: `.dialect gnu\n${script(classicPort)}.dialect acceptd\n${script(nativePort)}`,
    });
    t.equal(await exchange(classicPort ?? 0, ''), 'complaint\n', 'the client reads it');
    t.equal(await exchange(nativePort ?? 0, ''), '', 'the client does not');
    const said = await acceptd.waitFor(({ event }) => event === 'handler-said', 'a line of the handler');
    t.equal(said.fields['msg'], 'complaint');
    t.equal(said.service, `127.0.0.1:${nativePort}/tcp`);
    t.type(said.pid, 'number');
  },
);

t.test("acceptd's own environment is not inherited, and passenv = * is the -E of inetd", async (t) => {
  const [clean, passed] = await freePorts(2);
  const acceptd = await startAcceptd(t, {
    environment: { LD_BIND_NOW: '1', HOME: '/secret', OWN: 'yes', NODE_ENV: 'test' },
    config: [
      '.dialect debian',
      `127.0.0.1:${clean} stream tcp nowait ${self} ${report} report`,
      '.dialect acceptd',
      `${passed} on bind = 127.0.0.1, protocol = tcp4, user = ${self}, exec = ${report}, args = report, passenv = *;`,
      '',
    ].join('\n'),
  });
  t.same(recordsOf(acceptd, 'diagnostic'), []);
  t.same([...variablesOf(await askForReport(clean ?? 0)).keys()], ['PATH']);
  const variables = variablesOf(await askForReport(passed ?? 0));
  t.equal(variables.get('OWN'), 'yes');
  t.equal(variables.get('HOME'), '/secret');
  t.equal(variables.get('NODE_ENV'), undefined, "what speaks of acceptd's own runtime is never passed");
});

t.test('bug 20: NOTIFY_SOCKET and the watchdog of acceptd do not leak into handlers', async (t) => {
  const ports = await freePorts(2);
  const own = {
    NOTIFY_SOCKET: '/run/nobody-listens-here',
    WATCHDOG_USEC: '60000000',
    WATCHDOG_PID: '1',
    LISTEN_PID: '1',
    LISTEN_FDS: '7',
  };
  await startAcceptd(t, {
    environment: own,
    config: [
      '.dialect debian',
      `127.0.0.1:${ports[0]} stream tcp nowait ${self} ${report} report`,
      '.dialect acceptd',
      `${ports[1]} on bind = 127.0.0.1, protocol = tcp4, user = ${self}, exec = ${report}, passenv = *, fd3 = no;`,
      '',
    ].join('\n'),
  });
  for (const port of ports) {
    const variables = variablesOf(await askForReport(port));
    for (const name of Object.keys(own)) t.notOk(variables.has(name), name);
  }
});

t.test("bug 6: one client's address does not reach the handlers of others", async (t) => {
  const [stream, wait, unaddressed] = await freePorts(3);
  const acceptd = await startAcceptd(t, {
    config: [
      `127.0.0.1,127.0.0.2:${stream} stream tcp nowait ${self} ${report} report`,
      `127.0.0.1:${wait} stream tcp wait ${self} /bin/sh sh -c "exec ${report} >&2"`,
      '.dialect gnu',
      `127.0.0.1:${unaddressed} stream tcp nowait ${self} ${report} report`,
      '',
    ].join('\n'),
  });
  const first = variablesOf(await askForReport(stream ?? 0));
  t.equal(first.get('TCPREMOTEIP'), '127.0.0.1');
  const second = variablesOf(await askForReport(stream ?? 0, '127.0.0.2'));
  t.equal(second.get('TCPLOCALIP'), '127.0.0.2', 'the second finds its own');
  t.not(second.get('TCPREMOTEPORT'), first.get('TCPREMOTEPORT'));
  t.same([...variablesOf(await askForReport(unaddressed ?? 0)).keys()], ['PATH']);
  // the server of a whole socket says what it found in the log, and leaves the client waiting
  const guest = await visit(wait ?? 0);
  await acceptd.waitFor(
    ({ event, service, fields }) =>
      event === 'handler-said' &&
      service === `127.0.0.1:${wait}/tcp` &&
      /^environment PATH=/.test(`${fields['msg']}`),
    'the environment of the wait server',
  );
  await acceptd.waitFor(
    ({ event, service }) => event === 'exited' && service === `127.0.0.1:${wait}/tcp`,
    'its end',
  );
  const said = recordsOf(acceptd, 'handler-said').map(({ fields }) => `${fields['msg']}`);
  t.same(
    said.filter((line) => /^environment (?:REMOTE_|TCP|PROTO|LISTEN_)/.test(line)),
    [],
  );
  guest.socket.destroy();
});

t.test("handlers have the usual limit of descriptors, not acceptd's raised one", async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    under: ['prlimit', '--nofile=1024:2000'],
    config: `127.0.0.1:${port} stream tcp nowait ${self} ${report} report\n`,
  });
  const own = readFileSync(`/proc/${acceptd.pid}/limits`, 'latin1');
  t.match(own, /^Max open files\s+2000\s+2000/m, 'acceptd has raised its own');
  const limit = (await askForReport(port)).all('limit').find((line) => line.startsWith('7 '));
  t.equal(limit, '7 1024 2000', 'RLIMIT_NOFILE of the handler, soft and hard');
});
