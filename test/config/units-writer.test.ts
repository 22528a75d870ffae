// Unit files: what stands in them, and that systemd itself understands them.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Conversion } from '../../src/config/conversion.ts';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { readUnits } from '../../src/config/units/meaning.ts';
import { holds, withoutNetworks } from '../../src/config/units/network-difference.ts';
import { writeSystemd } from '../../src/config/units/writer.ts';
import { showDiagnostic } from '../../src/model/diagnostic.ts';
import { type Network, networkOf, parseAddress, showNetwork } from '../../src/model/network.ts';
import { run } from '../support/command.ts';

const convert = (text: string): Conversion => {
  const { services, diagnostics } = parseConfiguration(text, 'test.conf', defaultLoadOptions);
  t.same(diagnostics.map(showDiagnostic), []);
  return writeSystemd(
    services.map(({ service }) => service),
    () => undefined,
  );
};

const textOf = ({ files }: Conversion, name: string): string =>
  files.find((file) => file.name === name)?.text ?? `there is no ${name} beside ${files.map((f) => f.name)}`;

t.test('a service becomes a socket that accepts, and a template of its instances', async (t) => {
  const units = convert(`7079 on
    protocol = tcp4, user = nobody, group = daemon, exec = /usr/sbin/in.fingerd, args = fingerd -l, fd3 = no
    instances = 10, on_limit = refuse, on_rate = hold, per_source = 2, source_prefix = 32 128, rate = 50/2s 2s
    nice = 5, umask = 027, rlimit_nofile = 64:128, chdir = /srv, env = "A=b c", env = P=100%
    only_from = 192.0.2.0/24 2001:db8::/32, nodelay = yes, keepalive = yes, address_variables = no
  ;`);
  t.equal(
    textOf(units, '7079.socket'),
    `# 7079/tcp4 (test.conf:1)
# not the same: PollLimit...= needs systemd 255
# not the same: packets are dropped, so clients wait; without BPF in the kernel nothing is

[Unit]
Description=7079/tcp4

[Socket]
ListenStream=0.0.0.0:7079
Accept=yes
MaxConnections=10
MaxConnectionsPerSource=2
X-SourcePrefix=32 128
TriggerLimitIntervalSec=0
PollLimitIntervalSec=2s
PollLimitBurst=50
IPAddressDeny=any
IPAddressAllow=192.0.2.0/24 2001:db8::/32
KeepAlive=yes
NoDelay=yes

[Install]
WantedBy=sockets.target
`,
  );
  t.equal(
    textOf(units, '7079@.service'),
    `# 7079/tcp4 (test.conf:1)

[Unit]
Description=7079/tcp4
CollectMode=inactive-or-failed

[Service]
ExecStart=@/usr/sbin/in.fingerd fingerd -l
User=nobody
Group=daemon
StandardInput=socket
StandardOutput=socket
StandardError=journal
Environment="A=b c"
Environment=P=100%%
UnsetEnvironment=REMOTE_ADDR REMOTE_PORT
WorkingDirectory=/srv
Nice=5
UMask=027
LimitNOFILE=64:128
KillMode=process
IgnoreSIGPIPE=no
`,
  );
  t.same(
    units.services[0]?.losses.flatMap(({ fields }) => fields),
    [],
  );
});

t.test('a server that waits has a socket of its own for each address', async (t) => {
  const units = convert('69 on protocol = udp, user = root, exec = /usr/sbin/in.tftpd, wait = yes;');
  t.same(
    units.files.map(({ name }) => name),
    ['69.socket', '69.service', '69-2.socket', '69-2.service'],
  );
  t.match(textOf(units, '69.socket'), /ListenDatagram=0\.0\.0\.0:69\nAccept=no\n/);
  t.match(textOf(units, '69-2.socket'), /ListenDatagram=\[::\]:69\nBindIPv6Only=ipv6-only\nAccept=no\n/);
  t.match(textOf(units, '69.service'), /StartLimitIntervalSec=0/, 'it never gives up');
  t.match(textOf(units, '69.service'), /StandardInput=socket/);
});

