// Lists as programs of the kernel: the same verdicts, for every address, within the kernel's limits.
import fc from 'fast-check';
import t from 'tap';
import { addressSetOf, boundsOf, holdsClient } from '../../src/admission/address-set.ts';
import { type Facts, noFacts } from '../../src/admission/facts.ts';
import { compileSourceFilter } from '../../src/admission/source-filter.ts';
import type { Access, ClientPattern } from '../../src/model/access.ts';
import { type Network, networkOf, parseAddress } from '../../src/model/network.ts';
import type { ConnectionRecord } from '../../src/model/record.ts';
import { clientRecord } from '../support/records.ts';

const network = (text: string): Network => {
  const [address = '', prefix] = text.split('/');
  const bytes = parseAddress(address) ?? new Uint8Array(4);
  return networkOf(bytes, prefix === undefined ? bytes.length * 8 : Number(prefix));
};
const patterns = (networks: readonly Network[]): readonly ClientPattern[] =>
  networks.map((each) => ({ kind: 'network', network: each }));

const access = (
  onlyFrom: readonly ClientPattern[] | undefined,
  noAccess: readonly ClientPattern[] = [],
): Access => ({ onlyFrom, noAccess, times: [], maxLoad: undefined, wrapperName: undefined });

const compile = (onlyFrom: readonly Network[] | undefined, noAccess: readonly Network[] = []): Uint8Array => {
  const filter = compileSourceFilter(
    access(onlyFrom === undefined ? undefined : patterns(onlyFrom), patterns(noAccess)),
    noFacts,
  );
  if (filter.kind !== 'program') throw new Error(filter.kind);
  return filter.program;
};

/** The network header of a client's packet. */
const packetOf = (record: ConnectionRecord): DataView => {
  const isV4 = record[4] === 4;
  const packet = new Uint8Array(40);
  packet[0] = isV4 ? 0x45 : 0x60;
  packet.set(record.subarray(24, isV4 ? 28 : 40), isV4 ? 12 : 8);
  return new DataView(packet.buffer);
};

/** What the kernel would say of a packet: linux/filter.h, as far as the programs use it. */
const run = (program: Uint8Array, packet: DataView): number => {
  const view = new DataView(program.buffer);
  let value = 0;
  for (let at = 0; at * 8 < program.length; at++) {
    const code = view.getUint16(at * 8, true);
    const k = view.getUint32(at * 8 + 4, true);
    const jump = (isTrue: boolean): number => view.getUint8(at * 8 + (isTrue ? 2 : 3));
    const offset = (k | 0) + 0x10_0000;
    if (code === 0x20) value = packet.getUint32(offset);
    else if (code === 0x30) value = packet.getUint8(offset);
    else if (code === 0x74) value = value >>> k;
    else if (code === 0x05) at += k;
    else if (code === 0x15) at += jump(value === k);
    else if (code === 0x35) at += jump(value >= k);
    else if (code === 0x06) return k;
    else throw new Error(`instruction ${at}: ${code}`);
  }
  throw new Error('it ran over its end');
};

const letsIn = (program: Uint8Array, host: string): boolean => run(program, packetOf(clientRecord(host))) > 0;

t.test('a list lets its addresses through, and the other list takes some of them away', async (t) => {
  const program = compile(
    [network('10.9.0.0/16'), network('192.0.2.1'), network('2001:db8::/32')],
    [network('10.9.8.7'), network('2001:db8:1::/48')],
  );
  for (const host of [
    '10.9.0.0',
    '10.9.255.255',
    '10.9.8.6',
    '10.9.8.8',
    '192.0.2.1',
    '2001:db8::1',
    '2001:db8:2::',
  ])
    t.ok(letsIn(program, host), host);
  for (const host of [
    '10.9.8.7',
    '10.8.255.255',
    '10.10.0.0',
    '192.0.2.0',
    '192.0.2.2',
    '::1',
    '2001:db8:1::7',
    '2001:db9::',
  ])
    t.notOk(letsIn(program, host), host);
  t.equal(run(program, new DataView(new ArrayBuffer(40))), 0, 'what is no IP packet is let in by nobody');
});

t.test('where everybody may come there is no filter, where nobody may a short one', async (t) => {
  t.strictSame(compileSourceFilter(access(undefined), noFacts), { kind: 'none' });
  t.strictSame(compileSourceFilter(access(patterns([network('::/0')])), noFacts), { kind: 'none' });
  const nobody = compile([]);
  for (const host of ['0.0.0.0', '255.255.255.255', '::', 'ffff::']) t.notOk(letsIn(nobody, host), host);
  const onlyV4 = compile([network('0.0.0.0/0')]);
  t.ok(letsIn(onlyV4, '0.0.0.0') && letsIn(onlyV4, '255.255.255.255'));
  t.notOk(letsIn(onlyV4, '::1'));
});

