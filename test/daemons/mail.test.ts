// Mail servers of Debian 12: for each connection, and one that takes the listening socket itself.
import { run } from '../support/command.ts';
import { smtpConfig } from './smtp.ts';
import { checkTable } from './table.ts';

checkTable([
  {
    name: 'exim -bs takes a mail from curl',
    needs: ['/usr/sbin/exim4', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const config = smtpConfig(place);
      const mail = place.write('mail', 'Subject: hello\r\n\r\nhello mail\r\n');
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/sbin/exim4 exim4 -C ${config} -bs\n`,
        talk: async () => {
          const { stderr } = await run('curl', [
            ...['-sv', `smtp://127.0.0.1:${port}/client.example`, '--upload-file', mail],
            ...['--mail-from', 'a@example.org', '--mail-rcpt', 'b@example.org'],
          ]);
          return stderr;
        },
        expected: /Hello client\.example \[127\.0\.0\.1\].*250 OK id=/s,
      };
    },
  },
  {
    name: 'popa3d lists a mailbox for curl',
    needs: ['/usr/sbin/popa3d', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const { name, password } = await place.account();
      return {
        config: `127.0.0.1:${port} stream tcp nowait root /usr/sbin/popa3d popa3d\n`,
        talk: async () => {
          const { stderr } = await run('curl', ['-sv', `pop3://${name}:${password}@127.0.0.1:${port}/`]);
          return stderr;
        },
        expected: /PASS.*\+OK.*LIST.*\+OK/s,
      };
    },
  },
  {
    name: 'exim -bw takes the listener, serves two mails and is started again after it has gone',
    needs: ['/usr/sbin/exim4', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const config = smtpConfig(place);
      return {
        config: `127.0.0.1:${port} stream tcp wait root /usr/sbin/exim4 exim4 -C ${config} -bw1s\n`,
        talk: async (acceptd) => {
          const greet = async () =>
            (await run('curl', ['-sv', `smtp://127.0.0.1:${port}/client.example`, '-X', 'NOOP'])).stderr;
          const [first, second] = [await greet(), await greet()];
          await acceptd.waitFor(({ event }) => event === 'exited', 'exim to go');
          return `${first}${second}${await greet()}`;
        },
        expected: /(Hello client\.example \[127\.0\.0\.1\].*){3}/s,
      };
    },
  },
]);
