// Small clients for stream and datagram services.
import { createSocket } from 'node:dgram';
import { createConnection, type Socket } from 'node:net';

const patience = 60_000;

export type ExchangeOptions = {
  /** 127.0.0.1 if not told. */
  readonly host?: string;
  /** Ends our direction after the text, as `nc -N` does; true if not told. */
  readonly halfClose?: boolean;
  /** Ends our direction only when the answer matches; for services that leave at the end of their input. */
  readonly until?: RegExp;
  /** Milliseconds until the promise is rejected; a minute if not told: machines are slow. */
  readonly timeout?: number;
};

/** A connected socket; the test closes it. */
export const connect = (port: number, host = '127.0.0.1'): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ port, host, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });

/** Says `text` and gives the whole answer, up to the service's end of file; one character stands for one byte. */
export const exchange = async (
  port: number,
  text: string,
  options: ExchangeOptions = {},
): Promise<string> => {
  const socket = await connect(port, options.host);
  socket.setEncoding('latin1');
  return new Promise((resolve, reject) => {
    let answer = '';
    const timeout = options.timeout ?? patience;
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(
          `port ${port}: no end of file after ${timeout} ms; the answer so far: ${JSON.stringify(answer)}`,
        ),
      );
    }, timeout);
    socket.on('data', (part: string) => {
      answer += part;
      if (options.until?.test(answer)) socket.end();
    });
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`port ${port}: ${error.message} after ${JSON.stringify(answer)}`));
    });
    socket.on('end', () => {
      clearTimeout(timer);
      socket.end();
      resolve(answer);
    });
    socket.write(text, 'latin1');
    if (options.until === undefined && (options.halfClose ?? true)) socket.end();
  });
};

/** Sends one datagram, as `compose` makes it once our own port is known, and gives the first answer. */
export const exchangeDatagram = (
  port: number,
  compose: (ownPort: number) => Buffer,
  options: Pick<ExchangeOptions, 'host' | 'timeout'> = {},
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const host = options.host ?? '127.0.0.1';
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const timeout = options.timeout ?? patience;
    const timer = setTimeout(() => {
      socket.close();
      reject(new Error(`port ${port}: no datagram came back in ${timeout} ms`));
    }, timeout);
    socket.once('error', (error) => {
      clearTimeout(timer);
      socket.close();
      reject(error);
    });
    socket.once('message', (answer) => {
      clearTimeout(timer);
      socket.close(() => resolve(answer));
    });
    socket.bind(0, host, () => socket.send(compose(socket.address().port), port, host));
  });
