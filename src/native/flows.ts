// How many connections there are at our addresses, whoever serves them.
import type { InternetAddress, ListenAddress } from '../model/address.ts';
import { demand, openAddon } from './addon.ts';

const addon = openAddon<{
  countInternetFlows(version: number, hosts: readonly string[], ports: Uint16Array): number;
  countUnixFlows(names: readonly string[]): number;
}>();

const countInternet = (version: 4 | 6, addresses: readonly InternetAddress[]): number => {
  const own = addresses.filter((address) => address.version === version);
  if (own.length === 0) return 0;
  return demand(
    'count connections (it needs netlink sockets, sock_diag(7))',
    addon.countInternetFlows(
      version,
      own.map(({ host }) => host),
      Uint16Array.from(own, ({ port }) => port),
    ),
  );
};

/**
 * Connections whose local end is one of the addresses, in acceptd's network namespace. They count as long as somebody
 * may still have something to do: established; with all of the client's words said; with all of the server's said and the
 * socket still open; and those that wait in a queue to be accepted. What is only in the kernel's care (TIME_WAIT, a
 * closed socket whose client has not answered) does not, and datagrams have no connections.
 */
export const countConnections = (addresses: readonly ListenAddress[]): number => {
  const internet = addresses.flatMap((address) =>
    address.kind === 'internet' && address.socketType === 'stream' ? [address] : [],
  );
  const paths = addresses.flatMap((address) =>
    address.kind === 'unix' && address.socketType !== 'dgram' ? [address.path] : [],
  );
  const atPaths =
    paths.length === 0
      ? 0
      : demand('count connections (it needs netlink sockets, sock_diag(7))', addon.countUnixFlows(paths));
  return countInternet(4, internet) + countInternet(6, internet) + atPaths;
};
