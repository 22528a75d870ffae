// Which service a TCP connection that is over belonged to, and the bytes that it carried.
import type { ListenAddress } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { parseAddress } from '../../model/network.ts';
import { milliseconds } from '../../model/quantity.ts';
import type { ResolvedService } from '../../model/service.ts';
import { SystemError } from '../../native/addon.ts';
import type { Kernel } from '../../native/kernel.ts';
import { openTcpEnds, type TcpEnd, type TcpEnds } from '../../native/tcp-ends.ts';

export type Traffic = {
  /** Whose connections are counted from now on. */
  readonly setServices: (services: readonly ResolvedService[]) => void;
  readonly read: () => { readonly isCounting: boolean; readonly lost: number };
  readonly stop: () => void;
  /** Where ends are told, for the version that takes over. */
  readonly kept: () => Descriptor | undefined;
};

/** An address that somebody listens at. */
type Place = {
  readonly service: string;
  /** undefined: both, of a socket for all addresses that takes IPv4 too. */
  readonly version: 4 | 6 | undefined;
  /** undefined: all of them. */
  readonly bytes: Uint8Array | undefined;
};

const placesOf = (services: readonly ResolvedService[]): ReadonlyMap<number, readonly Place[]> => {
  const places = new Map<number, Place[]>();
  const add = (port: number, place: Place): void => {
    const known = places.get(port);
    if (known === undefined) places.set(port, [place]);
    // an address of its own comes before one for all
    else if (place.bytes === undefined) known.push(place);
    else known.unshift(place);
  };
  for (const { id, answer, addresses } of services) {
    // a relay tells it itself
    if (answer.kind === 'relay') continue;
    for (const address of addresses) if (isTcp(address)) add(address.port, placeOf(id, address));
  }
  return places;
};

/** Between two looks: what an ordinary user's socket holds is enough for 20,000 ends a second. */
const gatherTime = milliseconds(15);

type TcpAddress = Extract<ListenAddress, { readonly kind: 'internet' }>;

const isTcp = (address: ListenAddress): address is TcpAddress =>
  address.kind === 'internet' && address.socketType === 'stream';

const placeOf = (service: string, { version, host, takesMapped }: TcpAddress): Place => {
  const isForAll = host === '0.0.0.0' || host === '::';
  return {
    service,
    version: takesMapped ? undefined : version,
    bytes: isForAll ? undefined : parseAddress(host.replace(/%.*/, '')),
  };
};

const isAt = ({ version, bytes }: Place, end: TcpEnd): boolean => {
  if (version !== undefined && version !== end.version) return false;
  return bytes === undefined || bytes.every((byte, at) => byte === end.bytes[end.localOffset + at]);
};

/**
 * Counts from now on, and never touches a connection. `complain` is told once, in one sentence, where the kernel does
 * not say how many bytes there were: then everything else goes on.
 */
export const createTraffic = (
  clock: Clock,
  kernel: Pick<Kernel, 'watch' | 'unwatch' | 'close'>,
  add: (service: string, bytesIn: number, bytesOut: number) => void,
  complain: (what: string) => void,
  open: () => TcpEnds = () => openTcpEnds(),
): Traffic => {
  let places: ReadonlyMap<number, readonly Place[]> = new Map();
  let lost = 0;
  let ends: TcpEnds | undefined;

  const onEnd = (end: TcpEnd): void => {
    const place = places.get(end.localPort)?.find((each) => isAt(each, end));
    if (place !== undefined) add(place.service, end.bytesIn, end.bytesOut);
  };
  const stop = (): void => {
    if (ends === undefined) return;
    cancel?.();
    kernel.unwatch(ends.descriptor);
    kernel.close(ends.descriptor);
    ends = undefined;
  };
  const giveUp = (error: unknown): void => {
    if (!(error instanceof SystemError)) throw error;
    stop();
    complain(`${error.message}; metrics do without the bytes of TCP connections`);
  };

  let cancel: (() => void) | undefined;
  /** Not for each connection by itself: others that end soon after are told with it. */
  const wait = ({ descriptor, drain }: TcpEnds): void =>
    kernel.watch(descriptor, () => {
      kernel.unwatch(descriptor);
      try {
        lost += drain(onEnd);
      } catch (error) {
        giveUp(error);
        return;
      }
      cancel = clock.after(gatherTime, () => attempt(wait));
    });
  const attempt = (how: (opened: TcpEnds) => void): void => {
    try {
      ends ??= open();
      how(ends);
    } catch (error) {
      giveUp(error);
    }
  };

  attempt(wait);
  return {
    setServices: (services) => {
      places = placesOf(services);
    },
    read: () => ({ isCounting: ends !== undefined, lost }),
    stop,
    kept: () => ends?.descriptor,
  };
};
