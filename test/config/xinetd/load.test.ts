// An xinetd.conf on a real disk: which files it is made of, and in which order they count.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { type Configuration, defaultLoadOptions, loadConfiguration } from '../../../src/config/load.ts';
import { splitText } from '../../../src/config/source.ts';
import { readEntries } from '../../../src/config/xinetd/entries.ts';
import { isXinetd } from '../../../src/config/xinetd/language.ts';
import { readMeaning } from '../../../src/config/xinetd/meaning.ts';
import { createBreather, runInPieces } from '../../../src/model/pieces.ts';

const service = (name: string, port: number, more = ''): string =>
  `service ${name}\n{\n type = UNLISTED\n port = ${port}\n socket_type = stream\n wait = no\n user = root\n server = /bin/cat\n${more}}\n`;
const line = (port: number): string => `${port} stream tcp nowait nobody /bin/cat cat\n`;

type Found = Configuration & { readonly ids: string; readonly messages: readonly string[] };

const load = async (
  t: Test,
  files: Readonly<Record<string, string>>,
  paths: readonly string[],
  options = defaultLoadOptions,
  prepare: (root: string) => Promise<unknown> = async () => undefined,
): Promise<Found> => {
  const root = t.testdir({});
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text.replaceAll('ROOT', root));
  }
  await prepare(root);
  const configuration = await loadConfiguration(
    paths.map((path) => join(root, path)),
    options,
  );
  return {
    ...configuration,
    files: configuration.files.map((file) => file.replace(`${root}/`, '')),
    ids: configuration.services.map(({ service: { id } }) => id).join(' '),
    messages: configuration.diagnostics.map(({ at, severity, message }) =>
      `${at.file}:${at.line}:${at.column} ${severity} ${message}`.replaceAll(`${root}/`, ''),
    ),
  };
};

t.test('of an included directory names with a dot or a tilde at their end are left out', async (t) => {
  const found = await load(
    t,
    {
      'xinetd.conf': `defaults\n{\n instances = 7\n}\nincludedir ROOT/xinetd.d\n${service('last', 9)}`,
      'xinetd.d/b': service('b', 2),
      'xinetd.d/Upper': service('upper', 1),
      'xinetd.d/#x': service('hash', 3),
      'xinetd.d/a b': service('blank', 4),
      'xinetd.d/c~': service('tilde', 5),
      'xinetd.d/c.conf': service('dot', 6),
      'xinetd.d/c.dpkg-old': service('old', 7),
      'xinetd.d/sub/x': service('deep', 8),
    },
    ['xinetd.conf'],
    defaultLoadOptions,
    async (root) => {
      await symlink(join(root, 'xinetd.d/b'), join(root, 'xinetd.d/link'));
      await symlink(join(root, 'nowhere'), join(root, 'xinetd.d/dangling'));
    },
  );
  t.equal(found.ids, 'hash upper blank b last');
  t.same(found.files, [
    'xinetd.conf',
    'xinetd.d/#x',
    'xinetd.d/Upper',
    'xinetd.d/a b',
    'xinetd.d/b',
    'xinetd.d/link',
  ]);
  t.same(found.messages, [
    'xinetd.d/c.conf:1:1 warning xinetd.d/c.conf is not read: its name has a dot, and includedir leaves such files out',
    'xinetd.conf:5:12 warning xinetd.d/dangling is not a regular file and is skipped',
    'xinetd.conf:5:12 warning xinetd.d/sub is not a regular file and is skipped',
    "xinetd.d/link:1:9 error 'b' is already at xinetd.d/b:1, so this one is off",
  ]);
  t.same(
    found.services.map(({ service }) => service.limits.instances),
    [7, 7, 7, 7, 7],
  );
});

