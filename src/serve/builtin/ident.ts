// ident (RFC 1413): keeps servers that ask who is calling from waiting, and tells them nothing.
import { seconds } from '../../model/quantity.ts';
import type { Start } from '../surface.ts';
import { openConversation } from './conversation.ts';

const manner = { idleLimit: seconds(30), input: 'stream', endsByReset: false } as const;
const longestLine = 512;
const query = /^[ \t]*([0-9]{1,9})[ \t]*,[ \t]*([0-9]{1,9})[ \t]*$/;

const isPort = (port: number): boolean => port >= 1 && port <= 65535;

/** The answer to one line without its end; nothing to what is no query. */
export const identReply = (line: string): string | undefined => {
  const match = query.exec(line);
  if (match === null) return undefined;
  const [ours, theirs] = [Number(match[1]), Number(match[2])];
  const error = isPort(ours) && isPort(theirs) ? 'HIDDEN-USER' : 'INVALID-PORT';
  return `${ours} , ${theirs} : ERROR : ${error}\r\n`;
};

/** Answers the whole lines of a text in order. `rest` has no end yet; it is undefined when the client speaks another language. */
export const answerQueries = (
  text: string,
): { readonly replies: string; readonly rest: string | undefined } => {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  let replies = '';
  for (const line of lines) {
    const reply = line.length < longestLine ? identReply(line.replace(/\r$/, '')) : undefined;
    if (reply === undefined) return { replies, rest: undefined };
    replies += reply;
  }
  return { replies, rest: rest.length < longestLine ? rest : undefined };
};

export const startIdent: Start = (surface, prepared, client, onEnded, saved) => {
  let pending = saved?.rest.kind === 'talk' ? saved.rest.pending : '';
  const { socket, touch, started, isPaused } = openConversation(
    surface,
    prepared,
    client,
    onEnded,
    manner,
    saved,
    {
      pending: () => pending,
    },
  );
  socket.setEncoding('latin1');
  const take = (text: string): void => {
    if (socket.writableEnded) return;
    const { replies, rest } = answerQueries(pending + text);
    if (replies !== '') {
      // only a query counts: who sends a byte now and then is closed after the limit all the same
      touch();
      // who asks without reading the answers is not asked for more
      if (!socket.write(replies)) socket.pause();
    }
    pending = rest ?? '';
    if (rest === undefined) socket.destroySoon();
  };
  socket.on('data', take);
  socket.on('drain', () => {
    if (!isPaused()) socket.resume();
  });
  socket.on('end', () => socket.end());
  return started;
};
