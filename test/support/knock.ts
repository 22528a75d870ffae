// A client that says how it was received: refused by the kernel, turned away, or told something.
import { createConnection, type Socket } from 'node:net';

/** Nobody listens. */
export const refused = 'refused';
/** Somebody listens, and has closed or reset without a byte: which of both is a matter of what had arrived. */
export const turnedAway = 'turned away';
const patience = 60_000;

type Ending = 'more' | 'ended' | 'refused' | 'silence';
type Heard = { readonly text: string; readonly ending: Ending };
export type Visitor = {
  readonly socket: Socket;
  /** Resolves when the text is enough, or at the end. */
  readonly until: (isEnough: (text: string) => boolean) => Promise<Heard>;
};

/** The loopback address of the same family. */
export const loopbackFor = (from: string): string => (from.includes(':') ? '::1' : '127.0.0.1');

/** Connects from an address of this machine. */
export const callFrom = (from: string, port: number, to = loopbackFor(from)): Visitor => {
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

export const tell = ({ text, ending }: Heard): string => {
  if (ending === 'refused') return refused;
  if (ending === 'silence') return `silence after: ${text}`;
  if (text === '' && ending === 'ended') return turnedAway;
  return `said: ${text}`;
};

/** Connects, sends, ends its direction, and tells what came up to the end. */
export const knock = async (from: string, port: number, to?: string, send = ''): Promise<string> => {
  const { socket, until } = callFrom(from, port, to);
  if (send !== '') socket.write(send, 'latin1');
  socket.end();
  const heard = await until(() => false);
  socket.destroy();
  return tell(heard);
};
