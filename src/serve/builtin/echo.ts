// echo (RFC 862): gives back what it gets, until the client has said all and has heard it again.
import type { Start } from '../surface.ts';
import { openConversation, usualIdleLimit } from './conversation.ts';

const manner = { idleLimit: usualIdleLimit, input: 'stream', endsByReset: false } as const;

export const startEcho: Start = (surface, prepared, client, onEnded) => {
  const { socket, touch, started } = openConversation(surface, prepared, client, onEnded, manner);
  // a character typed is a character seen: waiting to fill a segment (RFC 896) would only add its delay
  socket.setNoDelay(true);
  socket.on('data', touch);
  socket.on('drain', touch);
  // the client's end of file passes through like its bytes: after them, and only then ours is sent
  socket.pipe(socket);
  return started;
};
