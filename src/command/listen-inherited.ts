// Sockets that acceptd listen was started with (LISTEN_FDS): they come before those of its command line.
import type { SocketType } from '../model/address.ts';
import { descriptorOf } from '../model/descriptor.ts';
import { type FoundSocket, inspectSocket, takesMapped } from '../native/inspect.ts';
import { countInherited } from '../operate/start-environment.ts';
import { isStoredName } from '../runtime/stored-name.ts';
import { type Place, placeOf } from './listen-address.ts';

export type InheritedPlace = { readonly place: Place; readonly name: string | undefined };

const firstDescriptor = 3;

const addressOf = (
  { family, socketType, place, port }: FoundSocket & { readonly socketType: SocketType },
  isDual: boolean,
): string => {
  const protocol = socketType === 'dgram' ? 'udp' : 'tcp';
  switch (family) {
    case 4:
      return `${protocol}4:${place}:${port}`;
    case 6:
      return `${protocol}${isDual && place === '::' ? '46' : '6'}:[${place}]:${port}`;
    case 'unix':
      return `unix-${socketType}:${place}`;
    case 'vsock':
      return `vsock:${place}:${port}`;
  }
};

/**
 * The server takes them over by their addresses; here they are only looked at. What an acceptd before this one has left is
 * no place of its own: the command line, which was the same, names it.
 */
export const inheritedPlaces = (
  environment: Readonly<Record<string, string | undefined>>,
): readonly InheritedPlace[] => {
  const count = countInherited(environment);
  const names = environment['LISTEN_FDNAMES']?.split(':') ?? [];
  return Array.from({ length: count }, (_, index) => {
    const name = names.length === count ? names[index] : undefined;
    if (name !== undefined && isStoredName(name)) return [];
    const descriptor = descriptorOf(firstDescriptor + index);
    const found = inspectSocket(descriptor);
    if (typeof found === 'string' || found.socketType === undefined || found.place === '') return [];
    const { socketType, family } = found;
    const place = placeOf(
      addressOf({ ...found, socketType }, family === 6 && takesMapped(descriptor)),
      'stream',
    );
    return place === undefined ? [] : [{ place, name }];
  }).flat();
};
