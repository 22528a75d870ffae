// What the words of a configuration mean: the cases of spec/inetd.md about syntax, with real listeners and clients.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Dialect } from '../../src/model/service.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { askForReport, complaints, isRefused, listenerInodes, self } from './stage.ts';

const handlers = compileHandlers('report', 'attend');
const report = `${handlers}/report`;
const attend = `${handlers}/attend`;

/** Configurations of several dialects in one file, each below its `.dialect`; `entry` makes the lines of one. */
const inDialects = async (
  dialects: readonly Dialect[],
  entry: (port: number, dialect: Dialect) => string,
): Promise<{ readonly config: string; readonly ports: ReadonlyMap<Dialect, number> }> => {
  const ports = new Map<Dialect, number>();
  let config = '';
  for (const dialect of dialects) {
    const port = await freePort();
    ports.set(dialect, port);
    config += `.dialect ${dialect}\n${entry(port, dialect)}\n`;
  }
  return { config, ports };
};

const withHosts = ['acceptd', 'openbsd', 'debian', 'netbsd', 'gnu', 'busybox'] as const;

t.test('2: an entry without arguments has the name of its program as argv[0]', async (t) => {
  const { config, ports } = await inDialects(
    withHosts,
    (port) => `127.0.0.1:${port} stream tcp nowait ${self} ${report}`,
  );
  await startAcceptd(t, { config });
  for (const [dialect, port] of ports) {
    const found = (await askForReport(port)).all('argument');
    if (dialect === 'busybox') t.same(found, [report], 'busybox: the whole path');
    // Linux gives a program that is started with no argv an empty argv[0]
    else if (dialect === 'netbsd') t.same(found.join(''), '', 'netbsd: none at all');
    else t.same(found, ['report'], `${dialect}: the last part of the path`);
  }
});

t.test('4: quotes make one argument of words, except where a dialect takes them literally', async (t) => {
  const { config, ports } = await inDialects(
    withHosts,
    (port) => `127.0.0.1:${port} stream tcp nowait ${self} ${report} report "two words" 'x y'`,
  );
  await startAcceptd(t, { config });
  for (const [dialect, port] of ports) {
    const expected = ['openbsd', 'debian', 'busybox'].includes(dialect)
      ? ['report', '"two', 'words"', "'x", "y'"]
      : ['report', 'two words', 'x y'];
    t.same((await askForReport(port)).all('argument'), expected, dialect);
  }
});

t.test('5: an indented comment is a comment, and the entry after it lives', async (t) => {
  for (const dialect of withHosts) {
    const [before, after] = await freePorts(2);
    const config = [
      `127.0.0.1:${before} stream tcp nowait ${self} ${report} report one`,
      '  # note',
      `127.0.0.1:${after} stream tcp nowait ${self} ${report} report two`,
      '',
    ].join('\n');
    const acceptd = await startAcceptd(t, { config, dialect });
    t.same((await askForReport(before ?? 0)).all('argument'), ['report', 'one'], `${dialect}: above it`);
    t.same((await askForReport(after ?? 0)).all('argument'), ['report', 'two'], `${dialect}: below it`);
    t.same(complaints(acceptd, 'error'), [], `${dialect}: no error`);
    await acceptd.stop();
  }
});

t.test(
  '6: an entry goes on in indented lines, for IPv6 as for IPv4 (bug 15: the IPv6 half was lost)',
  async (t) => {
    const { config, ports } = await inDialects(['acceptd', 'openbsd', 'debian', 'netbsd'], (port, dialect) =>
      [
        `${port} stream tcp`,
        `\tnowait ${self}`,
        `    ${report} report ${dialect} continued`,
        'no such entry tcp',
      ].join('\n'),
    );
    const acceptd = await startAcceptd(t, { config });
    for (const [dialect, port] of ports) {
      const expected = ['report', dialect, 'continued'];
      t.same((await askForReport(port)).all('argument'), expected, `${dialect}: IPv4`);
      if (dialect === 'acceptd' || dialect === 'debian')
        t.same((await askForReport(port, '::1')).all('argument'), expected, `${dialect}: IPv6`);
    }
    t.equal(
      complaints(acceptd, 'error').filter((complaint) => /'no' has|of 6 fields/.test(complaint)).length,
      ports.size,
      'a mistake is told once, also where tcp stands for two sockets',
    );
  },
);

