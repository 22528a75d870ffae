// Where a listener's socket comes from: whoever started us gave it, or we open it.
import type { ListenAddress } from '../model/address.ts';
import type { Descriptor } from '../model/descriptor.ts';
import type { ResolvedService } from '../model/service.ts';
import type { Kernel } from '../native/kernel.ts';
import { type Inheritance, type Keeper, wantsPair } from './inheritance.ts';
import type { RunningListener } from './running.ts';
import { type Opening, openListener, takeListener } from './socket.ts';

/**
 * Whether somebody else may have the socket too. A handler for each sender of datagrams gets the listener's own socket,
 * connected; in another's hands that would go on to swallow what this sender sends.
 */
export const isShareable = ({ mode, answer }: ResolvedService, { socketType }: ListenAddress): boolean =>
  socketType !== 'dgram' || mode === 'whole-socket' || answer.kind !== 'program';

export const createListenerSource = (kernel: Kernel, inheritance: Inheritance) => {
  /** Whether its clients come in at a socket of IPv6 that whoever started us has bound for both versions. */
  const isCovered = ({ address, service }: RunningListener): boolean => {
    const { addresses } = service.prepared.service;
    if (address.kind !== 'internet' || address.version !== 4 || !wantsPair(address, addresses)) return false;
    const isOpenForBoth = [...service.listeners].some(
      (other) =>
        other.descriptor !== undefined &&
        other.keeper !== 'nobody' &&
        other.address.kind === 'internet' &&
        other.address.version === 6 &&
        other.address.host === '::' &&
        other.address.socketType === address.socketType &&
        other.address.port === address.port &&
        kernel.getOption(other.descriptor, 'IPV6_V6ONLY') === 0,
    );
    return isOpenForBoth || inheritance.isCovered(address, addresses);
  };

  /** The socket, and who else keeps it. */
  const obtain = (listener: RunningListener, opening: Opening): readonly [Descriptor, Keeper, string] => {
    const { key, address, service } = listener;
    const { service: resolved } = service.prepared;
    const claimed = isShareable(resolved, address)
      ? inheritance.claim(key, address, resolved.addresses)
      : undefined;
    if (claimed === undefined) return [openListener(kernel, resolved, address, opening), 'nobody', ''];
    const { descriptor, keeper, name } = claimed;
    try {
      return [takeListener(kernel, resolved, address, descriptor, opening.onDenied), keeper, name];
    } catch (error) {
      kernel.close(descriptor);
      throw error;
    }
  };

  return { isCovered, obtain };
};
