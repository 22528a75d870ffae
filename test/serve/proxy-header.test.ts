// The header that tells a server who the client of its relay is, byte by byte.
import t from 'tap';
import { parseAddress } from '../../src/model/network.ts';
import type { ConnectionRecord } from '../../src/model/record.ts';
import { proxyHeader } from '../../src/serve/proxy-header.ts';

type End = readonly [host: string, port: number];

/** As native/record.hh has it. */
const recordOf = (family: 4 | 6 | 1, remote: End, local: End): ConnectionRecord => {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint16(4, family, true);
  view.setUint16(6, remote[1], true);
  view.setUint16(8, local[1], true);
  bytes.set(parseAddress(remote[0]) ?? [], 24);
  bytes.set(parseAddress(local[0]) ?? [], 40);
  return bytes as ConnectionRecord;
};

const v4 = { record: recordOf(4, ['192.0.2.17', 40_001], ['198.51.100.4', 80]), path: '' };
const v6 = { record: recordOf(6, ['2001:db8::1', 65_535], ['2001:db8:0:1::2', 443]), path: '' };
const unix = (path: string) => ({ record: recordOf(1, ['', 0], ['', 0]), path });

const signature = '0d0a0d0a000d0a515549540a';

t.test('version 1 is a line with both ends', async (t) => {
  t.equal(String(proxyHeader('v1', v4)), 'PROXY TCP4 192.0.2.17 198.51.100.4 40001 80\r\n');
  t.equal(String(proxyHeader('v1', v6)), 'PROXY TCP6 2001:db8::1 2001:db8:0:1::2 65535 443\r\n');
  t.equal(String(proxyHeader('v1', unix('/run/x'))), 'PROXY UNKNOWN\r\n');
});

t.test('version 2 has the same in binary', async (t) => {
  const hex = (header: Uint8Array): string => Buffer.from(header).toString('hex');
  t.equal(hex(proxyHeader('v2', v4)), `${signature}2111000c${'c0000211'}${'c6336404'}${'9c41'}${'0050'}`);
  t.equal(
    hex(proxyHeader('v2', v6)),
    `${signature}21210024${'20010db8000000000000000000000001'}${'20010db8000000010000000000000002'}ffff01bb`,
  );
});

t.test('the client of a unix socket has no name, and what it has called has one', async (t) => {
  for (const [path, bytes] of [
    ['/run/x.sock', '/run/x.sock'],
    ['@name', '\0name'],
    [`/${'x'.repeat(107)}`, `/${'x'.repeat(107)}`],
  ] as const) {
    const header = Buffer.from(proxyHeader('v2', unix(path)));
    t.equal(header.length, 16 + 216, path);
    t.equal(header.subarray(0, 16).toString('hex'), `${signature}213100d8`);
    t.ok(header.subarray(16, 16 + 108).equals(Buffer.alloc(108)));
    t.equal(
      header
        .subarray(16 + 108)
        .toString()
        .replace(/\0+$/, ''),
      bytes,
    );
  }
});

t.test('where the own end could not be found there is no address rather than a wrong one', async (t) => {
  const blind = { record: recordOf(4, ['192.0.2.17', 40_001], ['0.0.0.0', 0]), path: '' };
  t.equal(String(proxyHeader('v1', blind)), 'PROXY UNKNOWN\r\n');
  t.equal(Buffer.from(proxyHeader('v2', blind)).toString('hex'), `${signature}21000000`);
});