t.test('a redirect is the work of systemd-socket-proxyd', async (t) => {
  const units = convert('8080 on redirect = 2001:db8::1 80, user = nobody, instances = 8, protocol = tcp4;');
  t.match(textOf(units, '8080.socket'), /Accept=no/);
  t.match(
    textOf(units, '8080.service'),
    'ExecStart=/usr/lib/systemd/systemd-socket-proxyd --connections-max=8 [2001:db8::1]:80\nUser=nobody\n',
  );
});

t.test('what systemd cannot have is a file of comments, and nothing listens', async (t) => {
  const units = convert(
    `echo on; 7000 on sensor = yes; tcpmux on; x on tcpmux = +date, exec = /bin/date;
     nobody on port = 7001, exec = /x, instances = nobody;
     named on port = 7002, bind = www.example.org, exec = /x;
     quotes on port = 7004, exec = "/x\\"y";
    once on port = 7003, protocol = udp, exec = /x; sgi on rpc = 391002/1, exec = /x;`,
  );
  for (const { parts, service } of units.services) t.equal(parts, 0, service.id);
  for (const { name, text } of units.files) {
    for (const line of text.trimEnd().split('\n')) t.match(line, /^#/, name);
    t.match(text, 'left out: ');
  }
  t.same(readUnits(units.files), { services: [], diagnostics: [] });
});

t.test('of two services with one name the second has another', async (t) => {
  const { files } = convert(
    `127.0.0.1:79 on exec = /x; [::1]:79 on exec = /x; 79 on protocol = udp, exec = /x, wait = yes, bind = ::1;`,
  );
  t.same(
    files.flatMap(({ name }) => (name.endsWith('.socket') ? [name] : [])),
    ['79.socket', '79-2.socket', '79-udp.socket'],
  );
});

const network = (text: string): Network => {
  const [address = '', prefix] = text.split('/');
  return networkOf(parseAddress(address) ?? new Uint8Array(4), Number(prefix));
};

t.test('what is kept out is cut out of what is let in', async (t) => {
  const cut = (networks: readonly string[], holes: readonly string[]): readonly string[] =>
    withoutNetworks(networks.map(network), holes.map(network)).map(showNetwork);
  t.same(cut(['192.0.2.0/29'], ['192.0.2.3/32']), ['192.0.2.0/31', '192.0.2.2', '192.0.2.4/30']);
  t.same(cut(['192.0.2.0/24', '198.51.100.0/24'], ['192.0.0.0/8']), ['198.51.100.0/24']);
  t.same(cut(['0.0.0.0/0'], ['0.0.0.0/0']), []);
  t.same(cut(['192.0.2.0/24'], ['2001:db8::/32']), ['192.0.2.0/24']);
  t.equal(cut(['::/0'], ['2001:db8::1/128']).length, 128);
  t.ok(holds(network('2001:db8::/32'), network('2001:db8:1::/48')));
  t.notOk(holds(network('2001:db8:1::/48'), network('2001:db8::/32')));
});

t.test('what cannot be served is told, and its service is left out', async (t) => {
  const socket = '[Socket]\nListenStream=79\nAccept=yes\n';
  const read = (service: string, more = ''): readonly string[] => {
    const files = [
      { name: 'a.socket', text: `${socket}${more}` },
      { name: 'a@.service', text: `[Service]\n${service}\n` },
    ];
    const { services, diagnostics } = readUnits(files);
    const heads = diagnostics.map((diagnostic) => showDiagnostic(diagnostic).split('\n')[0] ?? '');
    return [`${services.length}`, ...heads];
  };
  const start = 'ExecStart=/bin/cat';
  t.same(read(start), ['1']);
  t.same(read(`${start}\n# a comment\n; another\nEnvironment=A=1 \\\n# inside\n  B=2`), ['1']);
  for (const [text, message] of [
    ['ExecStart=|/bin/cat', "a@.service:2:11: error: a user's shell is not started for '|'; "],
    ['ExecStart=/bin/a ; /bin/b', 'a@.service:2:20: error: a second command is run by oneshots alone; '],
    ['ExecStart=/bin/cat "x', 'a@.service:2:20: error: this quotation mark is never closed; '],
    [`${start}\nPrivateTmp=yes`, 'a@.service:3:12: error: PrivateTmp= is not applied: it shares /tmp'],
    [`${start}\nMemoryMax=1G`, 'a@.service:3:1: warning: MemoryMax= has no effect: '],
    [`${start}\nnonsense`, 'a@.service:3:1: error: this assigns nothing; '],
  ] as const) {
    const [count, first = ''] = read(text);
    t.equal(first.slice(0, message.length), message);
    t.equal(count, message.includes('warning') ? '1' : '0', text);
  }
  t.match(read(start, 'ListenStream=www.example.org:79\n').join(' '), 'is no address; write one in numbers');
  t.same(
    read(start, 'IPAddressAllow=192.0.2.1\nIPAddressDeny=192.0.2.0/24\n'),
    ['1'],
    'exceptions are cut out',
  );
});

/** What an older systemd says about newer directives, and what it thinks of the user nobody. */
const isHarmless = (line: string): boolean =>
  /Unknown key (?:name )?'PollLimit|Special user nobody configured/.test(line);

const verify = (directory: string, files: Conversion['files']): ReturnType<typeof run> =>
  run('systemd-analyze', ['--man=no', 'verify', ...files.map(({ name }) => join(directory, name))]);

const missing = await run('systemd-analyze', ['--version']).then(
  () => false,
  () => 'there is no systemd-analyze',
);

t.test('systemd understands each unit, with all that may stand in one', { skip: missing }, async (t) => {
  const directory = t.testdir({});
  const program = join(directory, 'a b%c$d');
  await writeFile(program, '#!/bin/sh\n');
  await chmod(program, 0o755);
  const common = `exec = "${program}"`;
  const units = convert(`
    odd on port = 7777, bind = 127.0.0.1 ::1, user = nobody, group = daemon, groups = daemon, ${common}
      args = "my echo" "a b" "50%" "$HOME" ";" "it's" "say \\"hi\\"" "back\\\\slash" "tab\\there" "new\\nline" "" é -x
      env = "A=b c" P=100% 'Q="x"\\\\y' "D=$HOME" "N=a\\nb", passenv = LANG TZ
      nice = 5, umask = 027, rlimit_nofile = 64:128, rlimit_as = unlimited, rlimit_nice = 20, chdir = "/tmp"
      only_from = 192.0.2.0/24 2001:db8::/32 ::1, no_access = 192.0.2.7, rate = 20/10s, instances = 10, per_source = 2
      keepalive = yes, nodelay = yes, backlog = 100, tos = 16, ttl = 60, mark = 1, priority = 5, sndbuf = 64k
      freebind = yes, transparent = yes, bind_device = lo, defer_accept = 5, stderr = null
    ;
    own on port = 7776, ${common}, args = "${program}", wait = yes, protocol = tcp46;
    open on port = 7775, exec = cat, no_access = 192.0.2.7 ::/0;
    forward on port = 7778, redirect = 192.0.2.1 80;
    "/run/odd %s.sock" on ${common}, socket_user = root, socket_mode = 0600;
    @abstract on ${common};
    sequence on path = /run/sequence.sock, socktype = seqpacket, ${common};
    local on port = 7779, bind = fe80::1%lo, ${common};
  `);
  for (const { name, text } of units.files) await writeFile(join(directory, name), text);
  for (const { service, parts } of units.services) t.ok(parts > 0, service.id);
  const { code, stderr } = await verify(directory, units.files);
  t.same(
    stderr.split('\n').filter((line) => line !== '' && !isHarmless(line)),
    [],
  );
  t.equal(code, 0);
});

t.test('a program that is not there is what systemd complains of', { skip: missing }, async (t) => {
  const directory = t.testdir({});
  const units = convert('odd on port = 7777, exec = "/nowhere/a b%c", user = nobody;');
  for (const { name, text } of units.files) await writeFile(join(directory, name), text);
  const { code, stderr } = await verify(directory, units.files);
  t.not(code, 0);
  t.match(stderr, '/nowhere/a b%c');
});
