// Ports on which nobody listens, below those from which the kernel takes the clients' own.
import { createServer } from 'node:net';

const first = 20000;
const last = 32000;
let next = first;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // On all addresses: some servers here listen on thousands of loopback addresses with one port.
    server.listen({ port, host: '0.0.0.0' }, () => server.close(() => resolve(true)));
  });

/** Never gives the same port twice within a run. */
export const takePort = async (): Promise<number> => {
  while (next < last) {
    const port = next++;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${first} and ${last}`);
};
