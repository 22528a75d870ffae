// One event of each kind, with its severity and its sentence.
import { milliseconds, seconds } from '../../src/model/quantity.ts';
import type { LoggedEvent } from '../../src/operate/log.ts';
import { tcp } from './services.ts';

const peer = { kind: 'internet', host: '2001:db8::1', port: 4711 } as const;
export const service = 'finger/tcp';
const address = tcp('127.0.0.1', 79);
const failure = { code: 'EADDRINUSE', what: 'cannot bind 127.0.0.1:79: address already in use' };
const common = { service, pid: 12, peer } as const;

type Golden = {
  readonly [Kind in LoggedEvent['kind']]: readonly [
    Extract<LoggedEvent, { readonly kind: Kind }>,
    string,
    string,
  ];
};

export const golden: Golden = {
  listening: [{ kind: 'listening', service, address }, 'info', 'finger/tcp: listening on tcp 127.0.0.1:79'],
  'listen-failed': [
    { kind: 'listen-failed', service, address, failure, retryIn: milliseconds(200) },
    'error',
    'finger/tcp: cannot bind 127.0.0.1:79: address already in use; trying again in 200ms',
  ],
  'inherited-unused': [
    { kind: 'inherited-unused', name: 'web.socket', what: 'stream socket 127.0.0.1:80' },
    'warn',
    "nobody listens on the socket 'web.socket' that acceptd was started with (stream socket 127.0.0.1:80); it is closed",
  ],
  impaired: [
    { kind: 'impaired', service, failure },
    'warn',
    'finger/tcp: cannot bind 127.0.0.1:79: address already in use',
  ],
  'daemon-ready': [
    { kind: 'daemon-ready', service, pid: 12, after: milliseconds(30) },
    'info',
    'finger/tcp: ready after 30ms, pid 12',
  ],
  'daemon-said': [
    { kind: 'daemon-said', service, pid: 12, what: 'status', text: 'Ready\u001b to go' },
    'info',
    'finger/tcp: Ready\\u{1b} to go',
  ],
  'daemon-stopping': [
    { kind: 'daemon-stopping', service, pid: 12, why: 'idle' },
    'info',
    'finger/tcp: stopping, pid 12 (idle)',
  ],
  'daemon-failed': [
    { kind: 'daemon-failed', service, pid: 12, failure, restartIn: milliseconds(100) },
    'error',
    'finger/tcp: cannot bind 127.0.0.1:79: address already in use; next start in 100ms',
  ],
  'queue-stuck': [
    { kind: 'queue-stuck', service, address, waiting: 3 },
    'warn',
    'finger/tcp: 3 clients wait at tcp 127.0.0.1:79 and its server accepts none; does it use the socket that it was given?',
  ],
  'notify-ignored': [
    { kind: 'notify-ignored', service, pid: 12, why: 'it is not the main process' },
    'warn',
    'finger/tcp: a message of pid 12 to its notify socket does not count: it is not the main process',
  ],
  adopted: [
    { kind: 'adopted', service, pid: 12, address },
    'info',
    'finger/tcp: pid 12 has got tcp 127.0.0.1:79',
  ],
  'not-adopted': [
    { kind: 'not-adopted', service, pid: 12, place: '127.0.0.2:79', why: 'which is not tcp 127.0.0.1:79' },
    'warn',
    'finger/tcp: pid 12 binds 127.0.0.2:79 which is not tcp 127.0.0.1:79',
  ],
  closed: [
    { kind: 'closed', service, address },
    'info',
    'finger/tcp: no longer listening on tcp 127.0.0.1:79',
  ],
  refused: [
    { kind: 'refused', service, reason: 'per-source', cause: undefined, peer },
    'warn',
    'finger/tcp: refused [2001:db8::1]:4711 (per-source)',
  ],
  identified: [
    { kind: 'identified', service, pid: 12, peer, user: 'al\u001bice' },
    'info',
    'finger/tcp: [2001:db8::1]:4711 is al\\u{1b}ice, its machine says',
  ],
  unidentified: [
    { kind: 'unidentified', service, peer, why: 'no server' },
    'warn',
    'finger/tcp: who [2001:db8::1]:4711 is could not be told: no server',
  ],
  relayed: [
    { kind: 'relayed', service, peer, bytesIn: 5, bytesOut: 70 },
    'info',
    'finger/tcp: relayed 5 bytes from [2001:db8::1]:4711 and 70 to it',
  ],
  trapped: [
    { kind: 'trapped', service, peer, denyTime: milliseconds(60_000) },
    'warn',
    'finger/tcp: [2001:db8::1]:4711 called the sensor, and is kept out for 60s',
  ],
  started: [{ kind: 'started', ...common }, 'info', 'finger/tcp: started pid 12 for [2001:db8::1]:4711'],
  'start-failed': [
    {
      kind: 'start-failed',
      ...common,
      failure: { code: 'ENOENT', what: 'cannot execute /x: no such file or directory' },
    },
    'error',
    'finger/tcp: cannot execute /x: no such file or directory',
  ],
  exited: [
    {
      kind: 'exited',
      ...common,
      status: { kind: 'exit', code: 3 },
      duration: seconds(2),
      userTime: milliseconds(1),
      systemTime: milliseconds(2),
      peakKibibytes: undefined,
    },
    'info',
    'finger/tcp: pid 12 ended after 2s, exit status 3',
  ],
  'builtin-started': [
    { kind: 'builtin-started', service, peer },
    'info',
    'finger/tcp: serving [2001:db8::1]:4711',
  ],
  'builtin-ended': [
    { kind: 'builtin-ended', service, peer, duration: seconds(300), outcome: 'timeout' },
    'info',
    'finger/tcp: served [2001:db8::1]:4711 for 5min (timeout)',
  ],
  'loop-source-refused': [
    { kind: 'loop-source-refused', service, peer, suppressed: 5 },
    'warn',
    'finger/tcp: no reply to [2001:db8::1]:4711, which would answer it for ever; 5 more such',
  ],
  'mux-refused': [
    { kind: 'mux-refused', service, peer, requested: 'nothing' },
    'warn',
    "finger/tcp: [2001:db8::1]:4711 asked for 'nothing', which is not offered",
  ],
  'datagrams-lost': [
    { kind: 'datagrams-lost', service, count: 4 },
    'warn',
    'finger/tcp: 4 datagrams of other senders lost; CAP_NET_RAW would keep them',
  ],
  suspended: [
    { kind: 'suspended', service, reason: 'rate', pause: seconds(600) },
    'warn',
    'finger/tcp: beyond its limit (rate), listening again in 10min',
  ],
  resumed: [{ kind: 'resumed', service }, 'info', 'finger/tcp: listening again'],
  held: [
    { kind: 'held', service, limit: 256 },
    'debug',
    'finger/tcp: all 256 instances are busy, clients wait',
  ],
  respawning: [
    { kind: 'respawning', service, pause: milliseconds(640), failures: 15 },
    'warn',
    'finger/tcp: its server left what waits for it unread 15 times, next start in 640ms',
  ],
  shortage: [
    {
      kind: 'shortage',
      of: 'descriptors',
      pause: milliseconds(50),
      failure: { code: 'EMFILE', what: 'cannot accept a connection: too many open files' },
    },
    'warn',
    'out of descriptors: cannot accept a connection: too many open files; accepting again in 50ms',
  ],
  'handler-said': [
    { kind: 'handler-said', service, pid: 12, line: 'bad \u001b[31m\u202etxt' },
    'info',
    'bad \\u{1b}[31m\\u{202e}txt',
  ],
  'rpc-registered': [
    { kind: 'rpc-registered', service, program: 100_002, version: 3, port: 700 },
    'info',
    'finger/tcp: registered RPC program 100002 version 3 at port 700',
  ],
  'rpc-failed': [
    { kind: 'rpc-failed', service, program: 100_002, failure: { code: 'ENOENT', what: 'it is not running' } },
    'warn',
    'finger/tcp: RPC program 100002 is not registered: it is not running',
  ],
  applied: [
    { kind: 'applied', services: 4, opened: 1, kept: 2, retuned: 1, closed: 3, added: 1, dropped: [] },
    'info',
    '4 services: 1 listeners opened, 2 kept, 1 changed, 3 closed',
  ],
  'reload-refused': [
    { kind: 'reload-refused', why: '1 error' },
    'error',
    'configuration not reloaded, nothing has changed: 1 error',
  ],
  'stop-announced': [
    { kind: 'stop-announced', delay: seconds(5) },
    'info',
    'stopping in 5s: clients are served until then, and ought to be sent elsewhere',
  ],
  draining: [
    { kind: 'draining', instances: 2, grace: seconds(10) },
    'info',
    'stopping: 2 instances have 10s to end',
  ],
  terminating: [
    { kind: 'terminating', instances: 2, signal: 'TERM' },
    'info',
    'sending SIGTERM to 2 instances',
  ],
  stopped: [{ kind: 'stopped' }, 'info', 'stopped'],
};
