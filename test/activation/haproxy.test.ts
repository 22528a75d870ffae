// HAProxy, whose configuration names descriptors: a front end and its control socket.
import { join } from 'node:path';
import { askAt, checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

const config = `global
  stats socket fd@4 level admin
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend f
  bind "fd@\${HAFD}"
  http-request return status 200 content-type text/plain string haproxy-ok if { path /x }
`;

checkActivations({
  name: 'haproxy takes its front end and its control socket by number',
  life: 'daemon',
  needs: ['/usr/sbin/haproxy', '/usr/bin/curl'],
  prepare: async (place) => {
    const port = await place.port();
    const file = place.write('haproxy.cfg', config);
    const control = join(place.directory, 'control');
    return {
      units: {
        'haproxy.socket': `[Socket]\nListenStream=127.0.0.1:${port}\nListenStream=${control}\n`,
        'haproxy.service': `[Service]
Type=notify
Environment=HAFD=3
ExecStart=/usr/sbin/haproxy -Ws -f ${file}
KillMode=mixed
SuccessExitStatus=143
`,
      },
      talk: async () => {
        const page = await mustRun('curl', ['-sS', `http://127.0.0.1:${port}/x`]);
        return `${page} ${await askAt({ path: control }, 'show info\n')}`;
      },
      expected: /^haproxy-ok Name: HAProxy/,
    };
  },
});
