// Files, directories and includes on a real disk.
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { type Configuration, defaultLoadOptions, loadConfiguration } from '../../src/config/load.ts';
import { matchName } from '../../src/config/name-pattern.ts';

const entry = (port: number): string => `${port} stream tcp nowait nobody /bin/cat cat\n`;

/** Writes the files below a fresh directory and loads the first of them. */
const load = async (
  t: Test,
  files: Readonly<Record<string, string>>,
  paths: readonly string[],
  options = defaultLoadOptions,
): Promise<Configuration & { readonly ids: string; readonly messages: readonly string[] }> => {
  const root = t.testdir({});
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  const configuration = await loadConfiguration(
    paths.map((path) => join(root, path)),
    options,
  );
  return {
    ...configuration,
    files: configuration.files.map((file) => file.replace(`${root}/`, '')),
    ids: configuration.services.map(({ service }) => service.id).join(' '),
    messages: configuration.diagnostics.map(({ at, severity, message }) =>
      `${at.file}:${at.line}:${at.column} ${severity} ${message}`.replaceAll(`${root}/`, ''),
    ),
  };
};

t.test('includes are read where they stand, sorted, hidden files only when named', async (t) => {
  const found = await load(
    t,
    {
      main: `${entry(1)}.include conf.d/*.conf\n${entry(2)}`,
      'conf.d/b.conf': entry(20),
      'conf.d/a.conf': entry(10),
      'conf.d/.c.conf': entry(30),
      'conf.d/d.txt': entry(40),
    },
    ['main'],
  );
  t.equal(found.ids, '1/tcp 10/tcp 20/tcp 2/tcp');
  t.same(found.files, ['main', 'conf.d/a.conf', 'conf.d/b.conf']);
  t.same(found.messages, []);
  t.equal(found.isReadable, true);
});

t.test('dialect and default address go into an include and do not come back', async (t) => {
  const found = await load(
    t,
    {
      main: `127.0.0.1:\n.dialect netbsd\n.include sub\n${entry(1)}.dialect acceptd\n${entry(2)}`,
      sub: `${entry(10)}127.0.0.2:\n.dialect debian\n${entry(11)}`,
    },
    ['main'],
  );
  t.equal(found.ids, '127.0.0.1:10/tcp 127.0.0.2:11/tcp 127.0.0.1:1/tcp 127.0.0.1:2/tcp');
  t.same(
    found.services.map(({ service }) => service.dialect),
    ['netbsd', 'debian', 'netbsd', 'acceptd'],
  );
});

t.test(
  'a file that includes itself is read once; one included twice by two files is read twice',
  async (t) => {
    const found = await load(
      t,
      {
        main: `${entry(1)}.include a\n.include b\n`,
        a: '.include c\n.include main\n',
        b: '.include c\n',
        c: entry(2),
      },
      ['main'],
    );
    t.same(found.files, ['main', 'a', 'c', 'b', 'c']);
    t.same(found.messages, [
      'a:2:10 warning main includes itself; it is not read again',
      "c:1:1 warning '2/tcp' is already at c:1 and is replaced by this one",
    ]);
  },
);

t.test('a pattern without a match is fine, a missing file that is named is not', async (t) => {
  const found = await load(t, { main: `.include none/*\n.include missing\n${entry(1)}` }, ['main']);
  t.same(found.messages, ['main:2:10 error cannot read missing: no such file or directory']);
  t.equal(found.isReadable, false);
  t.equal(found.ids, '1/tcp');
  const there = await load(t, { main: `.include missing\n` }, ['main'], {
    ...defaultLoadOptions,
    dialect: 'netbsd',
  });
  t.same(there.messages, []);
});

t.test('a missing file says so and makes the configuration unreadable', async (t) => {
  const found = await load(t, { main: entry(1) }, ['absent', 'main']);
  t.same(found.messages, ['absent:1:1 error cannot read absent: no such file or directory']);
  t.equal(found.isReadable, false);
  t.equal(found.ids, '1/tcp');
});

t.test('an empty file is readable and has no services', async (t) => {
  const found = await load(t, { main: '' }, ['main']);
  t.equal(found.isReadable, true);
  t.same(found.services, []);
});

t.test(
  'of a directory every file is read but backups, and a default address stays in its file',
  async (t) => {
    const found = await load(
      t,
      {
        'inetd.d/b': entry(2),
        'inetd.d/a': `127.0.0.2:\n${entry(1)}`,
        'inetd.d/a~': entry(3),
        'inetd.d/.hidden': entry(4),
        'inetd.d/c.dpkg-old': entry(5),
        'inetd.d/sub/d': entry(6),
      },
      ['inetd.d'],
      { ...defaultLoadOptions, dialect: 'gnu' },
    );
    t.equal(found.ids, '127.0.0.2:1/tcp 2/tcp');
    t.same(found.messages, [
      'inetd.d/.hidden:1:1 warning inetd.d/.hidden is not read: its name is one of a hidden file or a backup',
      'inetd.d/a~:1:1 warning inetd.d/a~ is not read: its name is one of a hidden file or a backup',
      'inetd.d/c.dpkg-old:1:1 warning inetd.d/c.dpkg-old is not read: its name is one of a hidden file or a backup',
    ]);
  },
);

