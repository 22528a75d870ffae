// The clients of a trial: each step becomes a short text that says what the client got.
import { createSocket } from 'node:dgram';
import { createConnection, type Socket } from 'node:net';
import type { Step } from './trial.ts';

/** Nobody listens. */
export const refused = 'refused';
/** Somebody listens, and has closed or reset without a byte: which of both is a matter of what had arrived. */
export const turnedAway = 'turned away';
const patience = 8_000;

type Ending = 'more' | 'ended' | 'refused' | 'silence';
type Visitor = {
  readonly socket: Socket;
  /** Resolves when the text is enough, or at the end. */
  readonly until: (isEnough: (text: string) => boolean) => Promise<{ text: string; ending: Ending }>;
};

const visit = (from: string, to: string, port: number): Visitor => {
  const socket = createConnection({ host: to, port, localAddress: from, allowHalfOpen: true });
  let text = '';
  let ending: Ending = 'more';
  let notify = (): void => undefined;
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    text += part;
    notify();
  });
  const end = (how: Ending) => (): void => {
    if (ending === 'more') ending = how;
    notify();
  };
  socket.on('error', (error) =>
    end('code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'ended')(),
  );
  socket.on('end', end('ended'));
  socket.on('close', end('ended'));
  return {
    socket,
    until: (isEnough) =>
      new Promise((resolve) => {
        const timer = setTimeout(end('silence'), patience);
        const look = (): void => {
          if (ending === 'more' && !isEnough(text)) return;
          clearTimeout(timer);
          notify = (): void => undefined;
          resolve({ text, ending });
        };
        notify = look;
        look();
      }),
  };
};

const tell = ({ text, ending }: { readonly text: string; readonly ending: Ending }): string => {
  if (ending === 'refused') return refused;
  if (ending === 'silence') return `silence after: ${text}`;
  if (text === '' && ending === 'ended') return turnedAway;
  return `said: ${text}`;
};

const exchange = async (from: string, to: string, port: number, send: string): Promise<string> => {
  const { socket, until } = visit(from, to, port);
  if (send !== '') socket.write(send, 'latin1');
  socket.end();
  const result = await until(() => false);
  socket.destroy();
  return tell(result);
};

const converse = async (
  { from, to, send, length }: Extract<Step, { do: 'converse' }>,
  port: number,
): Promise<string> => {
  const { socket, until } = visit(from, to, port);
  if (send !== '') socket.write(send, 'latin1');
  const result = await until((text) => text.length >= length);
  socket.end();
  await until(() => false);
  socket.destroy();
  return tell({ ...result, text: result.text.slice(0, length) });
};

const sendDatagram = ({ from, to, send }: Extract<Step, { do: 'datagram' }>, port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    const finish = (text: string): void => {
      clearTimeout(timer);
      socket.close(() => resolve(text));
    };
    // nobody tells a sender of datagrams that it is denied
    const timer = setTimeout(() => finish('no answer'), 400);
    socket.once('error', (error) =>
      finish('code' in error && error.code === 'ECONNREFUSED' ? refused : error.message),
    );
    socket.once('message', (answer) => finish(`said: ${answer.toString('latin1')}`));
    socket.bind(0, from, () => socket.connect(port, to, () => socket.send(send)));
  });

/** A guest that stays leaves itself in `guests`. */
export const doStep = async (step: Step, port: number, guests: Socket[]): Promise<string> => {
  switch (step.do) {
    case 'exchange':
      return exchange(step.from, step.to, port, step.send);
    case 'converse':
      return converse(step, port);
    case 'rush': {
      const all = Array.from({ length: step.count }, () => exchange(step.from, step.to, port, ''));
      // whom the kernel refuses and whom a closing listener resets is decided by microseconds
      const told = (await Promise.all(all)).map((text) => (text === refused ? turnedAway : text));
      return told.toSorted().join('\n');
    }
    case 'stay': {
      const { socket, until } = visit(step.from, step.to, port);
      const result = await until((text) => text.includes('\n'));
      if (result.ending === 'more') guests.push(socket);
      else socket.destroy();
      return tell(result);
    }
    case 'datagram':
      return sendDatagram(step, port);
  }
};
