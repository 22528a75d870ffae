// The clients of a trial: each step becomes a short text that says what the client got.
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { callFrom, knock, refused, tell, turnedAway } from '../support/knock.ts';
import type { Step } from './trial.ts';

type StepOf<Do extends Step['do']> = Extract<Step, { readonly do: Do }>;

/** How long nobody answers a datagram: no one tells its sender that it is denied. */
const silence = 3_000;

const converse = async ({ from, to, send, length }: StepOf<'converse'>, port: number): Promise<string> => {
  const { socket, until } = callFrom(from, port, to);
  if (send !== '') socket.write(send, 'latin1');
  const heard = await until((text) => text.length >= length);
  // some services never come to an end by themselves
  socket.destroy();
  return tell({ ...heard, text: heard.text.slice(0, length) });
};

const rush = async ({ from, to, count }: StepOf<'rush'>, port: number): Promise<string> => {
  const told = await Promise.all(Array.from({ length: count }, () => knock(from, port, to)));
  // whom the kernel refuses and whom a closing listener resets is decided by microseconds
  return told
    .map((text) => (text === refused ? turnedAway : text))
    .toSorted()
    .join('\n');
};

/** A guest that stays leaves itself in `guests`. */
const stay = async ({ from, to }: StepOf<'stay'>, port: number, guests: Socket[]): Promise<string> => {
  const { socket, until } = callFrom(from, port, to);
  const heard = await until((text) => text.includes('\n'));
  if (heard.ending === 'more') guests.push(socket);
  else socket.destroy();
  return tell(heard);
};

const sendDatagram = ({ from, to, send }: StepOf<'datagram'>, port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    const finish = (text: string): void => {
      clearTimeout(timer);
      socket.close(() => resolve(text));
    };
    const timer = setTimeout(() => finish('no answer'), silence);
    socket.once('error', (error) =>
      finish('code' in error && error.code === 'ECONNREFUSED' ? refused : error.message),
    );
    socket.once('message', (answer) => finish(`said: ${answer.toString('latin1')}`));
    socket.bind(0, from, () => socket.connect(port, to, () => socket.send(send)));
  });

export const doStep = async (step: Step, port: number, guests: Socket[]): Promise<string> => {
  switch (step.do) {
    case 'exchange':
      return knock(step.from, port, step.to, step.send);
    case 'converse':
      return converse(step, port);
    case 'rush':
      return rush(step, port);
    case 'stay':
      return stay(step, port, guests);
    case 'datagram':
      return sendDatagram(step, port);
  }
};
