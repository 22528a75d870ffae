// Which entries of an inetd.conf are wrapped, and by which name, where -l, -w and -W ask for TCP wrappers.
import { test } from 'tap';
import { defaultLoadOptions, type LoadOptions, parseConfiguration } from '../../src/config/load.ts';
import type { Dialect } from '../../src/model/service.ts';

const text = `
finger  stream tcp nowait nobody /usr/sbin/in.fingerd in.fingerd -l
telnet  stream tcp nowait root   /usr/sbin/tcpd       in.telnetd
talk    dgram  udp wait   nobody /usr/sbin/in.talkd   talkd
bootps  stream tcp wait   root   /usr/sbin/bootpd     bootpd
daytime stream tcp nowait root   internal
time    dgram  udp wait   root   internal
`;

const names = (dialect: Dialect, wraps: LoadOptions['wraps']): readonly string[] =>
  parseConfiguration(text, 'inetd.conf', { ...defaultLoadOptions, dialect, wraps }).services.map(
    ({ service }) => service.access?.wrapperName ?? '-',
  );

test("Debian's -l wraps programs for accepted streams, by argv[0]", async (t) => {
  t.equal(names('debian', { programs: 'streams', builtins: false }).join(' '), 'in.fingerd - - - - -');
});

test("FreeBSD's -w wraps datagrams too, by the program's name, and -W built-ins, by the service's", async (t) => {
  const both = names('freebsd', { programs: 'all', builtins: true });
  t.equal(both.join(' '), 'in.fingerd - in.talkd - daytime time');
  const builtins = names('freebsd', { programs: 'none', builtins: true });
  t.equal(builtins.join(' '), '- - - - daytime time');
});

test('nothing is wrapped unless it is asked for', async (t) => {
  const { services } = parseConfiguration(text, 'inetd.conf', { ...defaultLoadOptions, dialect: 'debian' });
  t.ok(services.every(({ service }) => service.access === undefined));
});
