// Who is on the lists: addresses of both families, names, and the questions that are left.
import fc from 'fast-check';
import t from 'tap';
import { type CompiledAccess, compileAccess, judgeAccess } from '../../src/admission/access-list.ts';
import { type Facts, noFacts, type Question } from '../../src/admission/facts.ts';
import type { Access, ClientPattern } from '../../src/model/access.ts';
import { networkOf, parseAddress } from '../../src/model/network.ts';
import { clientRecord, unixRecord } from '../support/records.ts';

const pattern = (text: string): ClientPattern => {
  if (text.startsWith('.')) return { kind: 'domain', suffix: text };
  const [address = '', prefix] = text.split('/');
  const bytes = parseAddress(address);
  if (bytes === undefined) return { kind: 'host', name: text };
  const length = prefix === undefined ? bytes.length * 8 : Number(prefix);
  return { kind: 'network', network: networkOf(bytes, length) };
};

const access = (onlyFrom: string | undefined, noAccess = ''): Access => ({
  onlyFrom: onlyFrom?.split(' ').filter(Boolean).map(pattern),
  noAccess: noAccess.split(' ').filter(Boolean).map(pattern),
  times: [],
  maxLoad: undefined,
  wrapperName: undefined,
});

const lists = (onlyFrom: string | undefined, noAccess = ''): CompiledAccess =>
  compileAccess(access(onlyFrom, noAccess));

const judge = (
  compiled: CompiledAccess,
  host: string,
  facts: Partial<Facts> = {},
  unanswered?: readonly Question[],
): 'allow' | 'deny' | Question =>
  judgeAccess(compiled, clientRecord(host), { ...noFacts, ...facts }, unanswered);

/** Of these clients, those that are let in. */
const allowed = (compiled: CompiledAccess, hosts: string): string =>
  hosts
    .split(' ')
    .filter((host) => judge(compiled, host) === 'allow')
    .join(' ');

t.test('without lists everybody may come, with an empty one nobody', async (t) => {
  t.equal(judge(lists(undefined), '10.9.8.7'), 'allow');
  t.equal(judge(lists(undefined), '2001:db8::1'), 'allow');
  t.equal(judge(lists(''), '10.9.8.7'), 'deny');
  t.equal(judge(lists(''), '::1'), 'deny');
});

t.test('networks hold their first and last address and nothing beside them', async (t) => {
  const hosts =
    '0.0.0.0 9.255.255.255 10.0.0.0 10.255.255.255 11.0.0.0 127.255.255.255 128.0.0.0 255.255.255.255';
  t.equal(allowed(lists('10.0.0.0/8'), hosts), '10.0.0.0 10.255.255.255');
  t.equal(
    allowed(lists('128.0.0.0/1'), hosts),
    '128.0.0.0 255.255.255.255',
    'up to the end of all addresses',
  );
  t.equal(allowed(lists('0.0.0.0/0'), hosts), hosts);
  t.equal(allowed(lists('255.255.255.255 0.0.0.0'), hosts), '0.0.0.0 255.255.255.255');
  const six = ':: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff';
  t.equal(allowed(lists('2001:db8::/32'), six), '2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff');
  t.equal(
    allowed(lists('2001:db8::1/128 ff00::/8'), '2001:db8:: 2001:db8::1 2001:db8::2 ffff::1'),
    '2001:db8::1 ffff::1',
  );
});

t.test('neighbours and overlaps become one, and gaps stay', async (t) => {
  const { networks } = lists(
    '',
    '10.0.0.0/25 10.0.0.128/25 10.0.0.7 10.0.1.1 2001:db8::/33 2001:db8:8000::/33',
  ).noAccess;
  t.equal(networks.v4.length, 4);
  t.equal(networks.v6.length, 8);
  const compiled = lists('10.0.0.0/25 10.0.0.128/25 10.0.0.7 10.0.1.1');
  t.equal(
    allowed(compiled, '9.255.255.255 10.0.0.0 10.0.0.127 10.0.0.128 10.0.0.255 10.0.1.0 10.0.1.1 10.0.1.2'),
    '10.0.0.0 10.0.0.127 10.0.0.128 10.0.0.255 10.0.1.1',
  );
});

