// xinetd.conf as it is written for xinetd itself, which takes some forms for others or not at all.
import t from 'tap';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { writeXinetd } from '../../src/config/xinetd/writer.ts';
import { showDiagnostic } from '../../src/model/diagnostic.ts';

const convert = (text: string, options = defaultLoadOptions) => {
  const { services, diagnostics } = parseConfiguration(text, 'test.conf', options);
  t.same(diagnostics.map(showDiagnostic), []);
  const conversion = writeXinetd(
    services.map(({ service }) => service),
    (name) => (name === 'http' ? 80 : undefined),
  );
  return {
    text: conversion.files[0]?.text ?? '',
    losses: conversion.services.flatMap(({ losses }) => losses.map(({ message }) => message)),
    parts: conversion.services.map(({ parts }) => parts),
  };
};

t.test('a line of inetd.conf becomes an entry', async (t) => {
  const { text } = convert('finger stream tcp nowait nobody:daemon /usr/sbin/tcpd /usr/sbin/in.fingerd -w', {
    ...defaultLoadOptions,
    dialect: 'debian',
  });
  t.equal(
    text,
    `# finger/tcp (test.conf:1)
# not the same: a service that is full turns clients away
# not the same: cps counts in a second, not in 60 s
# not the same: a service that starts too often closes the port for the pause
# not the same: the variables of addresses are always set
service finger
{
	id              = finger/tcp
	flags           = NAMEINARGS NORETRY NOLIBWRAP
	socket_type     = stream
	protocol        = tcp
	wait            = no
	user            = nobody
	group           = daemon
	groups          = yes
	server          = /usr/sbin/tcpd
	server_args     = /usr/sbin/in.fingerd -w
	instances       = 256
	cps             = 256 600
	umask           = 022
	passenv         =
}
`,
  );
});

t.test('addresses mean to xinetd what they mean here', async (t) => {
  const { text } = convert(
    'x on port = 7000, exec = /x, user = root, only_from = 10.9.0.0 10.9.0.0/16 10.9.8.7 2001:db8::1 ::/0, no_access = 10.0.0.0/8;',
  );
  // 10.9.0.0 alone would be a network, and an IPv6 address with /128 would match nobody
  t.match(text, /only_from {7}= 10\.9\.0\.0\/32 10\.9\.0\.0\/16 10\.9\.8\.7 2001:db8::1 ::\/0\n/);
  t.match(text, /no_access {7}= 10\.0\.0\.0\/8\n/);
});

t.test('times over midnight are two ranges, and 24:00 is never written', async (t) => {
  const { text } = convert('x on port = 7000, exec = /x, user = root, access_times = 22:00-6:00 9:00-24:00;');
  t.match(text, /access_times {4}= 22:00-23:59 00:00-06:00 09:00-23:59\n/);
});

t.test(
  'each address is an entry of its own, because xinetd listens everywhere for a list of them',
  async (t) => {
    const { text, losses, parts } = convert(
      'x on port = 7000, exec = /x, user = root, bind = 127.0.0.1 ::1;',
    );
    t.same(parts, [2]);
    t.match(text, /bind {12}= 127\.0\.0\.1\n/);
    t.match(text, /id {14}= 127\.0\.0\.1,\[::1\]:x\/tcp-2\n[\s\S]*bind {12}= ::1\n/);
    t.match(losses.join(), 'its 2 addresses are services with limits of their own');
  },
);

t.test('what has no words without blanks is left out and not served otherwise', async (t) => {
  const { text, parts } = convert(
    `a on port = 7000, exec = /x, args = x "two words"; b on port = 7001, exec = "/two words"; c on port = 7002, exec = /x, args = x "";
     /run/d on exec = /x; e on internal = ident, port = 7003; f on port = 7004, protocol = udp, exec = /x;
     h on exec = /x;`,
  );
  t.same(parts, [0, 0, 0, 0, 0, 0, 1]);
  t.notMatch(text.split('# h/tcp')[0], /^[^#\n]/m, 'only comments');
});

t.test('a variable or a file with blanks is left out, and the service stays', async (t) => {
  const { text, losses } = convert(
    'x on port = 7000, exec = /x, user = root, env = "A=b c" B=1, banner = "/etc/my banner", log_file = "/var/log/my log";',
  );
  t.match(text, /env {13}= B=1\n/);
  t.notMatch(text, /^\s*(?:banner|log_type)/m);
  t.equal(losses.filter((message) => message.includes('blanks')).length, 3);
});

t.test('a built-in on another port keeps its name', async (t) => {
  const { text } = convert('web on port = http, internal = echo;');
  t.match(
    text,
    /service echo\n\{\n\tid {14}= web\/tcp\n\ttype {12}= INTERNAL UNLISTED\n[\s\S]*port {12}= 80\n/,
  );
});