t.test('6: where lines do not go on, an indented entry is an entry of its own', async (t) => {
  const { config, ports } = await inDialects(
    ['gnu', 'busybox'],
    (port) => `# above\n   127.0.0.1:${port} stream tcp nowait ${self} ${report} report indented`,
  );
  await startAcceptd(t, { config });
  for (const [dialect, port] of ports)
    t.same((await askForReport(port)).all('argument'), ['report', 'indented'], dialect);
});

t.test('8: a short line is one error with its place, and the entries around it run', async (t) => {
  const { config, ports } = await inDialects(
    ['acceptd', 'openbsd', 'debian', 'netbsd', 'gnu', 'busybox'],
    (port) =>
      `127.0.0.1:5001 stream tcp nowait nobody\n127.0.0.1:${port} stream tcp nowait ${self} ${report} report`,
  );
  const acceptd = await startAcceptd(t, { config });
  for (const [dialect, port] of ports)
    t.same((await askForReport(port)).all('argument'), ['report'], `${dialect}: the good line works`);
  const errors = complaints(acceptd, 'error');
  t.same(
    errors.map((error) => error.split(':')[0]),
    [...ports.keys()].map((_, index) => `line ${3 * index + 2}`),
    'one error each, with its line',
  );
  t.match(errors[0], /5 of 6 fields; the program is missing/);
});

t.test('8: a short line does not end a daemon of the FreeBSD dialect, at start or at HUP', async (t) => {
  const port = await freePort();
  const config = (word: string) =>
    `echo stream tcp nowait\n${port} stream tcp nowait ${self} ${report} ${word}\n`;
  const acceptd = await startAcceptd(t, { config: config('before'), dialect: 'freebsd' });
  t.same((await askForReport(port)).all('argument'), ['before']);
  await acceptd.reload(config('after'));
  t.same((await askForReport(port)).all('argument'), ['after'], 'it lives and serves');
});

t.test('9: an entry of 3000 bytes arrives whole', async (t) => {
  // more than 20 arguments too, which is where other inetds stop counting
  const words = Array.from({ length: 300 }, (_, index) => `word-${String(index).padStart(4, '0')}`);
  const { config, ports } = await inDialects(
    withHosts,
    (port) => `127.0.0.1:${port} stream tcp nowait ${self} ${report} ${words.join(' ')}`,
  );
  t.ok(words.join(' ').length > 2900);
  const acceptd = await startAcceptd(t, { config });
  for (const [dialect, port] of ports)
    t.same((await askForReport(port)).all('argument'), words, `${dialect}: all ${words.length} arguments`);
  t.same(complaints(acceptd, 'error'), [], 'no rest of the line is read as another entry');
});

t.test('10: ports 0 and 70000 are errors, and nothing is bound for them', async (t) => {
  const { config, ports } = await inDialects(withHosts, (port) =>
    ['0', '70000', `${port}`]
      .map((service) => `127.0.0.1:${service} stream tcp nowait ${self} ${report} report`)
      .join('\n'),
  );
  const acceptd = await startAcceptd(t, { config });
  for (const [dialect, port] of ports)
    t.same((await askForReport(port)).all('argument'), ['report'], `${dialect}: the good line works`);
  const errors = complaints(acceptd, 'error');
  t.equal(errors.filter((error) => /no port 0\b/.test(error)).length, ports.size);
  t.equal(errors.filter((error) => /no port 70000/.test(error)).length, ports.size);
  t.equal(
    acceptd.records.filter(({ event }) => event === 'listening').length,
    ports.size,
    'no random port, and not 70000 modulo 65536',
  );
});

t.test('12: a list of addresses listens on each of them and nowhere else', async (t) => {
  const { config, ports } = await inDialects(
    withHosts,
    (port) => `127.0.0.1,127.0.0.2:${port} stream tcp nowait ${self} ${report} report`,
  );
  await startAcceptd(t, { config });
  for (const [dialect, port] of ports) {
    t.same((await askForReport(port, '127.0.0.1')).all('argument'), ['report'], `${dialect}: the first`);
    t.same((await askForReport(port, '127.0.0.2')).all('argument'), ['report'], `${dialect}: the second`);
    t.ok(await isRefused(port, '127.0.0.3'), `${dialect}: no other`);
  }
});

