// What an xinetd.conf says is looked up in a machine that exists only here.
import t from 'tap';
import { defaultLoadOptions, parseConfiguration } from '../../../src/config/load.ts';
import { type Lookups, resolveServices } from '../../../src/config/resolve.ts';
import { describeAddress } from '../../../src/model/address.ts';
import type { ResolvedService } from '../../../src/model/service.ts';

const accounts = [
  { name: 'root', uid: 0, gid: 0, groups: [], home: '/root', shell: '/bin/bash' },
  { name: 'git', uid: 1000, gid: 1000, groups: [44, 100], home: '/srv/git', shell: '/bin/sh' },
];

const machine: Lookups = {
  port: async (name) => ({ finger: 79, http: 80 })[name],
  hosts: async (name) =>
    name === 'two.example'
      ? [
          { host: '192.0.2.1', version: 4 },
          { host: '2001:db8::1', version: 6 },
        ]
      : [],
  account: async (name) => accounts.find((account) => account.name === name),
  accountById: async (uid) => accounts.find((account) => account.uid === uid),
  group: async (name) => ({ www: 33 })[name],
  rpcProgram: async (name) => ({ rusersd: 100002 })[name],
  program: async (path) =>
    path === '/bin/cat' ? 'executable' : path === '/bin' ? 'not-executable' : 'missing',
  currentUser: () => ({ uid: 0, gid: 0 }),
};
const ordinary: Lookups = { ...machine, currentUser: () => ({ uid: 1000, gid: 1000 }) };

type Outcome = { readonly services: readonly ResolvedService[]; readonly messages: readonly string[] };

const resolve = async (text: string, lookups = machine): Promise<Outcome> => {
  const parsed = parseConfiguration(text, 'test.conf', { ...defaultLoadOptions, language: 'xinetd' });
  const { services, diagnostics } = await resolveServices(parsed.services, lookups);
  const messages = [...parsed.diagnostics, ...diagnostics].map(
    ({ at, source, width, severity, message }) =>
      `${at.line} ${severity} [${source.slice(at.column - 1, at.column - 1 + width)}] ${message}`,
  );
  return { services, messages };
};

const entry = (name: string, lines: string): string =>
  `service ${name}\n{\n socket_type = stream\n wait = no\n server = /bin/cat\n ${lines.replaceAll('; ', '\n ')}\n}\n`;
const unlisted = (name: string, lines: string): string => entry(name, `type = UNLISTED; ${lines}`);

t.test('without UNLISTED a service must be in services(5), with its port', async (t) => {
  const listed = await resolve(entry('finger', 'user = root'));
  t.same(listed.messages, []);
  t.same(listed.services[0]?.addresses.map(describeAddress), ['tcp 0.0.0.0:79', 'tcp [::]:79']);
  t.same((await resolve(entry('finger', 'user = root; port = 79'))).messages, []);
  for (const [name, lines, message] of [
    ['finger', 'port = 80', "7 error [80] service 'finger' has the port 79 in /etc/services, not 80"],
    ['nix', 'port = 80', "1 error [nix] service 'nix' is not in /etc/services for tcp"],
    ['80', 'nice = 0', "1 error [80] service '80' is not in /etc/services for tcp"],
    ['nix', 'nice = 0', "1 error [nix] the service 'nix' has no port for tcp"],
  ] as const) {
    const { services, messages } = await resolve(entry(name, `user = root; ${lines}`));
    t.same(messages, [message], `${name} ${lines}`);
    t.same(services, []);
  }
});

t.test('credentials', async (t) => {
  const credentials = async (lines: string, lookups = machine): Promise<unknown> => {
    const { services, messages } = await resolve(unlisted('x', `port = 1; ${lines}`), lookups);
    const found = services[0]?.credentials;
    return messages.length > 0 ? messages : found && [found.uid, found.gid, found.groups];
  };
  for (const [lines, expected] of [
    ['user = git', [1000, 1000, []]],
    ['user = git; groups = no', [1000, 1000, []]],
    ['user = git; groups = yes', [1000, 1000, [1000, 44, 100]]],
    ['user = git; group = www', [1000, 33, []]],
    ['user = git; group = 33; groups = yes', [1000, 33, [1000, 44, 100]]],
    ['user = 1000', [1000, 1000, []]],
    ['user = 4711', [4711, 4711, []]],
    ['user = 4711; group = 5', [4711, 5, []]],
    ['user = root', [0, 0, []]],
    ['user = nix', ["8 error [nix] there is no user 'nix'"]],
    ['user = git; group = nix', ["9 error [nix] there is no group 'nix'"]],
  ] as const) {
    t.same(await credentials(lines), expected, lines);
  }
  t.equal(await credentials('user = git', ordinary), undefined, 'as acceptd itself');
  t.same(await credentials('user = root', ordinary), ["8 error [root] running as 'root' would need root"]);
});

