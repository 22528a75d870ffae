// echo (RFC 862): gives back what it gets, until the client has said all and has heard it again.
import type { Start } from '../surface.ts';
import { openConversation, usualIdleLimit } from './conversation.ts';

const manner = { idleLimit: usualIdleLimit, input: 'stream', endsByReset: false } as const;

export const startEcho: Start = (surface, prepared, client, onEnded, saved) => {
  const { socket, touch, started, isPaused } = openConversation(
    surface,
    prepared,
    client,
    onEnded,
    manner,
    saved,
  );
  // a character typed is a character seen: waiting to fill a segment (RFC 896) would only add its delay
  socket.setNoDelay(true);
  socket.on('data', (bytes: Uint8Array) => {
    touch();
    // who does not hear it again is not read any further
    if (!socket.write(bytes)) socket.pause();
  });
  socket.on('drain', () => {
    touch();
    if (!isPaused()) socket.resume();
  });
  // the client's end of file passes through like its bytes: after them, and only then ours is sent
  socket.on('end', () => socket.end());
  return started;
};
