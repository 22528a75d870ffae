// How many connections there are at our addresses, whoever serves them.
import type { ListenAddress } from '../model/address.ts';
import { demand, openAddon } from './addon.ts';

type Question = readonly [
  versions: Uint8Array,
  hosts: readonly string[],
  ports: Uint16Array,
  names: readonly string[],
];

const addon = openAddon<{
  countFlows(...question: Question): Promise<number> | number;
  countFlowsNow(...question: Question): number;
}>();

const what = 'count connections (it asks a netlink socket, sock_diag(7))';

const questionOf = (addresses: readonly ListenAddress[]): Question => {
  const internet = addresses.flatMap((address) =>
    address.kind === 'internet' && address.socketType === 'stream' ? [address] : [],
  );
  return [
    Uint8Array.from(internet, ({ version }) => version),
    internet.map(({ host }) => host),
    Uint16Array.from(internet, ({ port }) => port),
    addresses.flatMap((address) =>
      address.kind === 'unix' && address.socketType !== 'dgram' ? [address.path] : [],
    ),
  ];
};

/**
 * Connections whose local end is one of the addresses, in acceptd's network namespace. They count as long as somebody
 * may still have something to do: established; with all of the client's words said; with all of the server's said and the
 * socket still open; and those that wait in a queue to be accepted. What is only in the kernel's care (TIME_WAIT, a
 * closed socket whose client has not answered) does not; datagrams, FIFOs and sockets of virtual machines have none here.
 *
 * The kernel looks at every socket of the machine, some 0.8 us each, on one of libuv's threads. Rejects with SystemError.
 */
export const askConnections = async (addresses: readonly ListenAddress[]): Promise<number> =>
  demand(what, await addon.countFlows(...questionOf(addresses)));

/** The same at once, for whom nobody waits: 20,000 sockets on the machine take 16 ms and more. */
export const countConnections = (addresses: readonly ListenAddress[]): number =>
  demand(what, addon.countFlowsNow(...questionOf(addresses)));
