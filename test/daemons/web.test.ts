// Web servers of Debian 12 that are started for each connection.
import { exchange } from '../support/client.ts';
import { mustRun } from '../support/command.ts';
import type { Place } from './place.ts';
import { checkTable } from './table.ts';

const web = (place: Place): string => {
  place.write('www/index.html', 'hello index\n');
  return place.makeDirectory('www');
};

checkTable([
  {
    name: 'tcpd wraps micro-httpd with user:group, in the line that its package writes',
    needs: ['/usr/sbin/tcpd', '/usr/sbin/micro-httpd', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `.dialect debian\n127.0.0.1:${port}\tstream\ttcp\tnowait\tnobody:www-data\t/usr/sbin/tcpd /usr/sbin/micro-httpd ${web(place)}\n`,
        talk: () => mustRun('curl', ['-sS', `http://127.0.0.1:${port}/index.html`]),
        expected: /hello index/,
      };
    },
  },
  {
    name: 'busybox httpd, which goes by argv[1], answers curl',
    needs: ['/usr/bin/busybox', '/usr/bin/curl'],
    prepare: async (place) => {
      const port = await place.port();
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/bin/busybox httpd -i -h ${web(place)}\n`,
        talk: () => mustRun('curl', ['-sS', `http://127.0.0.1:${port}/`]),
        expected: /hello index/,
      };
    },
  },
  {
    name: 'sslh passes curl on to another service of the same acceptd',
    needs: ['/usr/sbin/sslh', '/usr/bin/busybox', '/usr/bin/curl'],
    needsRoot: true,
    prepare: async (place) => {
      const [front, back] = [await place.port(), await place.port()];
      return {
        config: [
          `127.0.0.1:${front} stream tcp nowait root /usr/sbin/sslh sslh -i -u nobody --http 127.0.0.1:${back}`,
          `127.0.0.1:${back} stream tcp nowait nobody /usr/bin/busybox httpd -i -h ${web(place)}`,
          '',
        ].join('\n'),
        talk: () => mustRun('curl', ['-sS', `http://127.0.0.1:${front}/`]),
        expected: /hello index/,
      };
    },
  },
  {
    name: 'tangd answers curl, because its stderr is the log',
    needs: ['/usr/libexec/tangd', '/usr/libexec/tangd-keygen', '/usr/bin/curl'],
    prepare: async (place) => {
      const port = await place.port();
      const keys = place.makeDirectory('keys');
      await mustRun('/usr/libexec/tangd-keygen', [keys]);
      await place.give(keys);
      return {
        config: `127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/libexec/tangd tangd ${keys}\n`,
        talk: async (acceptd) => {
          const answer = await mustRun('curl', ['-sS', `http://127.0.0.1:${port}/adv`]);
          const { fields } = await acceptd.waitFor(
            ({ event }) => event === 'handler-said',
            "tangd's line in the log",
          );
          const { msg } = fields;
          return `${answer} and said ${JSON.stringify(msg)}`;
        },
        expected: /payload.* and said ".*127\.0\.0\.1 GET \/adv/s,
      };
    },
  },
  {
    name: "tangd's log spoils its answer where the dialect makes the connection its stderr",
    needs: ['/usr/libexec/tangd', '/usr/libexec/tangd-keygen'],
    prepare: async (place) => {
      const port = await place.port();
      const keys = place.makeDirectory('keys');
      await mustRun('/usr/libexec/tangd-keygen', [keys]);
      await place.give(keys);
      return {
        config: `.dialect debian\n127.0.0.1:${port} stream tcp nowait ${place.nobody} /usr/libexec/tangd tangd ${keys}\n`,
        talk: () => exchange(port, 'GET /adv HTTP/1.0\r\n\r\n'),
        expected: /^[^\n]*GET \/adv[^\n]*\nHTTP\/1/,
      };
    },
  },
]);