t.test('IPv4 is IPv4 however it is written, and all of IPv6 is IPv4 too', async (t) => {
  t.equal(judge(lists('0.0.0.0/0'), '::1'), 'deny', 'all of IPv4 is not IPv6');
  t.equal(judge(lists('::/0'), '10.9.8.7'), 'allow');
  t.equal(judge(lists('::ffff:0:0/96'), '10.9.8.7'), 'allow');
  t.equal(judge(lists('::ffff:0:0/96'), '::1'), 'deny');
  t.equal(judge(lists('::/80'), '10.9.8.7'), 'allow', 'it holds the mapped addresses');
  t.equal(judge(lists('::/81'), '10.9.8.7'), 'deny', 'it does not');
  t.equal(judge(lists('::ffff:10.9.8.7'), '10.9.8.7'), 'allow');
  t.equal(judge(lists('::ffff:10.9.8.0/120'), '10.9.9.7'), 'deny');
  t.equal(judge(lists('::'), '10.9.8.7'), 'deny');
  const mapped: ClientPattern = {
    kind: 'network',
    network: { version: 6, address: '::ffff:a09:807', prefix: 128 },
  };
  const compiled = compileAccess({ ...access(undefined), onlyFrom: [mapped] });
  t.equal(judge(compiled, '10.9.8.7'), 'allow', 'also where nobody has brought it into the usual form');
});

t.test('who is on both lists is kept out, whatever the lengths', async (t) => {
  t.equal(judge(lists('10.9.8.7', '10.9.0.0/16'), '10.9.8.7'), 'deny');
  t.equal(judge(lists('10.9.0.0/16', '10.9.8.7'), '10.9.8.7'), 'deny');
  t.equal(judge(lists('10.9.0.0/16', '10.9.8.7'), '10.9.8.8'), 'allow');
  t.equal(judge(lists(undefined, '10.9.0.0/16'), '10.8.0.1'), 'allow');
});

t.test('unix peers are no subject of lists', async (t) => {
  t.equal(judgeAccess(lists(''), unixRecord(), noFacts), 'allow');
  t.equal(judgeAccess(lists(undefined, '::/0 .org host'), unixRecord(), noFacts), 'allow');
});

t.test('a host is where its name has addresses, of whatever family', async (t) => {
  const addresses = new Map([
    ['gate.example', ['192.0.2.1', '2001:db8::5']],
    ['gone.example', []],
  ]);
  const compiled = lists('gone.example gate.example 10.0.0.1');
  t.strictSame(compiled.hostNames, ['gone.example', 'gate.example']);
  t.equal(judge(compiled, '192.0.2.1', { addresses }), 'allow');
  t.equal(judge(compiled, '2001:db8::5', { addresses }), 'allow');
  t.equal(judge(compiled, '192.0.2.2', { addresses }), 'deny');
  t.equal(judge(compiled, '10.0.0.1'), 'allow', 'no question where the address decides');
  t.match(judge(compiled, '192.0.2.2'), { kind: 'addresses' });
  t.strictSame(judge(compiled, '192.0.2.2', { addresses: new Map([['gate.example', []]]) }), {
    kind: 'addresses',
    of: 'gone.example',
  });
  t.equal(judge(lists(undefined, 'gate.example'), '192.0.2.1', { addresses }), 'deny');
});

