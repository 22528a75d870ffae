// dbus-daemon, at a unix socket.
import { join } from 'node:path';
import { checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

checkActivations({
  name: 'dbus-daemon tells dbus-send its id',
  life: 'daemon',
  needs: ['/usr/bin/dbus-daemon', '/usr/bin/dbus-send'],
  prepare: async (place) => {
    const path = join(place.directory, 'bus');
    return {
      units: {
        'dbus.socket': `[Socket]\nListenStream=${path}\n`,
        'dbus.service': `[Service]
Type=notify
NotifyAccess=main
ExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --syslog-only
`,
      },
      talk: () =>
        mustRun('dbus-send', [
          `--bus=unix:path=${path}`,
          '--print-reply',
          '--dest=org.freedesktop.DBus',
          '/org/freedesktop/DBus',
          'org.freedesktop.DBus.GetId',
        ]),
      expected: /string "[0-9a-f]{32}"/,
    };
  },
});
