// Targets: what every spelling means, and what is said about the others.
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { isLoopback, parseTarget, resolveTarget, type TargetLookups } from '../../src/measure/target.ts';

const tcp = (host: string, port: string, version?: 4 | 6) => ({ kind: 'tcp', version, host, port }) as const;
const udp = (host: string, port: string, version?: 4 | 6) => ({ kind: 'udp', version, host, port }) as const;

t.test('every spelling of an address has its meaning', async (t) => {
  const spellings = {
    '8080': tcp('127.0.0.1', '8080'),
    http: tcp('127.0.0.1', 'http'),
    'tcp:8080': tcp('127.0.0.1', '8080'),
    'tcp4:8080': tcp('127.0.0.1', '8080', 4),
    'tcp6:8080': tcp('::1', '8080', 6),
    'udp:6969': udp('127.0.0.1', '6969'),
    'udp6:6969': udp('::1', '6969', 6),
    '127.0.0.2:80': tcp('127.0.0.2', '80'),
    '[127.0.0.2]:80': tcp('127.0.0.2', '80'),
    'tcp:127.0.0.2:80': tcp('127.0.0.2', '80'),
    'example.org:http': tcp('example.org', 'http'),
    'tcp6:example.org:80': tcp('example.org', '80', 6),
    'udp4:example.org:80': udp('example.org', '80', 4),
    '[::1]:80': tcp('::1', '80'),
    '::1:80': tcp('::1', '80'),
    '[2001:db8::7]:80': tcp('2001:db8::7', '80'),
    'udp:[::1]:80': udp('::1', '80'),
    '*:80': tcp('127.0.0.1', '80'),
    'tcp6:*:80': tcp('::1', '80', 6),
    '0.0.0.0:80': tcp('127.0.0.1', '80'),
    '[::]:80': tcp('::1', '80'),
    '/run/x.sock': { kind: 'unix', path: '/run/x.sock' },
    '/run/a b:80': { kind: 'unix', path: '/run/a b:80' },
    'unix:/run/x.sock': { kind: 'unix', path: '/run/x.sock' },
    'unix:x.sock': { kind: 'unix', path: 'x.sock' },
    '@name': { kind: 'unix', path: '@name' },
    'unix:@name': { kind: 'unix', path: '@name' },
  } as const;
  for (const [text, target] of Object.entries(spellings)) t.strictSame(parseTarget(text), target, text);
});

t.test('what is no address is told with what to write', async (t) => {
  const mistakes = {
    '': /no address; write PORT/,
    'tcp:': /no address/,
    'http://example.org/': /no address/,
    'http://example.org:80': /no host/,
    'sctp:example.org:80': /no host/,
    'a b:80': /no host/,
    ':80': /host is empty/,
    '[]:80': /host is empty/,
    '0': /no port 0/,
    'example.org:65536': /no port 65536/,
    '127.0.0.1:99999999999999999999': /no port 9+/,
    '::1': /no port; write \[::1\]:PORT/,
    'fe80::1%eth0:80': /zone in 'fe80::1%eth0' is not supported/,
    '[fe80::1%eth0]:80': /zone/,
    'tcp4:[::1]:80': /protocol is IPv4/,
    'tcp6:127.0.0.1:80': /protocol is IPv6/,
    '@': /no address/,
    [`/${'x'.repeat(107)}`]: /too long.* 107 bytes/,
  };
  for (const [text, mistake] of Object.entries(mistakes)) t.match(parseTarget(text), { mistake }, text);
  t.notMatch(parseTarget(`/${'x'.repeat(106)}`), { mistake: String }, '107 bytes and a NUL fit');
  t.notMatch(parseTarget(`@${'x'.repeat(107)}`), { mistake: String }, 'an abstract name has no NUL');
});

t.test('every text is a target or a mistake', async (t) => {
  const word = fc.constantFrom(
    'tcp',
    'udp6',
    'unix',
    ':',
    '[',
    ']',
    '::1',
    '%',
    '@',
    '/',
    '80',
    'a',
    '\n',
    '*',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word).map((words) => words.join('')),
  );
  fc.assert(
    fc.property(text, (written) => {
      const found = parseTarget(written);
      return 'mistake' in found ? found.mistake !== '' : found.kind !== 'unix' || found.path !== '';
    }),
  );
  t.pass('none throws');
});

const lookups: TargetLookups = {
  host: async (name, version) => {
    if (name === 'six' && version !== 4) return { address: '2001:db8::1', family: 6 };
    if (name === 'four' && version !== 6) return { address: '192.0.2.1', family: 4 };
    throw new Error('ENOTFOUND');
  },
  port: async (name, protocol) => (name === 'http' && protocol === 'tcp' ? 80 : undefined),
};
const resolve = (text: string, from?: TargetLookups) => {
  const target = parseTarget(text);
  return 'mistake' in target ? target : resolveTarget(target, from);
};

t.test('names become numbers, and what the system does not know is told', async (t) => {
  t.strictSame(await resolve('six:http', lookups), {
    kind: 'tcp',
    version: 6,
    host: '2001:db8::1',
    port: 80,
  });
  t.strictSame(await resolve('udp:four:99', lookups), {
    kind: 'udp',
    version: 4,
    host: '192.0.2.1',
    port: 99,
  });
  t.strictSame(await resolve('/run/x', lookups), { kind: 'unix', path: '/run/x' });
  t.match(await resolve('nobody:80', lookups), { mistake: /host 'nobody' has no address/ });
  t.match(await resolve('tcp4:six:80', lookups), { mistake: /host 'six' has no IPv4 address/ });
  t.match(await resolve('udp:four:http', lookups), { mistake: /service 'http' has no port for udp/ });
  t.match(await resolve('example', lookups), { mistake: /'example' has no port for tcp.* if it is a host/ });
});

const skip = !existsSync('/etc/services') && 'there is no /etc/services';
t.test('the system is asked for localhost and for http', { skip }, async (t) => {
  t.match(await resolve('tcp4:localhost:8080'), { kind: 'tcp', version: 4, host: /^127\./, port: 8080 });
  t.match(await resolve('127.0.0.1:http'), { kind: 'tcp', version: 4, host: '127.0.0.1', port: 80 });
});

t.test('addresses of this machine alone are known by their form', async (t) => {
  for (const [text, expected] of [
    ['127.1.2.3:1', true],
    ['[::1]:1', true],
    ['[0:0:0:0:0:0:0:1]:1', true],
    ['[::ffff:127.0.0.1]:1', true],
    ['@name', true],
    ['192.0.2.1:1', false],
    ['[2001:db8::1]:1', false],
    ['[::2]:1', false],
  ] as const) {
    const address = await resolve(text);
    t.equal('mistake' in address ? address.mistake : isLoopback(address), expected, text);
  }
});
