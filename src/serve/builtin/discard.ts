// discard (RFC 863): reads and forgets, until the client ends.
import type { Start } from '../surface.ts';
import { openConversation, usualIdleLimit } from './conversation.ts';

const manner = { idleLimit: usualIdleLimit, input: 'ignored', endsByReset: false } as const;

export const startDiscard: Start = (surface, prepared, client, onEnded, saved) => {
  const { socket, started } = openConversation(surface, prepared, client, onEnded, manner, saved);
  socket.on('end', () => socket.end());
  socket.resume();
  return started;
};
