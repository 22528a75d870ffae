// Names become numbers, asked from a machine that exists only here.
import t from 'tap';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { type Lookups, resolveServices } from '../../src/config/resolve.ts';
import { describeAddress } from '../../src/model/address.ts';
import type { Dialect, ResolvedService } from '../../src/model/service.ts';

const accounts = [
  { name: 'root', uid: 0, gid: 0, groups: [], home: '/root', shell: '/bin/bash' },
  { name: 'nobody', uid: 65534, gid: 65534, groups: [], home: '/nonexistent', shell: '/usr/sbin/nologin' },
  { name: 'git', uid: 1000, gid: 1000, groups: [44, 100], home: '/srv/git', shell: '/bin/sh' },
];
const groups: Readonly<Record<string, number>> = { daemon: 1, video: 44, www: 33 };

const machine: Lookups = {
  port: async (name, protocol) => ({ finger: 79, echo: 7, talk: protocol === 'udp' ? 517 : undefined })[name],
  hosts: async (name, family) => {
    if (name !== 'two.example') return [];
    const v4 = [{ host: '192.0.2.1', version: 4 as const }];
    const v6 = [{ host: '2001:db8::1', version: 6 as const }];
    return family === 'v4' ? v4 : family === 'v6' ? v6 : [...v4, ...v6];
  },
  account: async (name) => accounts.find((account) => account.name === name),
  accountById: async (uid) => accounts.find((account) => account.uid === uid),
  group: async (name) => groups[name],
  rpcProgram: async (name) => (name === 'rusersd' ? 100002 : undefined),
  program: async (path) =>
    path === '/bin/data'
      ? 'not-executable'
      : /^\/(?:jail\/)?(?:usr\/)?bin\/cat$/.test(path)
        ? 'executable'
        : 'missing',
  currentUser: () => ({ uid: 0, gid: 0 }),
};

const user: Lookups = { ...machine, currentUser: () => ({ uid: 1000, gid: 1000 }) };

type Outcome = {
  readonly services: readonly ResolvedService[];
  readonly messages: readonly string[];
};

const resolve = async (text: string, lookups = machine, dialect: Dialect = 'acceptd'): Promise<Outcome> => {
  const parsed = parseConfiguration(text, 'test.conf', { ...defaultLoadOptions, dialect });
  const { services, diagnostics } = await resolveServices(parsed.services, lookups);
  return {
    services,
    messages: [...parsed.diagnostics, ...diagnostics].map(
      ({ at, source, width, severity, message }) =>
        `${at.line} ${severity} [${source.slice(at.column - 1, at.column - 1 + width)}] ${message}`,
    ),
  };
};

const addresses = async (line: string, dialect: Dialect = 'acceptd'): Promise<readonly string[]> => {
  const { services, messages } = await resolve(`${line} nowait nobody /bin/cat cat`, machine, dialect);
  return [
    ...messages,
    ...services.flatMap((service) =>
      service.addresses.map(
        (address) =>
          `${describeAddress(address)}${address.kind === 'internet' && address.isOptional ? ' optional' : ''}${
            address.kind === 'internet' && address.takesMapped ? ' mapped' : ''
          }`,
      ),
    ),
  ];
};

t.test('addresses', async (t) => {
  for (const [line, expected, dialect] of [
    ['finger stream tcp', ['tcp 0.0.0.0:79', 'tcp [::]:79 optional']],
    ['finger stream tcp', ['tcp 0.0.0.0:79'], 'openbsd'],
    ['05001 stream tcp4', ['tcp 0.0.0.0:5001']],
    ['finger stream tcp6', ['tcp [::]:79']],
    ['finger stream tcp46', ['tcp [::]:79 mapped']],
    ['127.0.0.1,[::1]:79 stream tcp', ['tcp 127.0.0.1:79', 'tcp [::1]:79']],
    ['127.0.0.1:79 stream tcp46', ['tcp 127.0.0.1:79']],
    ['two.example:79 stream tcp', ['tcp 192.0.2.1:79', 'tcp [2001:db8::1]:79 optional']],
    ['two.example:79 stream tcp4', ['tcp 192.0.2.1:79']],
    ['two.example:79 stream tcp6', ['tcp [2001:db8::1]:79']],
    ['two.example:79 stream tcp46', ['tcp 192.0.2.1:79', 'tcp [2001:db8::1]:79 mapped']],
    ['two.example,192.0.2.1:79 stream tcp4', ['tcp 192.0.2.1:79']],
    ['no.example:79 stream tcp', ["1 error [no.example] the host 'no.example' has no address"]],
    ['[::1]:79 stream tcp4', ['1 error [[::1]] ::1 is an IPv6 address, but the protocol is IPv4']],
    [
      '127.0.0.1:79 stream tcp6',
      ['1 error [127.0.0.1] 127.0.0.1 is an IPv4 address, but the protocol is IPv6'],
    ],
    ['talk stream tcp', ["1 error [talk] the service 'talk' has no port for tcp"]],
    ['talk dgram udp4', ['udp 0.0.0.0:517']],
    ['/run/x stream unix', ['unix stream /run/x']],
    ['rusersd/2 dgram rpc/udp4', ['udp 0.0.0.0:0']],
    ['nothing/2 dgram rpc/udp4', ["1 error [nothing/2] there is no rpc program 'nothing'"]],
  ] as const) {
    t.same(await addresses(line, dialect), expected, line);
  }
});

