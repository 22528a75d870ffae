// Which sources of a datagram are refused, as a table.
import type { NetworkInterfaceInfo } from 'node:os';
import t from 'tap';
import { milliseconds } from '../../../src/model/quantity.ts';
import { createLoopGuard } from '../../../src/serve/builtin/loop-guard.ts';

const v4 = (address: string, netmask: string): NetworkInterfaceInfo => ({
  address,
  netmask,
  family: 'IPv4',
  mac: '00:00:00:00:00:00',
  internal: false,
  cidr: null,
});

const interfaces = {
  lo: [v4('127.0.0.1', '255.0.0.0')],
  eth0: [v4('192.0.2.2', '255.255.255.0'), v4('10.1.2.3', '255.255.252.0')],
  tun0: [v4('10.9.9.1', '255.255.255.255'), v4('10.9.9.4', '255.255.255.254')],
};
const ordinary = 40_000;
const ours = new Set([7007]);

const cases: readonly (readonly [host: string, port: number, isRefused: boolean, why: string])[] = [
  ['192.0.2.9', ordinary, false, 'a client'],
  ['127.0.0.1', ordinary, false, 'a local client'],
  ['::1', ordinary, false, 'a local client'],
  ['2001:db8::1', ordinary, false, 'a client'],
  ['fe80::1', ordinary, false, 'a client on the link'],
  ['192.0.2.9', 1024, false, 'the lowest ordinary port'],
  ['192.0.2.9', 1023, true, 'a reserved port'],
  ['192.0.2.9', 0, true, 'no port'],
  ['192.0.2.9', 7, true, 'echo'],
  ['192.0.2.9', 9, true, 'discard'],
  ['192.0.2.9', 13, true, 'daytime'],
  ['192.0.2.9', 19, true, 'chargen'],
  ['192.0.2.9', 37, true, 'time'],
  ['192.0.2.9', 53, true, 'domain'],
  ['192.0.2.9', 2049, true, 'NFS'],
  ['2001:db8::1', 2049, true, 'NFS'],
  ['192.0.2.9', 7007, true, 'one of our built-ins, or another host’s of the same kind'],
  ['127.0.0.1', 7007, true, 'one of our built-ins'],
  ['::1', 7007, true, 'one of our built-ins'],
  ['127.0.0.1', 7, true, 'a reserved port'],
  ['0.0.0.0', ordinary, true, 'unspecified'],
  ['0.1.2.3', ordinary, true, 'this network'],
  ['223.255.255.254', ordinary, false, 'below multicast'],
  ['224.0.0.1', ordinary, true, 'multicast'],
  ['239.255.255.250', ordinary, true, 'multicast'],
  ['240.0.0.1', ordinary, true, 'reserved'],
  ['255.0.0.1', ordinary, true, '255/8'],
  ['255.255.255.255', ordinary, true, 'limited broadcast'],
  ['192.0.2.255', ordinary, true, 'broadcast of an interface'],
  ['192.0.3.255', ordinary, false, 'broadcast of nobody here'],
  ['10.1.3.255', ordinary, true, 'broadcast of a /22'],
  ['10.1.2.255', ordinary, false, 'a host of a /22'],
  ['127.255.255.255', ordinary, true, 'broadcast of the loopback'],
  ['10.9.9.1', ordinary, false, 'a /32 has no broadcast'],
  ['10.9.9.5', ordinary, false, 'a /31 has no broadcast'],
  ['::', ordinary, true, 'unspecified'],
  ['::5', ordinary, true, 'v4-compatible'],
  ['::c000:209', ordinary, true, 'v4-compatible'],
  ['::ffff:c000:209', ordinary, true, 'mapped, and not shown as IPv4'],
  ['ff02::1', ordinary, true, 'multicast'],
  ['ff05::1:3', ordinary, true, 'multicast'],
];

t.test('sources that could make a loop are refused, others are answered', async (t) => {
  const isLoopSource = createLoopGuard(() => interfaces);
  for (const [host, port, isRefused, why] of cases) {
    const peer = { kind: 'internet', host, port } as const;
    t.equal(isLoopSource(peer, ours, milliseconds(0)), isRefused, `${host} port ${port}: ${why}`);
  }
});

t.test(
  'interfaces are read again when they are asked for after a minute, not for each datagram',
  async (t) => {
    let reads = 0;
    let known: Readonly<Record<string, NetworkInterfaceInfo[]>> = interfaces;
    const isLoopSource = createLoopGuard(() => {
      reads++;
      return known;
    });
    const refuses = (host: string, now: number): boolean =>
      isLoopSource({ kind: 'internet', host, port: ordinary }, ours, milliseconds(now));
    t.equal(reads, 0);
    for (let now = 0; now < 60_000; now += 1000) refuses('198.51.100.63', now);
    t.equal(reads, 1);
    known = { eth1: [v4('198.51.100.1', '255.255.255.192')] };
    t.notOk(refuses('198.51.100.63', 59_999));
    t.ok(refuses('198.51.100.63', 60_000));
    t.notOk(refuses('192.0.2.255', 60_001));
    t.equal(reads, 2);
  },
);