t.test('a domain holds names that end in it', async (t) => {
  const compiled = lists('.example.com');
  for (const name of ['a.example.com', 'a.b.example.com'])
    t.equal(judge(compiled, '10.0.0.1', { name }), 'allow', name);
  for (const name of ['example.com', 'badexample.com', 'a.example.com.org', 'com', null])
    t.equal(judge(compiled, '10.0.0.1', { name }), 'deny', String(name));
  t.strictSame(judge(compiled, '10.0.0.1'), { kind: 'name' });
  t.equal(judge(lists(undefined, '.example.com'), '10.0.0.1', { name: 'a.example.com' }), 'deny');
});

t.test('nothing is asked whose answer changes nothing', async (t) => {
  t.equal(judge(lists('10.0.0.0/8', '10.0.0.1 .org'), '10.0.0.1'), 'deny', 'kept out already');
  t.equal(judge(lists('10.0.0.0/8', '.org'), '11.0.0.1'), 'deny', 'not among those who may come');
  t.equal(judge(lists('10.0.0.0/8 .org', '172.16.0.0/12'), '10.0.0.1'), 'allow', 'among them by address');
  t.strictSame(judge(lists('10.0.0.0/8', '.org'), '10.0.0.1'), { kind: 'name' });
  t.equal(judge(lists('.com', '.org host'), '10.0.0.1', { name: null }), 'deny', 'the host is not asked for');
  const addresses = new Map([['host', ['10.0.0.1']]]);
  t.equal(judge(lists('.com', '.org host'), '10.0.0.1', { addresses }), 'deny', 'the name is not asked for');
  t.equal(judge(lists('.com host'), '10.0.0.1', { addresses }), 'allow');
});

t.test('what nobody can answer keeps out whom the answer might have kept out', async (t) => {
  const name: Question = { kind: 'name' };
  const host: Question = { kind: 'addresses', of: 'host' };
  t.equal(judge(lists('.org'), '10.0.0.1', {}, [name]), 'deny');
  t.equal(judge(lists(undefined, '.org'), '10.0.0.1', {}, [name]), 'deny');
  t.equal(
    judge(lists('host .org'), '10.0.0.1', { name: 'a.org' }, [host]),
    'allow',
    'let in for another reason',
  );
  t.strictSame(judge(lists('host .org'), '10.0.0.1', {}, [host]), name, 'the other reason is asked for');
  t.strictSame(judge(lists('host other'), '10.0.0.1', {}, [host]), { kind: 'addresses', of: 'other' });
  t.equal(judge(lists(undefined, 'host other'), '10.0.0.1', {}, [host]), 'deny');
});

// --- The search against a look at every network ---

const anyNetwork = fc.oneof(
  fc.record({
    bytes: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    prefix: fc.integer({ min: 0, max: 32 }),
  }),
  fc.record({
    bytes: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    prefix: fc.integer({ min: 0, max: 128 }),
  }),
);

const bitsOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');

t.test('many networks are searched as a look at each would find', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.array(anyNetwork, { maxLength: 40 }),
        anyNetwork,
        fc.boolean(),
        (written, other, isNear) => {
          const near = isNear ? written[0] : undefined;
          const client = near?.bytes ?? other.bytes;
          const networks = written.map(({ bytes, prefix }) => networkOf(bytes, prefix));
          const compiled = compileAccess({
            ...access(undefined),
            onlyFrom: networks.map((network) => ({ kind: 'network', network })),
          });
          const bits = bitsOf(client);
          const mappedBits = `${'0'.repeat(80)}${'1'.repeat(16)}${bits}`;
          const isHeld = written.some(({ bytes, prefix }) => {
            const start = bitsOf(bytes).slice(0, prefix);
            if (bytes.length === client.length) return bits.startsWith(start);
            return client.length === 4 && prefix <= 96 && mappedBits.startsWith(start);
          });
          const host =
            client.length === 4
              ? client.join('.')
              : Buffer.from(client)
                  .toString('hex')
                  .replace(/(....)(?=.)/g, '$1:');
          return (judge(compiled, host) === 'allow') === isHeld;
        },
      ),
      { numRuns: 3000 },
    ),
  );
});
