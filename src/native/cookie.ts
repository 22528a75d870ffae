// The number that the kernel gives a socket.
import type { Descriptor } from '../model/descriptor.ts';
import { openAddon } from './addon.ts';

const addon = openAddon<{ socketCookie(fd: number): bigint | null }>();

/** SO_COOKIE: no other socket has had it since the machine started; undefined of what is no socket. */
export const cookieOf = (socket: Descriptor): bigint | undefined => addon.socketCookie(socket) ?? undefined;
