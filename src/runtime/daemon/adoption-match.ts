// Which of our sockets a server means by the address that it binds: rules that keep the server working, and its clients.
import type { SocketType } from '../../model/address.ts';

/** A socket of IPv4 or IPv6. Hosts are as inet_ntop(3) writes them. */
export type InternetSocket = {
  readonly kind: 'internet';
  readonly socketType: SocketType | undefined;
  /** Of the socket: one of version 6 can be bound to an IPv4 address (`::ffff:127.0.0.1`). */
  readonly version: 4 | 6;
  readonly host: string;
  readonly port: number;
  /** A wildcard of version 6 without IPv4. */
  readonly isV6Only: boolean;
};

/** What a wish means for one of ours. `near`: not the same, but whoever configured both has meant the same. */
export type Likeness = 'same' | 'near' | 'other';

const wildcards: readonly string[] = ['0.0.0.0', '::'];
const isWildcard = ({ host }: InternetSocket): boolean => wildcards.includes(host);

const mappedPrefix = '::ffff:';

/** The address without its dress: `::ffff:127.0.0.1` is 127.0.0.1; a link-local one without its interface. */
const bareHost = (host: string): string => {
  const [bare = host] = host.split('%');
  return bare.startsWith(mappedPrefix) && bare.includes('.') ? bare.slice(mappedPrefix.length) : bare;
};

const takesV4 = (socket: InternetSocket): boolean =>
  socket.version === 4 || bareHost(socket.host).includes('.') || (isWildcard(socket) && !socket.isV6Only);

const takesV6 = (socket: InternetSocket): boolean =>
  socket.version === 6 && !bareHost(socket.host).includes('.');

const overlaps = (one: InternetSocket, other: InternetSocket): boolean =>
  (takesV4(one) && takesV4(other)) || (takesV6(one) && takesV6(other));

const isSamePort = (wanted: InternetSocket, ours: InternetSocket): boolean =>
  wanted.port === ours.port && wanted.socketType === ours.socketType;

/**
 * A server that asks for all addresses gets ours, whichever of them it is: its administrator has narrowed it, and the
 * kernel would not let it have the port beside ours. One that asks for a single address gets no socket of all addresses:
 * it would be open to whom it never meant.
 */
export const likenessOf = (wanted: InternetSocket, ours: InternetSocket): Likeness => {
  if (!isSamePort(wanted, ours) || !overlaps(wanted, ours)) return 'other';
  if (isWildcard(wanted)) return 'same';
  return bareHost(wanted.host) === bareHost(ours.host) ? 'same' : 'near';
};

/** Of several that are the same: the one that serves most of whom the server would have served. Higher is better. */
const closeness = (wanted: InternetSocket, ours: InternetSocket): number => {
  if (!isWildcard(ours)) return wanted.version === ours.version ? 1 : 0;
  if (takesV4(wanted) === takesV4(ours) && takesV6(wanted) === takesV6(ours)) return 4;
  return wanted.version === ours.version ? 3 : 2;
};

export type Candidate<Ours> = { readonly socket: InternetSocket; readonly ours: Ours };

export type Match<Ours> = {
  readonly best: Ours | undefined;
  /** Those whose clients the server would have served by this one socket, and cannot. */
  readonly leftOut: readonly Ours[];
  readonly near: Ours | undefined;
};

/** `isGiven`: the server has it already; of two that are as good the other one is next. */
export const findOurs = <Ours>(
  wanted: InternetSocket,
  candidates: readonly Candidate<Ours>[],
  isGiven: (ours: Ours) => boolean,
): Match<Ours> => {
  const rank = ({ socket, ours }: Candidate<Ours>): number =>
    2 * closeness(wanted, socket) + (isGiven(ours) ? 0 : 1);
  const same = candidates
    .filter(({ socket }) => likenessOf(wanted, socket) === 'same')
    .toSorted((one, other) => rank(other) - rank(one));
  const [best, ...rest] = same.map(({ ours }) => ours);
  return {
    best,
    leftOut: rest.filter((ours) => !isGiven(ours)),
    near: candidates.find(({ socket }) => likenessOf(wanted, socket) === 'near')?.ours,
  };
};