t.test('a directory is read as it is for inetd.conf, in both languages', async (t) => {
  const found = await load(
    t,
    {
      'conf.d/a': service('a', 1),
      'conf.d/b.conf': line(2),
      'conf.d/c.conf': service('c', 3),
      'conf.d/d.dpkg-dist': service('d', 4),
      'conf.d/e': '# nothing\n',
    },
    ['conf.d'],
  );
  t.equal(found.ids, 'a 2/tcp c');
  t.same(found.messages, [
    'conf.d/d.dpkg-dist:1:1 warning conf.d/d.dpkg-dist is not read: its name is one of a hidden file or a backup',
  ]);
});

t.test(
  'inetd.conf and xinetd.conf are one configuration, in the order in which they are named',
  async (t) => {
    const found = await load(
      t,
      {
        'xinetd.conf': service('a', 1),
        'inetd.conf': `${line(2)}.include more\n`,
        more: service('b', 3),
        defaults: 'defaults {\n per_source = 4\n}\n',
      },
      ['xinetd.conf', 'inetd.conf', 'defaults'],
    );
    t.equal(found.ids, 'a 2/tcp b');
    t.same(found.messages, []);
    t.same(
      found.services.map(({ service }) => [service.dialect, service.limits.perSource]),
      [
        ['xinetd', 4],
        ['acceptd', undefined],
        ['xinetd', 4],
      ],
    );
  },
);

t.test('the first file to say something once is right, and sets grow', async (t) => {
  const found = await load(
    t,
    {
      'xinetd.conf': `${service('early', 1)}include one\ninclude two\n`,
      one: 'defaults\n{\n instances = 1\n only_from = 10.0.0.1\n log_type = SYSLOG daemon\n}\n',
      two: 'defaults\n{\n instances = 2\n only_from = 10.0.0.2\n log_type = FILE /x\n}\n',
    },
    ['xinetd.conf'],
  );
  const [early] = found.services;
  t.match(early?.service, {
    limits: { instances: 1 },
    access: { onlyFrom: [{ network: { address: '10.0.0.1' } }, { network: { address: '10.0.0.2' } }] },
    serviceLog: { destination: { kind: 'syslog' } },
  });
  t.same(found.messages, [
    "two:3:2 warning attribute already set: 'instances' of one:3 counts, this line is ignored",
    "two:5:2 warning attribute already set: 'log_type' of one:5 counts, this line is ignored",
  ]);
});

t.test('what cannot be included costs only itself', async (t) => {
  const found = await load(
    t,
    {
      'xinetd.conf': `include nothing\nincludedir none.d\nincludedir xinetd.conf\n${service('a', 1)}include sub/more\n`,
      'sub/more': `include beside\ninclude ../xinetd.conf\n`,
      'sub/beside': service('b', 2),
    },
    ['xinetd.conf'],
  );
  t.equal(found.ids, 'a b');
  t.equal(found.isReadable, true, 'a reload goes on without it, as xinetd does');
  t.same(found.messages, [
    'xinetd.conf:1:9 error cannot read nothing: no such file or directory',
    'xinetd.conf:2:12 error cannot read none.d: no such file or directory',
    'xinetd.conf:3:12 error cannot read xinetd.conf: a part of the path is no directory',
    'sub/more:2:9 warning xinetd.conf includes itself; it is not read again',
  ]);
  const missing = await load(t, {}, ['xinetd.conf']);
  t.equal(missing.isReadable, false, 'the file itself must be there');
});

