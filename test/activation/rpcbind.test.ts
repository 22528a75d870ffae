// rpcbind takes sockets of three kinds, which it tells apart itself.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { askAt, checkActivations } from '../support/activation.ts';

const portmapper = 100_000;
const dump = 4;

/** A call of version 2 without arguments and credentials (RFC 5531). */
const callOf = (procedure: number): Buffer => {
  const words = [0x1234, 0, 2, portmapper, 2, procedure, 0, 0, 0, 0];
  const call = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) call.writeUInt32BE(word, index * 4);
  return call;
};

/** On a stream a record has its length before it, with the highest bit for the last piece. */
const recordOf = (call: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE((0x8000_0000 | call.length) >>> 0);
  return Buffer.concat([length, call]);
};
const isWholeRecord = (answer: Buffer): boolean =>
  answer.length >= 4 && answer.length >= 4 + (answer.readUInt32BE() & 0x7fff_ffff);

/** Programs of the list: each entry is a mark, program, version, protocol and port. */
const programsOf = (reply: Buffer): string => {
  const accepted = 24;
  const programs: number[] = [];
  for (let at = accepted; at + 20 <= reply.length && reply.readUInt32BE(at) === 1; at += 20) {
    programs.push(reply.readUInt32BE(at + 4));
  }
  return programs.includes(portmapper) ? 'knows itself' : `knows ${programs.join()}`;
};

const askDatagram = async (port: number): Promise<string> => {
  const socket = createSocket('udp4');
  socket.send(callOf(dump), port, '127.0.0.1');
  const timer = setTimeout(() => socket.emit('error', new Error('no answer in a minute')), 60_000);
  const [reply] = await once(socket, 'message');
  clearTimeout(timer);
  socket.close();
  return programsOf(Buffer.from(reply));
};

const askStream = async (to: Parameters<typeof askAt>[0]): Promise<string> =>
  programsOf((await askAt(to, recordOf(callOf(dump)), isWholeRecord)).subarray(4));

checkActivations({
  name: 'rpcbind answers on TCP, UDP and a unix socket that are handed over together',
  life: 'daemon',
  needs: ['/usr/sbin/rpcbind', '/usr/bin/unshare'],
  needsRoot: true,
  prepare: async (place) => {
    const port = await place.port();
    const path = join(place.directory, 'rpcbind.sock');
    return {
      units: {
        'rpcbind.socket': `[Socket]
ListenStream=${path}
ListenStream=127.0.0.1:${port}
ListenDatagram=127.0.0.1:${port}
`,
        // with a /run of its own, where its lock and its list are; unshare and the shell become it, and keep the pid
        'rpcbind.service': `[Service]
Type=notify
ExecStart=/usr/bin/unshare --mount /bin/sh -c "mount -t tmpfs tmpfs /run && exec /usr/sbin/rpcbind -f -w"
`,
      },
      talk: async () =>
        [
          `tcp ${await askStream({ host: '127.0.0.1', port })}`,
          `udp ${await askDatagram(port)}`,
          `unix ${await askStream({ path })}`,
        ].join(', '),
      expected: /^tcp knows itself, udp knows itself, unix knows itself$/,
    };
  },
});
