// The state dump: xinetd's headings, no secrets, no control characters.

import t from 'tap';
import { milliseconds, seconds } from '../../src/model/quantity.ts';
import { plainProcess, plainRelay } from '../../src/model/service.ts';
import { dumpState } from '../../src/operate/dump.ts';
import type { ServerState, ServiceState } from '../../src/runtime/state.ts';
import { noLimits, resolved, tcp } from '../support/services.ts';

const at = new Date(2026, 10, 6, 3, 4, 5);
const facts = {
  version: '1.2.3',
  configurationFiles: ['/etc/xinetd.conf', '/etc/xinetd.d/finger'],
  openDescriptors: [0, 1, 2, 9, 22],
  processLimit: 40,
};

const listening = (service: ServiceState['service'], rest: Partial<ServiceState> = {}): ServiceState => ({
  service,
  condition: 'active',
  listeners: service.addresses.map((address, index) => ({
    address,
    descriptor: 22 + index,
    isWatched: true,
    owner: undefined,
  })),
  live: 0,
  ...rest,
});

const dump = (services: readonly ServiceState[], rest: Partial<ServerState> = {}): string =>
  dumpState({ at, services, instances: [], builtins: new Map(), descriptorLimit: 100, ...rest }, facts);

const finger = resolved('finger', [tcp('127.0.0.1', 79)], {
  answer: { kind: 'program', file: '/usr/sbin/in.fingerd', arguments: ['in.fingerd', '-l'] },
  limits: {
    ...noLimits,
    instances: 5,
    perSource: 2,
    rate: { count: 50, window: seconds(1), pause: seconds(10) },
  },
  credentials: { userName: 'nobody', uid: 65534, gid: 65534, groups: [], home: undefined, shell: undefined },
  process: {
    ...plainProcess,
    nice: 3,
    umask: 0o27,
    workingDirectory: '/',
    rootDirectory: undefined,
    resourceLimits: [{ resource: 'cpu', soft: 7, hard: 7 }],
  },
  access: {
    onlyFrom: [
      { kind: 'network', network: { version: 4, address: '10.0.0.0', prefix: 8 } },
      { kind: 'network', network: { version: 4, address: '127.0.0.1', prefix: 32 } },
      { kind: 'network', network: { version: 6, address: '2001:db8::', prefix: 32 } },
      { kind: 'host', name: 'localhost' },
      { kind: 'domain', suffix: '.example.com' },
    ],
    noAccess: [],
    times: [{ from: 60, to: 1440 }],
    maxLoad: 5,
    wrapperName: 'in.fingerd',
  },
  serviceLog: {
    destination: { kind: 'file', path: '/var/log/x', softLimit: undefined, hardLimit: undefined },
    onSuccess: ['pid', 'host'],
    onFailure: ['host'],
  },
});

t.test("a service under xinetd's headings", (t) => {
  const text = dump([listening(finger, { live: 1 })], {
    instances: [
      {
        service: 'finger',
        pid: 4711,
        startedAt: new Date(2026, 10, 6, 3, 4, 4),
        peer: { kind: 'internet', host: '10.1.2.3', port: 1234 },
      },
    ],
  });
  t.equal(
    text,
    `INTERNAL STATE DUMP: acceptd 1.2.3
Current time: Fri Nov  6 03:04:05 2026

Services + defaults:
Service = finger
	State = Active
	Service configuration: finger
		id = finger
		flags = IPv4
		socket_type = stream
		Protocol (name,number) = (tcp,6)
		port = 79
		wait = no
		user = 65534
		group = 65534
		Groups = no
		umask = 27
		Nice = 3
		rlimit_cpu = 7
		Instances = 5
		CPS = max conn:50 wait:10
		PER_SOURCE = 2
		Bind = 127.0.0.1
		Server = /usr/sbin/in.fingerd
		Server argv = in.fingerd -l
		Libwrap = in.fingerd
		Max load = 5
		Access times = 01:00-24:00
		Only from: 10.0.0.0/255.0.0.0(NET) 127.0.0.1(NUMERIC) 2001:db8::/32(NET) localhost(HOST) .example.com(HOST)
		No access: No blocked sites
		Logging to file: /var/log/x (no limits)
		Log_on_success flags = PID HOST
		Log_on_failure flags = HOST
	running servers = 1
	service fd = 22

Server table dump:
finger server
pid = 4711
start_time = Fri Nov  6 03:04:04 2026
Connection info:
	service = finger
	remote_address = 10.1.2.3,1234

Retry table dump:

Socket mask: 22
Open descriptors (not in socket mask): 0 1 2 9

active_services = 1
available_services = 1
descriptors_free = 95
running_servers = 1

max_descriptors = 100
process_limit = 40
config_file = /etc/xinetd.conf
config_file = /etc/xinetd.d/finger

END OF DUMP
`,
  );
  t.end();
});