t.test('hosts count with the addresses they have now; domains cannot be told', async (t) => {
  const host = access([{ kind: 'host', name: 'gate.example' }]);
  t.strictSame(compileSourceFilter(host, noFacts), { kind: 'addresses', of: 'gate.example' });
  const facts: Facts = { ...noFacts, addresses: new Map([['gate.example', ['10.0.0.1', '2001:db8::1']]]) };
  const filter = compileSourceFilter(host, facts);
  if (filter.kind !== 'program') throw new Error(filter.kind);
  t.ok(letsIn(filter.program, '10.0.0.1') && letsIn(filter.program, '2001:db8::1'));
  t.notOk(letsIn(filter.program, '10.0.0.2') || letsIn(filter.program, '2001:db8::2'));
  const nowhere = compileSourceFilter(host, { ...noFacts, addresses: new Map([['gate.example', []]]) });
  t.equal(nowhere.kind, 'program', 'a host without addresses lets nobody in');
  const domain: ClientPattern = { kind: 'domain', suffix: '.example' };
  t.match(compileSourceFilter(access(undefined, [domain]), facts), { kind: 'impossible', why: /\.example/ });
});

const spread = (count: number): readonly Network[] =>
  Array.from({ length: count }, (_, index) => network(`10.${index >> 7}.${(index & 127) * 2}.1`));

t.test('as many networks as fit, and no more', async (t) => {
  const many = spread(1_800);
  const program = compile(many);
  t.ok(program.length / 8 <= 4_096, `${program.length / 8} instructions`);
  const set = addressSetOf(boundsOf(many));
  for (let index = 0; index < 65_536; index += 3) {
    const host = clientRecord(`10.${index >> 12}.${(index >> 4) & 255}.${index & 15}`);
    if (run(program, packetOf(host)) > 0 !== holdsClient(set, host)) t.fail(String(index));
  }
  t.match(compileSourceFilter(access(patterns(spread(10_000))), noFacts), {
    kind: 'impossible',
    why: /20000 places/,
  });
});

const anyNetwork = fc.oneof(
  fc
    .tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.integer({ min: 0, max: 32 }))
    .map(([bytes, prefix]) => networkOf(bytes, prefix)),
  // few different words, so that networks share some
  fc
    .tuple(
      fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: 16, maxLength: 16 }),
      fc.integer({ min: 0, max: 128 }),
    )
    .map(([bytes, prefix]) => networkOf(Uint8Array.from(bytes), prefix)),
);
const anyList = fc.array(anyNetwork, { maxLength: 60 });

/** Addresses at the edges of networks, and beside them. */
const edgesOf = ({ version, address, prefix }: Network): readonly ConnectionRecord[] => {
  const bits = version === 4 ? 32 : 128;
  const first = BigInt(`0x${Buffer.from(parseAddress(address) ?? []).toString('hex')}`);
  const end = first + (1n << BigInt(bits - prefix));
  return [first, first - 1n, end - 1n, end].flatMap((value) => {
    if (value < 0n || value >= 1n << BigInt(bits)) return [];
    const text = value.toString(16).padStart(bits / 4, '0');
    const host = version === 4 ? Buffer.from(text, 'hex').join('.') : text.replace(/(....)(?=.)/g, '$1:');
    return [clientRecord(host)];
  });
};

t.test('the program says what the lists say', async (t) => {
  const agrees = (onlyFrom: readonly Network[], noAccess: readonly Network[]): boolean => {
    const filter = compileSourceFilter(access(patterns(onlyFrom), patterns(noAccess)), noFacts);
    if (filter.kind === 'none') return true;
    if (filter.kind !== 'program') return false;
    const [may, mayNot] = [addressSetOf(boundsOf(onlyFrom)), addressSetOf(boundsOf(noAccess))];
    return [...onlyFrom, ...noAccess].flatMap(edgesOf).every((record) => {
      const expected = holdsClient(may, record) && !holdsClient(mayNot, record);
      return run(filter.program, packetOf(record)) > 0 === expected;
    });
  };
  t.doesNotThrow(() => fc.assert(fc.property(anyList, anyList, agrees), { numRuns: 400 }));
});
