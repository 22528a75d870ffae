// Sockets that acceptd listen was started with (LISTEN_FDS): they come before those of its command line.
import type { SocketType } from '../model/address.ts';
import { descriptorOf } from '../model/descriptor.ts';
import { type FoundSocket, inspectSocket, takesMapped } from '../native/inspect.ts';
import { countInherited } from '../operate/start-environment.ts';
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

/** The server takes them over by their addresses; here they are only looked at. */
export const inheritedPlaces = (
  environment: Readonly<Record<string, string | undefined>>,
): readonly InheritedPlace[] => {
  const count = countInherited(environment);
  const names = environment['LISTEN_FDNAMES']?.split(':') ?? [];
  return Array.from({ length: count }, (_, index) => {
    const descriptor = descriptorOf(firstDescriptor + index);
    const found = inspectSocket(descriptor);
    if (typeof found === 'string' || found.socketType === undefined || found.place === '') return [];
    const { socketType, family } = found;
    const place = placeOf(
      addressOf({ ...found, socketType }, family === 6 && takesMapped(descriptor)),
      'stream',
    );
    return place === undefined ? [] : [{ place, name: names.length === count ? names[index] : undefined }];
  }).flat();
};