t.test('the names of variables are shown and never their values', (t) => {
  const secret = resolved('db', [tcp('127.0.0.1', 1)], {
    surroundings: {
      ...finger.surroundings,
      environment: [{ name: 'PASSWORD', value: 'hunter2' }],
      passedVariables: ['PATH'],
    },
  });
  const text = dump([listening(secret)]);
  t.match(text, /Passenv = PATH\n\t\tEnvironment additions:\n\t\t\tPASSWORD\n/);
  t.notMatch(text, /hunter2/);
  t.end();
});

t.test('a list of nobody is called so', (t) => {
  const closed = resolved('x', [tcp('127.0.0.1', 1)], {
    access: { onlyFrom: [], noAccess: [], times: [], maxLoad: undefined, wrapperName: undefined },
  });
  t.match(dump([listening(closed)]), /Only from: No sites\n/);
  t.end();
});

t.test('the states: active, lent to a server, beyond a limit, closed', (t) => {
  const [address] = finger.addresses;
  if (address === undefined) throw new Error('there is no address');
  const lent = { address, descriptor: 22, isWatched: false, owner: 99 };
  t.match(dump([listening(finger, { listeners: [lent] })]), /State = Suspended\n/);
  t.match(dump([listening(finger, { condition: 'suspended' })]), /State = Disabled\n/);
  const held = dump([listening(finger, { condition: 'held' })]);
  t.match(held, /State = Active\n/);
  t.match(held, /waiting for a server to end = yes\n/);
  const failed = { address, descriptor: undefined, isWatched: false, owner: undefined };
  const closed = dump([listening(finger, { condition: 'closed', listeners: [failed] })]);
  t.match(closed, /State = Not started\n/);
  t.match(closed, /Retry table dump:\ntcp 127\.0\.0\.1:79 is to be opened\n/);
  t.match(closed, /active_services = 0\navailable_services = 1\n/);
  t.end();
});

t.test('what acceptd answers itself: built-ins, sensors, relays', (t) => {
  const echo = resolved('echo', [tcp('::', 7)], {
    answer: { kind: 'builtin', builtin: 'echo', format: 'xinetd' },
  });
  const trap = resolved('trap', [tcp('0.0.0.0', 23)], {
    answer: { kind: 'sensor', denyTime: milliseconds(120_000) },
  });
  const relay = resolved('relay', [tcp('0.0.0.0', 24)], {
    answer: { kind: 'relay', host: 'backend', port: 'http', connectTimeout: seconds(5), ...plainRelay },
    targets: [{ version: 4, host: '10.0.0.9', port: 80 }],
  });
  const text = dump(
    [echo, trap, relay].map((service) => listening(service)),
    {
      builtins: new Map([['echo', 3]]),
    },
  );
  t.match(text, /flags = NOLIBWRAP IPv6\n\t\ttype = INTERNAL\n[\s\S]*Bind = All addresses\.\n/);
  t.match(text, /flags = SENSOR NOLIBWRAP IPv4\n[\s\S]*Deny Time: 2 minutes\n/);
  t.match(text, /Redirect = backend:http\n\t\tRedirect address = 10\.0\.0\.9,80\n/);
  t.match(text, /echo \(in acceptd itself\) = 3\n/);
  t.match(text, /running_servers = 3\n/);
  t.end();
});

t.test('no control character of a file reaches the terminal of who reads the dump', (t) => {
  const odd = resolved('x\u001b[2J', [tcp('127.0.0.1', 1)]);
  t.match(dump([listening(odd)]), /Service = x\\u\{1b\}\[2J\n/);
  t.end();
});