t.test('a unix socket gets the numbers of its owner and group', async (t) => {
  const { services } = await resolve(':git:www:0660:/run/x stream unix nowait nobody /bin/cat cat');
  t.match(services[0]?.addresses, [{ ownerId: 1000, groupId: 33, mode: 0o660 }]);
  const { messages } = await resolve(':nix:33:0660:/run/x stream unix nowait nobody /bin/cat cat');
  t.same(messages, ["1 error [nix] there is no user 'nix'"]);
});

t.test('rpc programs have names and numbers', async (t) => {
  const text = (name: string): string => `${name}/2-3 dgram rpc/udp wait nobody /bin/cat cat`;
  t.same((await resolve(text('rusersd'))).services[0]?.rpc, {
    program: 100002,
    lowVersion: 2,
    highVersion: 3,
  });
  t.same((await resolve(text('300001'))).services[0]?.rpc?.program, 300001);
});

t.test('credentials when acceptd is root', async (t) => {
  const credentials = async (word: string): Promise<unknown> => {
    const { services, messages } = await resolve(`79 stream tcp nowait ${word} /bin/cat cat`);
    const found = services[0]?.credentials;
    return messages.length > 0 ? messages : [found?.userName, found?.uid, found?.gid, found?.groups];
  };
  for (const [word, expected] of [
    ['nobody', ['nobody', 65534, 65534, [65534]]],
    ['nobody:daemon', ['nobody', 65534, 1, [1]]],
    ['nobody.daemon', ['nobody', 65534, 1, [1]]],
    ['git', ['git', 1000, 1000, [1000, 44, 100]]],
    ['git:video', ['git', 1000, 44, [44, 100]]],
    ['root', ['root', 0, 0, [0]]],
    ['root:daemon', ['root', 0, 1, [1]]],
    ['1000', ['git', 1000, 1000, [1000, 44, 100]]],
    ['4711:33', ['4711', 4711, 33, [33]]],
    ['4711', ['1 error [4711] no account has the number 4711, so it has no group']],
    ['nix', ["1 error [nix] there is no user 'nix'"]],
    ['nobody:nix', ["1 error [nix] there is no group 'nix'"]],
    ['4294967295', ["1 error [4294967295] there is no user '4294967295'"]],
  ] as const) {
    t.same(await credentials(word), expected, word);
  }
  const written = await resolve('x on port = 1, user = git, groups = www 5, exec = /bin/cat;');
  t.same(written.services[0]?.credentials?.groups, [1000, 33, 5]);
  const none = await resolve('x on port = 1, user = git, groups = , exec = /bin/cat;');
  t.same(none.services[0]?.credentials?.groups, [], 'who writes that there are none gets none');
  const missing = await resolve('x on port = 1, exec = /bin/cat;');
  t.same(missing.messages, ["1 error [x] the user of 'x' is missing"]);
  t.same(missing.services, []);
});

t.test('an acceptd without root runs what it may, as itself', async (t) => {
  const credentials = async (word: string): Promise<unknown> => {
    const { services, messages } = await resolve(`79 stream tcp nowait ${word} /bin/cat cat`, user);
    return messages.length > 0 ? messages : [services.length, services[0]?.credentials];
  };
  for (const [word, expected] of [
    ['git', [1, undefined]],
    ['1000', [1, undefined]],
    ['git:1000', [1, undefined]],
    ['root', ["1 error [root] running as 'root' would need root"]],
    ['nobody', ["1 error [nobody] running as 'nobody' would need root"]],
    ['git:video', ["1 error [video] running with the group 'video' would need root"]],
    ['nix', ["1 error [nix] there is no user 'nix'"]],
  ] as const) {
    t.same(await credentials(word), expected, word);
  }
  const own = await resolve('x on port = 1, exec = /bin/cat;', user);
  t.match(own, { messages: [], services: [{ id: 'x/tcp' }] });
  const grouped = await resolve('x on port = 1, groups = 5, exec = /bin/cat;', user);
  t.same(grouped.messages, ['1 error [5] setting supplementary groups would need root']);
});

t.test('a built-in needs no user', async (t) => {
  const { services, messages } = await resolve('echo stream tcp nowait nix internal', user);
  t.same(messages, []);
  t.equal(services[0]?.credentials, undefined);
});

