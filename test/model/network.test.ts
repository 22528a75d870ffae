// Numeric addresses are read and written in their usual form, and networks are masked.
import t from 'tap';
import {
  createContainment,
  hostNetwork,
  type Network,
  networkOf,
  parseAddress,
  showAddressBytes,
  showNetwork,
} from '../../src/model/network.ts';

const bytesOf = (text: string): Uint8Array => {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(text);
  return bytes;
};

t.test('every form of an address is read and shown in the usual one', (t) => {
  const pairs = [
    ['10.9.8.7', '10.9.8.7'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1::', '1::'],
    ['::ffff:10.9.8.7', '::ffff:a09:807'],
  ] as const;
  for (const [written, shown] of pairs) t.equal(showAddressBytes(bytesOf(written)), shown, written);
  for (const wrong of ['10.9', '300.1.1.1', '::1%lo', 'localhost', ''])
    t.equal(parseAddress(wrong), undefined, wrong);
  t.end();
});

t.test('bits behind the prefix do not count', (t) => {
  t.same(networkOf(bytesOf('10.9.8.99'), 24), { version: 4, address: '10.9.8.0', prefix: 24 });
  t.same(networkOf(bytesOf('10.9.8.99'), 0), { version: 4, address: '0.0.0.0', prefix: 0 });
  t.same(networkOf(bytesOf('10.9.8.99'), 31), { version: 4, address: '10.9.8.98', prefix: 31 });
  t.same(networkOf(bytesOf('2001:db8:ffff::1'), 33), { version: 6, address: '2001:db8:8000::', prefix: 33 });
  t.equal(showNetwork(hostNetwork(bytesOf('2001:db8::1'))), '2001:db8::1');
  t.equal(showNetwork(networkOf(bytesOf('10.9.8.7'), 8)), '10.0.0.0/8');
  t.end();
});

t.test('mapped addresses are IPv4, networks around all of them are not', (t) => {
  t.same(hostNetwork(bytesOf('::ffff:10.9.8.7')), { version: 4, address: '10.9.8.7', prefix: 32 });
  t.same(networkOf(bytesOf('::ffff:0:0'), 96), { version: 4, address: '0.0.0.0', prefix: 0 });
  t.same(networkOf(bytesOf('::'), 0), { version: 6, address: '::', prefix: 0 });
  t.end();
});

t.test(
  'a network lies in a wider one, and all of IPv4 in a network of IPv6 around the mapped addresses',
  (t) => {
    const network = (text: string): Network => {
      const [address = '', prefix = ''] = text.split('/');
      return networkOf(bytesOf(address), Number(prefix));
    };
    const find = createContainment(['10.9.0.0/16', '10.0.0.0/7', '2001:db8::/33', '::1/128'].map(network));
    const shown = (text: string): string | undefined => {
      const found = find(network(text));
      return found && showNetwork(found);
    };
    for (const [text, found] of [
      ['10.9.8.7/32', '10.9.0.0/16'],
      ['10.9.0.0/16', '10.9.0.0/16'],
      ['10.8.0.0/15', '10.0.0.0/7'],
      ['10.0.0.0/6', undefined],
      ['12.0.0.0/8', undefined],
      ['2001:db8:7fff::1/128', '2001:db8::/33'],
      ['2001:db8:8000::1/128', undefined],
      ['2001:db8::/32', undefined],
      ['::1/128', '::1'],
    ] as const) {
      t.equal(shown(text), found, text);
    }
    const all = network('::/0');
    t.equal(createContainment([all])(network('192.0.2.1/32')), all);
    t.equal(createContainment([network('::/97')])(network('192.0.2.1/32')), undefined);
    t.equal(createContainment([])(all), undefined);
    t.end();
  },
);
