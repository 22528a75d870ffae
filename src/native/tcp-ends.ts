// The ends of TCP connections as the kernel tells them: how many bytes went each way. The data path is not touched.
import { type Descriptor, descriptorOf } from '../model/descriptor.ts';
import { demand, openAddon } from './addon.ts';

const addon = openAddon<{
  openTcpEnds(): number;
  receiveTcpEnds(fd: number, ends: Uint8Array): number;
}>();

/** In one call; a record has the layout of native/tcp-ends.cc. */
const room = 128;
const recordSize = 40;
const lossesSize = 8;

/** One that is over, and only valid while it is told. */
export type TcpEnd = {
  readonly version: 4 | 6;
  readonly localPort: number;
  /** Our end's address, 4 or 16 bytes, where it is in the buffer: nothing is made for it. */
  readonly bytes: Uint8Array;
  readonly localOffset: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
};

export type TcpEnds = {
  readonly descriptor: Descriptor;
  /** Tells all that have come, of whatever socket of the network namespace; gives how often the kernel lost some. */
  readonly drain: (tell: (end: TcpEnd) => void) => number;
};

/** So many at once, then others have their turn: epoll says that there is more. */
const batches = 4;

/**
 * Throws SystemError where the kernel does not tell it, as without the module tcp_diag. No capability is needed; with
 * CAP_NET_ADMIN more may wait for us. The descriptor is the caller's. `known`: one that was opened before an upgrade.
 */
export const openTcpEnds = (known?: Descriptor): TcpEnds => {
  const what = 'hear of ended TCP connections (it asks a netlink socket, sock_diag(7))';
  const descriptor = known ?? descriptorOf(demand(what, addon.openTcpEnds()));
  const buffer = new ArrayBuffer(lossesSize + room * recordSize);
  const bytes = new Uint8Array(buffer);
  const ports = new Uint16Array(buffer);
  const amounts = new Float64Array(buffer);
  const losses = new Uint32Array(buffer, 0, 1);
  const at = (index: number): TcpEnd => {
    const offset = lossesSize + index * recordSize;
    return {
      version: bytes[offset + 2] === 4 ? 4 : 6,
      localPort: ports[offset / 2] ?? 0,
      bytes,
      localOffset: offset + 8,
      bytesIn: amounts[offset / 8 + 3] ?? 0,
      bytesOut: amounts[offset / 8 + 4] ?? 0,
    };
  };
  return {
    descriptor,
    drain: (tell) => {
      let lost = 0;
      for (let batch = 0; batch < batches; batch++) {
        const count = demand(what, addon.receiveTcpEnds(descriptor, bytes));
        lost += losses[0] ?? 0;
        for (let index = 0; index < count; index++) tell(at(index));
        if (count < room) break;
      }
      return lost;
    },
  };
};
