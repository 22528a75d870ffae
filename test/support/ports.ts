// Free ports for tests: below the ephemeral range, and never the same for two test processes at a time.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const firstPort = 20_000;
const portsInBlock = 100;
const blocks = 120; // up to 32,000: outgoing connections take their ports from 32,768 on

const listen = (port: number, keep: boolean): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => {
      if (keep) {
        server.unref();
        resolve(true);
      } else server.close(() => resolve(true));
    });
  });

const bindDatagram = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(port, '0.0.0.0', () => socket.close(() => resolve(true)));
  });

// Whoever listens on the first port of a block owns the block, until the process ends.
const takeBlock = async (): Promise<number> => {
  for (let attempt = 0; attempt < blocks; attempt++) {
    const port = firstPort + ((process.pid + attempt) % blocks) * portsInBlock;
    if (await listen(port, true)) return port;
  }
  throw new Error('every block of test ports is in use');
};

let block: Promise<number> | undefined;
let used = 0;

/** A port that is free for TCP and for UDP on every address. */
export const freePort = async (): Promise<number> => {
  block ??= takeBlock();
  const base = await block;
  for (let attempt = 1; attempt < portsInBlock; attempt++) {
    used = (used % (portsInBlock - 1)) + 1;
    const port = base + used;
    if ((await listen(port, false)) && (await bindDatagram(port))) return port;
  }
  throw new Error(`every port from ${base} on is in use`);
};

export const freePorts = async (count: number): Promise<readonly number[]> => {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
};

/** Whether nobody has this port, for TCP and for UDP. */
export const isPortFree = async (port: number): Promise<boolean> =>
  (await listen(port, false)) && (await bindDatagram(port));
