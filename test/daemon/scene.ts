// What daemon tests look at: a process's sockets, descriptors, memory and rest; and a few more clients.
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import type { LogRecord } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';

/** When something happened, in milliseconds, by the clock of whoever tells it. */
export const timeOf = ({ fields }: LogRecord): number => Date.parse(String(fields['time']));

/** The name that handlers run under when they run as the test does. */
export const me = userInfo().username;

/** The inode of the socket that listens (TCP) or is bound (UDP) at this port, as `/proc/net` tells. */
export const socketInode = (
  port: number,
  table: 'tcp' | 'tcp6' | 'udp' | 'udp6' = 'tcp',
): string | undefined => {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) {
    const words = line.trim().split(/\s+/);
    const isListening = table.startsWith('udp') ? words[2]?.endsWith(':0000') : words[3] === '0A';
    if (words[1]?.endsWith(end) && isListening) return words[9];
  }
  return undefined;
};

/** The inode of a listening unix socket by its path; abstract names begin with `@`. */
export const unixInode = (path: string): string | undefined => {
  for (const line of readFileSync('/proc/net/unix', 'utf8').split('\n').slice(1)) {
    const words = line.trim().split(/\s+/);
    if (words[7] === path && words[3] === '00010000') return words[6];
  }
  return undefined;
};

/** Where a process's descriptors lead. */
export const descriptorsOf = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((number) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${number}`)];
    } catch {
      // closed since the directory was read
      return [];
    }
  });

const numberAfter = (path: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? Number.NaN);

/** Private memory that is not only read, in KiB. */
export const privateMemory = (pid: number): number =>
  numberAfter(`/proc/${pid}/smaps_rollup`, 'Private_Dirty');

/** How often the threads of a process went to sleep. */
export const sleepsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => numberAfter(`/proc/${pid}/task/${task}/status`, 'voluntary_ctxt_switches'))
    .reduce((sum, each) => sum + each, 0);

/** Processor time that a process has used, in milliseconds. */
export const processorTime = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

/** The children of a process, ended ones that nobody has reaped included. */
export const childrenOf = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);

/** All that the other side says until it ends or breaks. */
export const readToEnd = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
    socket.on('end', () => socket.end());
  });

/** The next bytes of a connection, as text; empty at its end. */
export const readSome = async (socket: Socket): Promise<string> => {
  const [part] = await Promise.race([once(socket, 'data'), once(socket, 'end').then(() => [''])]);
  return String(part);
};

/** A client of a handler that echoes, which has answered: so the handler runs. */
export const enter = async (port: number, host?: string): Promise<Socket> => {
  const socket = await connect(port, host);
  socket.on('error', () => undefined);
  socket.write('.');
  await readSome(socket);
  return socket;
};

/** Ends a client that the handler is to notice, and waits for the handler's end. */
export const leave = async (socket: Socket): Promise<void> => {
  const end = readToEnd(socket);
  socket.end();
  await end;
};

export const connectUnix = async (path: string): Promise<Socket> => {
  const socket = createConnection(path);
  await once(socket, 'connect');
  return socket;
};
