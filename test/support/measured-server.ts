// A server for tests of what a run reads of it: listens wherever it can, burns time and memory when told to.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { createInterface } from 'node:readline';

const burn = (milliseconds: number): void => {
  const before = process.cpuUsage();
  const limit = milliseconds * 1000;
  for (let used = 0; used < limit; ) {
    const { user, system } = process.cpuUsage(before);
    used = user + system;
  }
};

const open = (options: ListenOptions): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(options, () => resolve(server));
  });

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const [, self = '', role = '', argument = ''] = process.argv;

if (role === 'burn') burn(Number(argument));
else if (role === 'burn and stay') {
  burn(Number(argument));
  process.stdout.write('burnt\n');
  process.stdin.resume().once('end', () => process.exit());
} else {
  const tcp = await open({ host: '127.0.0.1', port: 0 });
  const everywhere = await open({ host: '0.0.0.0', port: 0 });
  const hasSix = await open({ host: '::1', port: 0 }).catch(() => undefined);
  await open({ path: argument });
  const datagram = createSocket('udp4');
  await new Promise<void>((resolve) => datagram.bind(0, '127.0.0.1', resolve));
  const children: ChildProcess[] = [];
  const handle: unknown = Reflect.get(tcp, '_handle');
  const descriptor = typeof handle === 'object' && handle !== null ? Number(Reflect.get(handle, 'fd')) : -1;
  const answers: Readonly<Record<string, () => unknown>> = {
    where: () => ({
      tcp: portOf(tcp),
      everywhere: portOf(everywhere),
      six: hasSix && portOf(hasSix),
      udp: datagram.address().port,
    }),
    'burn yourself': () => burn(300),
    'burn in a child': () => execFileSync(process.execPath, [self, 'burn', '300'], { env: {} }).length,
    'burn in a child that stays': () =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [self, 'burn and stay', '300'], {
          env: {},
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        child.stdout.once('data', () => resolve(child.pid));
      }),
    grow: () => {
      const length = Buffer.alloc(256 * 2 ** 20, 1).length;
      globalThis.gc?.();
      return length;
    },
    // two processes that have the TCP socket too, and nothing to do
    share: () => {
      while (children.length < 2) {
        children.push(
          spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', descriptor], detached: true }),
        );
      }
      return children.map((child) => child.pid);
    },
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    process.stdout.write(`${JSON.stringify((await answers[line]?.()) ?? null)}\n`);
  });
  lines.once('close', () => process.exit());
}
