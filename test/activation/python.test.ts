// gunicorn and uWSGI: web servers of Python that take listeners by LISTEN_FDS.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

const plugin = '/usr/lib/uwsgi/plugins/python3_plugin.so';

const application = (text: string): string => `def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'${text}\\n']
application = app
`;

checkActivations(
  {
    name: 'gunicorn takes a TCP and a unix socket, in their order',
    life: 'daemon',
    needs: ['/usr/bin/gunicorn', '/usr/bin/curl'],
    prepare: async (place) => {
      const port = await place.port();
      const path = join(place.directory, 'gunicorn.sock');
      place.write('app.py', application('gunicorn-ok'));
      return {
        units: {
          'gunicorn.socket': `[Socket]\nListenStream=127.0.0.1:${port}\nListenStream=${path}\n`,
          'gunicorn.service': `[Service]
Type=notify
ExecStart=/usr/bin/gunicorn --workers 1 app:app
WorkingDirectory=${place.directory}
KillMode=mixed
`,
        },
        talk: async () => {
          const atPort = await mustRun('curl', ['-sS', `http://127.0.0.1:${port}/`]);
          return atPort + (await mustRun('curl', ['-sS', '--unix-socket', path, 'http://localhost/']));
        },
        expected: /^gunicorn-ok\ngunicorn-ok\n$/,
      };
    },
  },
  {
    name: 'uWSGI takes a TCP socket, tells its state and is ready',
    life: 'daemon',
    needs: ['/usr/bin/uwsgi', '/usr/bin/curl'],
    obstacle: existsSync(plugin) ? undefined : `${plugin} not installed: see .ci/packages`,
    prepare: async (place) => {
      const port = await place.port();
      const file = place.write('w.py', application('uwsgi-ok'));
      const words = '--plugin python3 --protocol http --master --processes 1 --die-on-term';
      return {
        units: {
          'uwsgi.socket': `[Socket]\nListenStream=127.0.0.1:${port}\n`,
          'uwsgi.service': `[Service]
Type=notify
ExecStart=/usr/bin/uwsgi ${words} --wsgi-file ${file}
KillSignal=SIGQUIT
`,
        },
        talk: () => mustRun('curl', ['-sS', `http://127.0.0.1:${port}/`]),
        expected: /^uwsgi-ok\n$/,
      };
    },
  },
);