t.test('a file is of the language that its first line says', async (t) => {
  for (const [text, language] of [
    ['service x\n{\n}\n', 'xinetd'],
    ['# c\n\n  \tSERVICE x\r\n', 'xinetd'],
    ['\uFEFFdefaults\n{\n}\n', 'xinetd'],
    ['defaults {\n}\n', 'xinetd'],
    ['include /etc/x\n', 'xinetd'],
    ['includedir /etc/xinetd.d\n', 'xinetd'],
    ['junk\nservice x\n{\n}\n', 'xinetd'],
    ['service on\n{\n}\n', 'xinetd'],
    ['', 'inetd'],
    ['# service x\n', 'inetd'],
    ['service stream tcp nowait root /bin/cat cat\n', 'inetd'],
    ['service on\n  port = 7, user = root, exec = /bin/cat;\n', 'inetd'],
    ['include stream tcp nowait root /bin/cat cat\n', 'inetd'],
    ['.include x\n', 'inetd'],
    [line(1), 'inetd'],
  ] as const) {
    t.equal(isXinetd(text), language === 'xinetd', JSON.stringify(text));
  }
  const forced = await load(t, { conf: line(1) }, ['conf'], { ...defaultLoadOptions, language: 'xinetd' });
  t.same(forced.messages, ["conf:1:1 error '1' begins no entry"]);
  const other = await load(t, { conf: service('a', 1) }, ['conf'], {
    ...defaultLoadOptions,
    language: 'inetd',
  });
  t.equal(other.ids, '');
});

t.test('options of the command line', async (t) => {
  const files = {
    conf: `${service('a', 1, ' server_args = "a b" \'c\'"d" ""\n env = A="x y"\n')}${service('b', 2, ' flags = IPv4\n umask = 000\n')}`,
  };
  const found = await load(t, files, ['conf'], {
    ...defaultLoadOptions,
    hasQuotes: true,
    showsMapped: true,
    umask: 0o007,
    backlog: 9,
  });
  t.same(found.messages, []);
  t.match(
    found.services.map(({ service }) => service),
    [
      {
        answer: { arguments: ['cat', 'a b', 'cd', ''] },
        surroundings: { showsMapped: true, environment: [{ name: 'A', value: 'x y' }] },
        process: { umask: 0o027 },
        socket: { backlog: 9 },
      },
      { surroundings: { showsMapped: false }, process: { umask: 0 } },
    ],
  );
  const unclosed = await load(t, { conf: service('a', 1, ' server_args = "a\n') }, ['conf'], {
    ...defaultLoadOptions,
    hasQuotes: true,
  });
  t.same(unclosed.messages, ['conf:9:16 error the quotation mark is never closed']);
});

t.test('a variable that acceptd does not have cannot be passed on, which is told once', async (t) => {
  const conf = [
    'defaults\n{\n passenv = HOME MISSING\n}\n',
    service('a', 1, ' passenv += OTHER\n'),
    service('b', 2),
    service('c', 3, ' disable = yes\n passenv = THIRD\n'),
  ].join('');
  const variables = new Set(['HOME', 'PATH']);
  const found = await load(t, { conf }, ['conf'], { ...defaultLoadOptions, variables });
  t.same(found.messages, [
    "conf:3:17 warning acceptd has no variable 'MISSING' that it could pass on",
    "conf:13:13 warning acceptd has no variable 'OTHER' that it could pass on",
  ]);
  t.equal(found.ids, 'a b');
  const unknown = await load(t, { conf }, ['conf']);
  t.same(unknown.messages, [], 'where nobody knows what acceptd will have');
});

t.test('clients are served while a large configuration is read', async (t) => {
  const text = Array.from({ length: 5000 }, (_, index) => service(`s${index}`, 1 + index)).join('');
  let turns = 0;
  let isReading = true;
  const count = (): void => {
    turns += 1;
    if (isReading) setImmediate(count);
  };
  setImmediate(count);
  const breathe = createBreather();
  const { items } = await runInPieces(readEntries(splitText(text, 'conf'), false), breathe);
  const read = turns;
  const entries = items.flatMap((item) => (item.kind === 'entry' ? [item.entry] : []));
  const { services } = await runInPieces(readMeaning(entries, defaultLoadOptions), breathe);
  isReading = false;
  t.equal(services.size, 5000);
  t.ok(read > 3 && turns - read > 3, `the loop turned ${read} and ${turns - read} times`);
});
