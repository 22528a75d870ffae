// Datagram servers of Debian 12, which take the whole socket.
import { exchangeDatagram } from '../support/client.ts';
import { mustRun } from '../support/command.ts';
import { checkTable } from './table.ts';

/** A LOOK_UP of talk's protocol, version 1: is anybody there who invited me? */
const lookUp = (ownPort: number): Buffer => {
  const message = Buffer.alloc(84);
  message.writeUInt8(1, 0); // version
  message.writeUInt8(1, 1); // LOOK_UP
  for (const address of [8, 24]) {
    message.writeUInt16BE(2, address); // AF_INET
    message.writeUInt16BE(ownPort, address + 2);
    message.set([127, 0, 0, 1], address + 4);
  }
  message.write('nobody', 44, 'latin1');
  message.write('root', 56, 'latin1');
  return message;
};

checkTable([
  {
    name: 'in.tftpd gives curl a file, and again after it has gone',
    needs: ['/usr/sbin/in.tftpd', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      place.write('tftp/hello.txt', 'hello tftp\n');
      const root = place.makeDirectory('tftp');
      return {
        config: `127.0.0.1:${port} dgram udp wait root /usr/sbin/in.tftpd in.tftpd -t 1 -s ${root}\n`,
        talk: async (acceptd) => {
          const get = () => mustRun('curl', ['-sS', `tftp://127.0.0.1:${port}/hello.txt`]);
          const first = await get();
          await acceptd.waitFor(({ event }) => event === 'exited', 'in.tftpd to go');
          return `${first}${await get()}`;
        },
        expected: /^hello tftp\nhello tftp\n$/,
      };
    },
  },
  {
    name: 'in.ntalkd, with user.group, answers whether somebody calls',
    needs: ['/usr/sbin/in.ntalkd'],
    needsRoot: true,
    stays: true,
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `.dialect debian\n127.0.0.1:${port}\tdgram\tudp\twait\tnobody.tty\t/usr/sbin/in.ntalkd\tin.ntalkd\n`,
        talk: async () => {
          const answer = await exchangeDatagram(port, lookUp);
          return `version ${answer[0]} type ${answer[1]} answer ${answer[2]}`;
        },
        expected: /^version 1 type 1 answer 1$/,
      };
    },
  },
]);