t.test('programs', async (t) => {
  const program = async (file: string, more = ''): Promise<unknown> => {
    const { services, messages } = await resolve(`x on port = 1, user = git, exec = ${file}${more};`);
    const [service] = services;
    return [...messages, ...(service?.answer.kind === 'program' ? [service.answer.file] : [])];
  };
  for (const [file, more, expected] of [
    ['/bin/cat', '', ['/bin/cat']],
    ['cat', '', ['/usr/bin/cat']],
    ['dog', '', ["1 error [dog] the program 'dog' is in no directory of PATH"]],
    ['/bin/dog', '', ['1 warning [/bin/dog] the program /bin/dog does not exist', '/bin/dog']],
    ['/bin/data', '', ['1 warning [/bin/data] the program /bin/data cannot be executed', '/bin/data']],
    ['/bin/cat', ', chroot = /jail', ['/bin/cat']],
    [
      '/bin/cat',
      ', chroot = /cage/',
      ['1 warning [/bin/cat] the program /cage/bin/cat does not exist', '/bin/cat'],
    ],
  ] as const) {
    t.same(await program(file, more), expected, `${file}${more}`);
  }
});

t.test('of two services with one address the last has it', async (t) => {
  const text = `79 stream tcp nowait nobody /bin/cat first
finger stream tcp4 nowait git /bin/cat second
/run/x stream unix nowait git /bin/cat cat
unix on path = /run/x, user = git, exec = /bin/cat;
`;
  const { services, messages } = await resolve(text);
  t.same(
    services.map((service) => [service.id, ...service.addresses.map(describeAddress)]),
    [
      ['79/tcp', 'tcp [::]:79'],
      ['finger/tcp4', 'tcp 0.0.0.0:79'],
      ['/run/x', 'unix stream /run/x'],
    ],
  );
  t.same(messages, [
    "4 warning [unix] '/run/x' is already at test.conf:3 and is replaced by this one",
    "2 warning [finger] tcp 0.0.0.0:79 is also wanted by '79/tcp' at test.conf:1, which loses it",
  ]);
});

t.test('an address beside the wildcard of its port cannot be opened, and that is said', async (t) => {
  const { services, messages } = await resolve(`79 stream tcp4 nowait nobody /bin/cat cat
127.0.0.1:79 stream tcp nowait nobody /bin/cat cat
[::1]:79 stream tcp nowait nobody /bin/cat cat
80 stream tcp46 nowait nobody /bin/cat cat
127.0.0.1:80 stream tcp nowait nobody /bin/cat cat
81 dgram udp nowait nobody /bin/cat cat
127.0.0.1:81 dgram udp nowait nobody /bin/cat cat
`);
  t.equal(services.length, 7);
  t.same(messages, [
    "2 warning [127.0.0.1:79] tcp 127.0.0.1:79 cannot be open beside tcp 0.0.0.0:79 of '79/tcp4' at test.conf:1",
    "5 warning [127.0.0.1:80] tcp 127.0.0.1:80 cannot be open beside tcp [::]:80 of '80/tcp46' at test.conf:4",
  ]);
});

t.test('every mistake of every service is reported, and the others live', async (t) => {
  const { services, messages } = await resolve(`no.example:nix stream tcp nowait nix:nix /bin/cat cat
finger stream tcp nowait nobody /bin/cat cat
`);
  t.same(
    services.map(({ id }) => id),
    ['finger/tcp'],
  );
  t.same(messages, [
    "1 error [no.example] the host 'no.example' has no address",
    "1 error [nix] the service 'nix' has no port for tcp",
    "1 error [nix] there is no user 'nix'",
    "1 error [nix] there is no group 'nix'",
  ]);
});

t.test('each name is asked for once, and a look-up that fails has found nothing', async (t) => {
  let asked = 0;
  const lookups: Lookups = {
    ...machine,
    port: async () => {
      asked += 1;
      throw new Error('no answer');
    },
  };
  const { messages } = await resolve(
    'a stream tcp nowait nobody /bin/cat cat\n127.0.0.1:a stream tcp nowait nobody /bin/cat cat\n',
    lookups,
  );
  t.equal(asked, 1);
  t.equal(messages.length, 2);
});

t.test('ten thousand services are resolved in about a second', async (t) => {
  const lines = Array.from(
    { length: 10_000 },
    (_, index) => `127.0.${Math.trunc(index / 250)}.${index % 250}:79 stream tcp nowait nobody /bin/cat cat`,
  );
  const parsed = parseConfiguration(lines.join('\n'), 'test.conf', defaultLoadOptions);
  const before = process.cpuUsage();
  const { services } = await resolveServices(parsed.services, machine);
  t.equal(services.length, 10_000);
  t.ok(process.cpuUsage(before).user < 3_000_000);
});

t.test("a unit's SocketUser= alone gives the file to the user's own group", async (t) => {
  const unit = '[Socket]\nListenStream=/run/x\nSocketUser=git\n[Service]\nExecStart=/bin/cat\nUser=nobody\n';
  const { services } = await resolve(unit);
  t.match(services[0]?.addresses, [{ path: '/run/x', ownerId: 1000, groupId: 1000, mode: 0o666 }]);
  const named = await resolve(unit.replace('SocketUser=git', 'SocketUser=git\nSocketGroup=www'));
  t.match(named.services[0]?.addresses, [{ ownerId: 1000, groupId: 33 }]);
});
