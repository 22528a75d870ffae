// Sources: addresses, prefixes and ranges of IPv4.
import fc from 'fast-check';
import t from 'tap';
import { parseSources } from '../../src/measure/sources.ts';

const ip = (a: number, b: number, c: number, d: number): number => ((a * 256 + b) * 256 + c) * 256 + d;

t.test('an address, a prefix and a range are a first address and a count', async (t) => {
  const meanings = {
    '127.0.0.5': { first: ip(127, 0, 0, 5), count: 1 },
    '127.0.0.0/8': { first: ip(127, 0, 0, 1), count: 2 ** 24 - 2 },
    '192.0.2.0/30': { first: ip(192, 0, 2, 1), count: 2 },
    '192.0.2.0/31': { first: ip(192, 0, 2, 0), count: 2 },
    '192.0.2.7/32': { first: ip(192, 0, 2, 7), count: 1 },
    '127.1.0.1-127.1.3.232': { first: ip(127, 1, 0, 1), count: 1000 },
    '127.0.0.9-127.0.0.9': { first: ip(127, 0, 0, 9), count: 1 },
    '223.255.255.255': { first: ip(223, 255, 255, 255), count: 1 },
  };
  for (const [text, meaning] of Object.entries(meanings)) {
    t.strictSame(parseSources(text), { ...meaning, text }, text);
  }
});

t.test('what is no source is told with what to write', async (t) => {
  const mistakes = {
    '': /no IPv4 address/,
    '127.0.0': /no IPv4 address/,
    '127.0.0.256': /no IPv4 address/,
    '127.0.0.1-': /no IPv4 address/,
    '127.0.0.1-127.0.0': /no IPv4 address/,
    '127.0.0.0/33': /no IPv4 address/,
    '127.0.0.0/': /no IPv4 address/,
    '::1': /no IPv4 address/,
    localhost: /no IPv4 address/,
    '127.0.0.1/8': /write 127\.0\.0\.0\/8/,
    '192.0.2.9-192.0.2.1': /write 192\.0\.2\.1-192\.0\.2\.9/,
    '0.0.0.0': /no client can have/,
    '0.0.0.0/0': /no client can have/,
    '224.0.0.1': /no client can have/,
    '223.0.0.1-240.0.0.1': /no client can have/,
  };
  for (const [text, mistake] of Object.entries(mistakes)) t.match(parseSources(text), { mistake }, text);
});

t.test('a range has as many addresses as lie between its ends', async (t) => {
  const address = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255));
  fc.assert(
    fc.property(address, address, (one, other) => {
      const [from, to] = ip(...one) <= ip(...other) ? [one, other] : [other, one];
      const found = parseSources(`${from.join('.')}-${to.join('.')}`);
      return 'count' in found && found.first === ip(...from) && found.count === ip(...to) - ip(...from) + 1;
    }),
  );
  t.pass('for all pairs');
});
