// One ordinary client, which sees whether a server answers at all and what.
import { connect } from 'node:net';

const patience = 2000;

/** What a client gets before the end; it half-closes at once, as some handlers wait for that. */
export const readAnswer = (host: string, port: number): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host });
    socket.setEncoding('latin1');
    socket.setTimeout(patience, () => socket.destroy());
    socket.on('connect', () => socket.end());
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer));
  });
