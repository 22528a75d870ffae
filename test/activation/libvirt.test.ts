// libvirtd, which insists on the names of its sockets, and ends by itself when nobody needs it.
import { join } from 'node:path';
import { checkActivations } from '../support/activation.ts';
import { mustRun } from '../support/command.ts';

const config = ['auth_unix_ro = "none"', 'auth_unix_rw = "none"', 'log_outputs = "3:stderr"', ''].join('\n');

/** Where libvirt looks for what is a user's own, and writes. */
const userDirectories = ['HOME', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME'];

checkActivations({
  name: 'libvirtd finds its sockets by their names, ends when it is idle, and is started again',
  life: 'leaves',
  needs: ['/usr/sbin/libvirtd', '/usr/bin/virsh', '/usr/bin/virt-admin', '/usr/bin/setpriv'],
  // of root it would be the machine's own libvirtd, with more sockets: it is a user's here
  needsRoot: true,
  prepare: async (place) => {
    const [plain, admin] = [join(place.directory, 'rw.sock'), join(place.directory, 'admin.sock')];
    const file = place.write('libvirtd.conf', config);
    const home = place.makeDirectory('home');
    await place.give(home);
    const socketUnit = (path: string, name: string): string =>
      `[Socket]\nListenStream=${path}\nFileDescriptorName=${name}\nService=libvirtd.service\n`;
    return {
      // files of other names, so that only FileDescriptorName= can tell
      units: {
        'virt.socket': socketUnit(plain, 'libvirtd.socket'),
        'virt-admin.socket': socketUnit(admin, 'libvirtd-admin.socket'),
        'libvirtd.service': `[Service]
Type=notify
Sockets=virt.socket virt-admin.socket
User=${place.nobody}
Environment=${userDirectories.map((name) => `${name}=${home}`).join(' ')}
ExecStart=/usr/sbin/libvirtd --timeout 2 -f ${file} -p ${join(home, 'libvirtd.pid')}
`,
      },
      talk: async () => {
        const environment = Object.fromEntries(userDirectories.map((name) => [name, home]));
        const machines = await mustRun(
          'virsh',
          ['-c', `test+unix:///default?socket=${plain}`, 'list', '--all'],
          { environment },
        );
        // who asks there has to be the user that the daemon is
        const servers = await mustRun(
          'setpriv',
          [
            ...[`--reuid=${place.nobody}`, '--clear-groups', 'virt-admin'],
            ...['-c', `libvirtd:///session?socket=${admin}`, 'srv-list'],
          ],
          { environment },
        );
        return `${machines}${servers}`;
      },
      expected: /\b1\s+test\s+running\b[\s\S]*\d\s+libvirtd\b/,
    };
  },
});
