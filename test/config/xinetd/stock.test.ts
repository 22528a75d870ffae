// Files that Debian's packages bring along, as they are and with everything switched on.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { defaultLoadOptions, loadConfiguration, parseConfiguration } from '../../../src/config/load.ts';
import { type Lookups, resolveServices } from '../../../src/config/resolve.ts';
import { isError } from '../../../src/model/diagnostic.ts';
import type { ResolvedService } from '../../../src/model/service.ts';

const isThere = existsSync('/etc/xinetd.conf') && existsSync('/etc/xinetd.d/echo-udp');
const skip = !isThere && "Debian's package xinetd is not installed";

const ports: Readonly<Record<string, number>> = {
  echo: 7,
  discard: 9,
  daytime: 13,
  chargen: 19,
  ftp: 21,
  time: 37,
  finger: 79,
  nsca: 5667,
  approx: 9999,
  amanda: 10080,
};

/** A machine on which all of these packages are installed. */
const machine: Lookups = {
  port: async (name) => ports[name],
  hosts: async () => [],
  account: async (name) => ({ name, uid: 1000, gid: 1000, groups: [], home: '/', shell: '/bin/sh' }),
  accountById: async () => undefined,
  group: async () => 1000,
  rpcProgram: async () => undefined,
  program: async () => 'executable',
  currentUser: () => ({ uid: 0, gid: 0 }),
};

type Outcome = { readonly services: readonly ResolvedService[]; readonly errors: readonly string[] };

const read = async (text: string, file: string): Promise<Outcome> => {
  const parsed = parseConfiguration(text, file, defaultLoadOptions);
  const { services, diagnostics } = await resolveServices(parsed.services, machine);
  const errors = [...parsed.diagnostics, ...diagnostics].filter(isError).map(({ message }) => message);
  return { services, errors };
};

t.test("Debian's xinetd.conf and its directory have no service that is on", { skip }, async (t) => {
  const { services, diagnostics, files } = await loadConfiguration(['/etc/xinetd.conf'], defaultLoadOptions);
  const own = files.filter((file) => /\/(?:echo|discard|daytime|chargen|time)(?:-udp)?$/.test(file));
  t.equal(own.length, 10);
  t.same(diagnostics.filter(isError), []);
  t.same(
    services.filter(({ service }) => own.includes(service.origin.file)),
    [],
  );
});

t.test("Debian's files switched on: only what xinetd lost itself is a mistake", { skip }, async (t) => {
  const texts: string[] = [];
  for (const name of await readdir('/etc/xinetd.d')) {
    if (!/^(?:echo|discard|daytime|chargen|time|servers|services)(?:-udp)?$/.test(name)) continue;
    texts.push(await readFile(`/etc/xinetd.d/${name}`, 'utf8'));
  }
  const { services, errors } = await read(
    texts.join('\n').replaceAll(/(disable\s*=\s*)yes/g, '$1no'),
    'debian',
  );
  t.same(errors.toSorted(), [
    "the internal service 'servers' does not exist any more",
    "the internal service 'services' does not exist any more",
  ]);
  t.equal(services.length, 10, 'each built-in for TCP and for UDP; the files for UDP repeat them');
});

const packages: Readonly<Record<string, string>> = {
  'amanda-client': `service amanda
{
	disable		= no
	flags           = IPv4
	socket_type	= stream
	protocol	= tcp
	wait		= no
	user		= backup
	group		= disk
	groups		= yes
	server		= /usr/lib/amanda/amandad
	server_args     = -auth=bsdtcp amdump senddiscover
}
`,
  approx:
    'service approx\n{\n\tsocket_type\t= stream\n\twait\t\t= no\n\tuser\t\t= approx\n\tserver\t\t= /usr/sbin/approx\n}\n',
  cfingerd: `service finger
{
	disable = no
	socket_type = stream
	protocol = tcp
	flags = IPv6
	wait = no
	user = root
	server = /usr/sbin/cfingerd
	log_type = SYSLOG daemon info
	log_on_success = HOST
	log_on_failure = HOST
}

`,
  distcc: `service distcc
{
	disable	= 	no
	socket_type     = stream
	wait            = no
	user            = distcc
	server          = /usr/local/bin/distccd
	server_args     = --inetd

        # a comment within an entry
        type            = UNLISTED
        port            = 3632
}
`,
  nsca: `service nsca
{
       	flags           = REUSE
        socket_type     = stream
       	wait            = no
        user            = nagios
	group		= nogroup
       	server          = /usr/bin/nsca
        server_args     = -c /etc/nsca.cfg --inetd
       	log_on_failure  += USERID
        disable         = no
	only_from       = 127.0.0.1
}
`,
  'tang-xinetd': `service tangd
{
    port            = 8888
    server_args     = /var/lib/tang
    server          = /usr/libexec/tangdw
    socket_type     = stream
    user            = _tang
    group           = _tang
    wait            = no
    log_on_success  += USERID
    log_on_failure  += USERID
    disable         = no
    type            = UNLISTED
}
`,
  vsftpd: `service ftp
{
        disable                 = no
        socket_type             = stream
        wait                    = no
        user                    = root
        server                  = /usr/local/sbin/vsftpd
        per_source              = 5
        instances               = 200
        no_access               = 192.168.1.3
        banner_fail             = /etc/vsftpd.busy_banner
        log_on_success          += PID HOST DURATION
        log_on_failure          += HOST
}
`,
};

t.test('what packages bring along for xinetd is served', async (t) => {
  for (const [name, text] of Object.entries(packages)) {
    const { services, errors } = await read(text, name);
    t.same(errors, [], name);
    t.equal(services.length, 1, name);
  }
});