t.test('a redirection goes to all addresses of its host, in order', async (t) => {
  const targets = async (redirect: string): Promise<unknown> => {
    const { services, messages } = await resolve(
      unlisted('x', `port = 1; user = nix; redirect = ${redirect}`).replace(' server = /bin/cat\n', ''),
    );
    return messages.length > 0 ? messages : services[0]?.targets;
  };
  const [v4, v6] = [
    { version: 4, host: '192.0.2.1', port: 80 },
    { version: 6, host: '2001:db8::1', port: 80 },
  ] as const;
  t.same(await targets('192.0.2.1 80'), [v4]);
  t.same(await targets('2001:db8::1 http'), [v6]);
  t.same(await targets('two.example 80'), [v4, v6]);
  t.same(await targets('no.example 80'), ["8 error [no.example] the host 'no.example' has no address"]);
  t.same(await targets('127.0.0.1 nix'), ["8 error [nix] the service 'nix' has no port for tcp"]);
});

t.test('a server that is not there switches its service off', async (t) => {
  const text = unlisted('x', 'port = 1; user = root');
  for (const [server, message] of [
    ['/bin/dog', '5 error [/bin/dog] the server /bin/dog does not exist'],
    ['/bin', '5 error [/bin] the server /bin is not executable'],
  ] as const) {
    const { services, messages } = await resolve(text.replace('/bin/cat', server));
    t.same(messages, [message]);
    t.same(services, []);
  }
});

t.test('an address belongs to the first service that wants it', async (t) => {
  const { services, messages } = await resolve(
    `${unlisted('a', 'port = 1; user = root; flags = IPv4')}${unlisted('b', 'port = 1; user = root')}${unlisted('c', 'port = 2; user = root')}`,
  );
  t.same(
    services.map(({ id }) => id),
    ['a', 'c'],
  );
  t.same(messages, ["11 error [b] tcp 0.0.0.0:1 belongs to 'a' at test.conf:1, so 'b' is off"]);
  const same = await resolve(
    `${entry('finger', 'user = root')}${unlisted('finger', 'port = 79; user = root; id = more')}`,
  );
  t.equal(same.services.length, 1);
  t.same(same.messages, [
    "8 warning [finger] this is the same service as 'finger' at test.conf:1, which has tcp 0.0.0.0:79 already",
  ]);
});

t.test('a host of an access list without an address is told once, and is no mistake', async (t) => {
  const { services, messages } = await resolve(
    `defaults\n{\n only_from = no.example two.example .domain.example\n}\n${unlisted('a', 'port = 1; user = root')}${unlisted('b', 'port = 2; user = root')}`,
  );
  t.equal(services.length, 2);
  t.same(messages, ["3 warning [no.example] the host 'no.example' of this list has no address now"]);
});

t.test('a resolver that does not answer does not keep a load from its end', async (t) => {
  const silent: Lookups = { ...machine, hosts: () => new Promise(() => undefined) };
  const { services, messages } = await resolve(
    unlisted('a', 'port = 1; user = root; only_from = no.example'),
    silent,
  );
  t.equal(services.length, 1);
  t.same(messages, []);
});

t.test('rpc programs and their numbers', async (t) => {
  const rpc = 'type = RPC; user = root; rpc_version = 2-3';
  t.match((await resolve(entry('rusersd', rpc))).services, [
    { rpc: { program: 100002, lowVersion: 2, highVersion: 3 }, addresses: [{ port: 0 }, { port: 0 }] },
  ]);
  t.same((await resolve(entry('nix', rpc))).messages, ["1 error [nix] there is no rpc program 'nix'"]);
  const unlistedRpc = entry('x', 'type = RPC UNLISTED; user = root; rpc_version = 1; rpc_number = 300001');
  t.match((await resolve(unlistedRpc)).services, [{ rpc: { program: 300001 } }]);
});
