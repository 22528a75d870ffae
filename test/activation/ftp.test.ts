// in.ftpd behind tcpd, which looks at the client's address and becomes it under the name that it was given.
import { checkActivations } from '../support/activation.ts';
import { run } from '../support/command.ts';

checkActivations({
  name: 'in.ftpd behind tcpd gives curl a file over a data connection',
  life: 'instance',
  needs: ['/usr/sbin/tcpd', '/usr/sbin/in.ftpd', '/usr/bin/curl'],
  needsRoot: true,
  prepare: async (place) => {
    const port = await place.port();
    const { name, password } = await place.account();
    place.write('home/hello.txt', 'hello ftp\n');
    return {
      units: {
        'ftp.socket': `[Socket]\nListenStream=127.0.0.1:${port}\nAccept=yes\n`,
        'ftp@.service': `[Service]
ExecStart=@/usr/sbin/tcpd /usr/sbin/in.ftpd
StandardInput=socket
StandardError=journal
`,
      },
      talk: async () => {
        const { code, stdout, stderr } = await run('curl', [
          ...['-sS', '-v', `ftp://${name}:${password}@127.0.0.1:${port}/hello.txt`],
        ]);
        const banner = /^< 220 .*$/m.exec(stderr)?.[0] ?? stderr;
        return `${code} ${banner}\n${stdout}`;
      },
      expected: /^0 < 220 .*FTP server.*\nhello ftp\n$/,
    };
  },
});