t.test('13: an IPv6 address may stand in brackets or without', async (t) => {
  for (const form of ['[::1]', '::1']) {
    const { config, ports } = await inDialects(
      withHosts,
      (port) => `${form}:${port} stream tcp6 nowait ${self} ${report} report`,
    );
    const acceptd = await startAcceptd(t, { config });
    for (const [dialect, port] of ports) {
      t.same((await askForReport(port, '::1')).all('argument'), ['report'], `${dialect}: ${form}`);
      t.ok(await isRefused(port, '127.0.0.1'), `${dialect}: ${form} is not IPv4`);
    }
    await acceptd.stop();
  }
});

t.test(
  '14: an address alone is that of the lines below it, until *: ends it (bug 4: GNU used freed memory then)',
  async (t) => {
    for (const dialect of withHosts) {
      const [bound, everywhere] = await freePorts(2);
      const acceptd = await startAcceptd(t, {
        dialect,
        config: [
          '127.0.0.2:',
          `${bound} stream tcp nowait ${self} ${report} report bound`,
          '*:',
          `${everywhere} stream tcp nowait ${self} ${report} report everywhere`,
          '',
        ].join('\n'),
      });
      t.same((await askForReport(bound ?? 0, '127.0.0.2')).all('argument'), ['report', 'bound'], dialect);
      t.ok(await isRefused(bound ?? 0, '127.0.0.1'), `${dialect}: the first is only there`);
      for (const host of ['127.0.0.1', '127.0.0.2'])
        t.same(
          (await askForReport(everywhere ?? 0, host)).all('argument'),
          ['report', 'everywhere'],
          `${dialect}: the second is at ${host}`,
        );
      await acceptd.stop();
    }
  },
);

t.test('bug 5: a default address ends with its file, and a reload begins without one', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-inetd.d-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const [first, second, third] = await freePorts(3);
  const line = (port: number | undefined, word: string) =>
    `${port} stream tcp nowait ${self} ${report} report ${word}\n`;
  writeFileSync(join(directory, 'a'), line(first, 'first'));
  writeFileSync(join(directory, 'b'), `127.0.0.2:\n${line(second, 'second')}`);
  writeFileSync(join(directory, 'c'), line(third, 'third'));
  writeFileSync(join(directory, '.hidden'), 'not an entry\n');
  writeFileSync(join(directory, 'b~'), 'not an entry\n');
  mkdirSync(join(directory, 'deeper'));
  const acceptd = await startAcceptd(t, { config: '', dialect: 'gnu', arguments: ['-f', directory] });
  const inodes = () => [first, second, third].map((port) => listenerInodes(port ?? 0));
  const atStart = inodes();
  const check = async (when: string) => {
    t.same((await askForReport(first ?? 0)).all('argument'), ['report', 'first'], `${when}: everywhere`);
    t.ok(await isRefused(second ?? 0), `${when}: only at its address`);
    t.same((await askForReport(second ?? 0, '127.0.0.2')).all('argument'), ['report', 'second'], when);
    t.same(
      (await askForReport(third ?? 0)).all('argument'),
      ['report', 'third'],
      `${when}: everywhere again`,
    );
  };
  await check('at start');
  t.same(complaints(acceptd, 'error'), [], 'hidden files, backups and directories are not read');
  const applied = await acceptd.reload('');
  t.equal(applied.fields['kept'], 3, 'all sockets are kept, though they come from several files');
  t.same(inodes(), atStart, 'they are the same sockets');
  await check('after a reload');
});

t.test('16: tcp4 and tcp6 share a port as two sockets', async (t) => {
  const { config, ports } = await inDialects(
    ['acceptd', 'openbsd', 'debian', 'freebsd', 'netbsd', 'gnu'],
    (port) =>
      [4, 6].map((version) => `${port} stream tcp${version} nowait ${self} ${report} v${version}`).join('\n'),
  );
  const acceptd = await startAcceptd(t, { config });
  for (const [dialect, port] of ports) {
    t.same((await askForReport(port, '127.0.0.1')).all('argument'), ['v4'], `${dialect}: IPv4`);
    t.same((await askForReport(port, '::1')).all('argument'), ['v6'], `${dialect}: IPv6`);
  }
  t.same(
    acceptd.records.filter(({ event }) => event === 'listen-failed'),
    [],
    'no clash',
  );
});

