// nginx and PHP-FPM, which are told of their sockets by variables of their own.
import { join } from 'node:path';
import { checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

checkActivations(
  {
    name: 'nginx takes TCP sockets of both families and a unix socket',
    life: 'daemon',
    needs: ['/usr/sbin/nginx', '/usr/bin/curl'],
    prepare: async (place) => {
      const port = await place.port();
      const path = join(place.directory, 'nginx.sock');
      const config = place.write(
        'nginx.conf',
        `daemon off;
worker_processes 1;
pid ${place.directory}/pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${place.directory}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    listen [::1]:${port} ipv6only=on;
    listen unix:${path};
    location / { return 200 "nginx-ok\\n"; }
  }
}
`,
      );
      return {
        units: {
          'nginx.socket': `[Socket]
ListenStream=127.0.0.1:${port}
ListenStream=[::1]:${port}
ListenStream=${path}
`,
          'nginx.service': `[Service]
Environment=NGINX=3;4;5;
ExecStart=/usr/sbin/nginx -p ${place.directory} -c ${config}
`,
        },
        talk: async () => {
          const ask = (...words: string[]) => mustRun('curl', ['-sS', ...words]);
          const v4 = await ask(`http://127.0.0.1:${port}/`);
          const v6 = await ask(`http://[::1]:${port}/`);
          return v4 + v6 + (await ask('--unix-socket', path, 'http://localhost/'));
        },
        expected: /^(nginx-ok\n){3}$/,
      };
    },
  },
  {
    name: 'php-fpm has its unix socket again although it has unlinked it, and its TCP socket',
    life: 'daemon',
    needs: ['/usr/sbin/php-fpm8.2', '/usr/bin/cgi-fcgi'],
    needsRoot: true,
    prepare: async (place) => {
      const port = await place.port();
      const path = join(place.directory, 'fpm.sock');
      const script = place.write('t.php', '<?php echo "php-ok\\n";');
      const pool = (listen: string): string =>
        `listen = ${listen}\nuser = nobody\ngroup = nogroup\npm = static\npm.max_children = 1\n`;
      const config = place.write(
        'fpm.conf',
        `[global]
daemonize = no
error_log = ${place.directory}/log
pid = ${place.directory}/pid
[unix]
${pool(path)}[tcp]
${pool(`127.0.0.1:${port}`)}`,
      );
      return {
        units: {
          'fpm.socket': `[Socket]\nListenStream=${path}\nListenStream=127.0.0.1:${port}\n`,
          'fpm.service': `[Service]
Type=notify
Environment=FPM_SOCKETS=${path}=3,127.0.0.1:${port}=4
ExecStart=/usr/sbin/php-fpm8.2 --fpm-config=${config}
`,
        },
        talk: async () => {
          const environment = { SCRIPT_FILENAME: script, SCRIPT_NAME: '/t.php', REQUEST_METHOD: 'GET' };
          const ask = (to: string) => mustRun('cgi-fcgi', ['-bind', '-connect', to], { environment });
          return (await ask(path)) + (await ask(`127.0.0.1:${port}`));
        },
        expected: /php-ok\n[\s\S]*php-ok\n$/,
      };
    },
  },
);