t.test('a link to a file is followed, a broken one in a pattern is left out', async (t) => {
  const root = t.testdir({ main: '.include conf.d/*', target: entry(1), 'conf.d': {} });
  await symlink(join(root, 'target'), join(root, 'conf.d/a'));
  await symlink(join(root, 'nowhere'), join(root, 'conf.d/b'));
  const { services, diagnostics } = await loadConfiguration([join(root, 'main')], defaultLoadOptions);
  t.same(
    services.map(({ service }) => service.id),
    ['1/tcp'],
  );
  t.same(diagnostics, []);
});

t.test(
  'a file without permission is unreadable',
  { skip: process.getuid?.() === 0 && 'root may read everything' },
  async (t) => {
    const root = t.testdir({ main: entry(1) });
    await chmod(join(root, 'main'), 0);
    const { isReadable, diagnostics } = await loadConfiguration([join(root, 'main')], defaultLoadOptions);
    t.equal(isReadable, false);
    t.match(diagnostics, [{ message: /permission denied/ }]);
  },
);

t.test('options of the command line are the defaults of entries', async (t) => {
  const text = `${entry(1)}2 stream tcp nowait/4/5/6 nobody /bin/cat cat\n3 stream tcp wait nobody /bin/cat cat\n`;
  const found = await load(t, { main: text }, ['main'], {
    ...defaultLoadOptions,
    dialect: 'freebsd',
    defaultRate: 0,
    defaultInstances: 7,
    defaultPerSource: 8,
    defaultPerSourceRate: 9,
    listenHost: '127.0.0.1',
    backlog: 99,
    hasAddressVariables: true,
    keepsEnvironment: true,
  });
  const [first, second, third] = found.services.map(({ service }) => service);
  t.match(first, {
    id: '127.0.0.1:1/tcp',
    limits: { instances: 7, perSource: 8, perSourceRate: { count: 9, window: 60_000 }, rate: undefined },
    socket: { backlog: 99 },
    surroundings: { hasAddressVariables: true, hasFd3: false, passedVariables: ['*'] },
  });
  t.match(second?.limits, { instances: 4, perSource: 6, perSourceRate: { count: 5 } });
  t.match(third?.limits, { instances: 1 });
  t.equal(third?.surroundings.hasAddressVariables, false);
});

t.test('the rate of the command line is the rate of entries without one', async (t) => {
  const text = `${entry(1)}2 stream tcp nowait.50 nobody /bin/cat cat\n3 stream tcp nowait.5 nobody /bin/cat cat\n`;
  for (const [dialect, counts] of [
    ['openbsd', [20, 50, 5]],
    ['gnu', [20, 20, 5]],
    ['acceptd', [20, 50, 5]],
  ] as const) {
    const found = await load(t, { main: text }, ['main'], {
      ...defaultLoadOptions,
      dialect,
      defaultRate: 20,
    });
    t.same(
      found.services.map(({ service }) => service.limits.rate?.count),
      counts,
      dialect,
    );
  }
});

t.test('entries below an IPsec policy are served when told so', async (t) => {
  const text = `#@ in ipsec ah/require\n${entry(1)}`;
  const found = await load(t, { main: text }, ['main'], {
    ...defaultLoadOptions,
    dialect: 'netbsd',
    servesWithoutIpsec: true,
  });
  t.equal(found.ids, '1/tcp');
  t.same(found.messages, ['main:1:1 warning the IPsec policy is not applied']);
});

t.test('text that is not UTF-8 is refused only where it would be used', async (t) => {
  const root = t.testdir({});
  const latin1 = Buffer.from(`# caf\xe9\n${entry(1)}2 stream tcp nowait nobody /bin/cat caf\xe9\n`, 'latin1');
  await writeFile(join(root, 'main'), latin1);
  const { services, diagnostics } = await loadConfiguration([join(root, 'main')], defaultLoadOptions);
  t.equal(services.length, 1);
  t.match(diagnostics, [{ at: { line: 3, column: 37 }, message: 'this is not text in UTF-8' }]);
});

t.test('patterns match names', async (t) => {
  for (const [pattern, name, isMatch] of [
    ['*', 'a', true],
    ['*', '.a', false],
    ['.*', '.a', true],
    ['*.conf', 'a.conf', true],
    ['*.conf', 'a.conf~', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXbYbZ', false],
    ['?', 'é', true],
    ['?', '\u{1F600}', true],
    ['??', 'a', false],
    ['[abc]x', 'bx', true],
    ['[a-c]x', 'dx', false],
    ['[!a-c]x', 'dx', true],
    ['[]]x', ']x', true],
    ['[x', '[x', true],
    ['a-]', 'a-]', true],
    ['********************b', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', false],
  ] as const) {
    t.equal(matchName(pattern, name), isMatch, `${pattern} ${name}`);
  }
});