t.test('17: tcp46 is one socket, at which IPv4 clients are mapped ones', async (t) => {
  const { config, ports } = await inDialects(
    ['acceptd', 'debian', 'freebsd'],
    (port) => `${port} stream tcp46 nowait ${self} ${attend} attend describe`,
  );
  await startAcceptd(t, { config });
  for (const [dialect, port] of ports) {
    t.equal(listenerInodes(port).length, 1, `${dialect}: one socket`);
    t.match((await askForReport(port, '127.0.0.1')).one('remote'), /^inet6 ::ffff:127\.0\.0\.1 /, dialect);
    t.match((await askForReport(port, '::1')).one('remote'), /^inet6 ::1 /, `${dialect}: IPv6 too`);
  }
});

t.test('17: the address variables show an IPv4 client of tcp46 as IPv4', async (t) => {
  const port = await freePort();
  await startAcceptd(t, { config: `${port} stream tcp46 nowait ${self} ${report} report\n` });
  const environment = (await askForReport(port, '127.0.0.1')).all('environment');
  t.ok(environment.includes('REMOTE_ADDR=127.0.0.1'), environment.join(' '));
});

t.test('18: buffer sizes after the protocol are set, and a wrong key turns the entry off', async (t) => {
  const most = Number(readFileSync('/proc/sys/net/core/wmem_max', 'latin1'));
  for (const dialect of ['acceptd', 'debian', 'netbsd'] as const) {
    const [good, bad] = await freePorts(2);
    const acceptd = await startAcceptd(t, {
      dialect,
      config: [
        `127.0.0.1:${good} stream tcp4,rcvbuf=64k,sndbuf=1m nowait ${self} ${attend} attend describe`,
        `127.0.0.1:${bad} stream tcp4,rcvbf=1 nowait ${self} ${attend} attend describe`,
        '',
      ].join('\n'),
    });
    const found = await askForReport(good ?? 0);
    // the kernel doubles what it is told, for its own bookkeeping
    t.equal(found.one('rcvbuf'), `${2 * 65_536}`, `${dialect}: the receive buffer`);
    t.equal(found.one('sndbuf'), `${2 * Math.min(1_048_576, most)}`, `${dialect}: the send buffer`);
    t.ok(await isRefused(bad ?? 0), `${dialect}: the wrong entry is off`);
    t.match(complaints(acceptd, 'error'), [/^line 2: unknown protocol option 'rcvbf'/], dialect);
    await acceptd.stop();
  }
});

t.test('a file with CRLF and a byte order mark reads as any other', async (t) => {
  for (const dialect of withHosts) {
    const [first, second] = await freePorts(2);
    const acceptd = await startAcceptd(t, {
      dialect,
      config: [first, second]
        .map((port) => `127.0.0.1:${port} stream tcp nowait ${self} ${report} report last\r\n`)
        .join('')
        .replace(/^/, '\ufeff'),
    });
    for (const port of [first, second])
      t.same((await askForReport(port ?? 0)).all('argument'), ['report', 'last'], dialect);
    t.same(complaints(acceptd, 'error'), [], `${dialect}: no error`);
    await acceptd.stop();
  }
});

t.test(
  'a program without a slash is searched in PATH natively and by busybox, and nowhere else',
  async (t) => {
    const { config, ports } = await inDialects(
      withHosts,
      (port) => `127.0.0.1:${port} stream tcp nowait ${self} echo echo found`,
    );
    await startAcceptd(t, { config });
    for (const [dialect, port] of ports) {
      const isSearched = dialect === 'acceptd' || dialect === 'busybox';
      t.equal(await exchange(port, ''), isSearched ? 'found\n' : '', dialect);
    }
  },
);

t.test('of two entries for one service the last counts, and a warning says so', async (t) => {
  const { config, ports } = await inDialects(withHosts, (port) =>
    ['first', 'last']
      .map((word) => `127.0.0.1:${port} stream tcp nowait ${self} ${report} report ${word}`)
      .join('\n'),
  );
  const acceptd = await startAcceptd(t, { config });
  for (const [dialect, port] of ports)
    t.same((await askForReport(port)).all('argument'), ['report', 'last'], dialect);
  t.equal(
    complaints(acceptd, 'warning').filter((each) => /is replaced by this one/.test(each)).length,
    ports.size,
  );
});
