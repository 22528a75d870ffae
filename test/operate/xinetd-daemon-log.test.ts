// The daemon's own log has the lines that administrators know of xinetd's, and a sentence for everything else.
import t from 'tap';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { Event } from '../../src/model/event.ts';
import { milliseconds, seconds } from '../../src/model/quantity.ts';
import type { SyslogFacility } from '../../src/model/service-log.ts';
import { daemonFileWriter, daemonSyslogWriter } from '../../src/operate/xinetd-daemon-line.ts';
import { createXinetdDaemonLog } from '../../src/operate/xinetd-daemon-log.ts';
import { createTestClock } from '../support/clock.ts';
import { resolved, tcp } from '../support/services.ts';

const date = new Date(2026, 10, 1, 1, 26, 8, 500);
const peer = { kind: 'internet', host: '192.0.2.7', port: 4711 } as const;

/** A log that keeps its lines without what each begins with. */
const keepLines = () => {
  const lines: string[] = [];
  const write = daemonFileWriter(
    { write: (line) => void lines.push(line) },
    createTestClock(0, date),
    'xinetd',
    22_868,
  );
  const log = createXinetdDaemonLog({ write, version: 'acceptd 1.2.3', pid: 22_868 });
  const said = (): readonly string[] =>
    lines.splice(0).map((line) => line.replace('26/11/1@01:26:08 xinetd[22868]: ', '').replace(/\n$/, ''));
  const tell = (...events: readonly Event[]): readonly string[] => {
    for (const event of events) if (log.observer.isWanted(event.kind)) log.observer.observe(event);
    return said();
  };
  return { ...log, tell, said, lines };
};

const applied = (services: number, added: number, dropped: readonly string[]): Event => ({
  kind: 'applied',
  opened: 1,
  kept: 1,
  retuned: 0,
  closed: 0,
  services,
  added,
  dropped,
});

const at = [tcp('127.0.0.1', 17_001)];

t.test('a line has the time, the name, the pid and the level', (t) => {
  const { startReload, lines } = keepLines();
  startReload();
  t.strictSame(lines, ['26/11/1@01:26:08 xinetd[22868]: NOTICE: Starting reconfiguration\n']);
  t.end();
});

t.test('from the start over a reload to the end', (t) => {
  const { tell, setServices, startReload, said } = keepLines();
  setServices([resolved('b', at), resolved('lim', at), resolved('echo', at), resolved('echo#2', at)]);
  t.strictSame(tell(applied(4, 4, [])), [
    'NOTICE: acceptd 1.2.3 started',
    'NOTICE: Started working: 4 available services',
  ]);
  startReload();
  t.strictSame(said(), ['NOTICE: Starting reconfiguration']);
  setServices([resolved('b', at), resolved('lim2', at), resolved('echo', at), resolved('echo#2', at)]);
  t.strictSame(tell(applied(4, 1, ['lim'])), [
    'NOTICE: readjusting service b',
    'NOTICE: readjusting service echo',
    'NOTICE: readjusting service echo',
    'NOTICE: service lim deactivated',
    'NOTICE: Reconfigured: new=1 old=3 dropped=1 (services)',
  ]);
  t.strictSame(tell({ kind: 'reload-refused', why: '1 new error' }), [
    'ERROR: reconfiguration failed: nothing has changed: 1 new error',
  ]);
  t.strictSame(tell({ kind: 'stopped' }), ['WARNING: Exiting...']);
  t.end();
});

t.test('one service is one service', (t) => {
  const { tell } = keepLines();
  t.match(tell(applied(1, 1, [])), [/started$/, 'NOTICE: Started working: 1 available service']);
  t.end();
});

t.test('a service beyond its rate, and back', (t) => {
  const { tell } = keepLines();
  t.strictSame(
    tell(
      { kind: 'suspended', service: 'b', reason: 'rate', pause: seconds(3) },
      { kind: 'resumed', service: 'b' },
    ),
    [
      'ERROR: Deactivating service b due to excessive incoming connections.  Restarting in 3 seconds.',
      'ERROR: Activating service b',
    ],
  );
  t.end();
});

t.test('who is kept out by libwrap, the load and a sensor', (t) => {
  const { tell, setServices } = keepLines();
  const access = { onlyFrom: undefined, noAccess: [], times: [], maxLoad: undefined, wrapperName: 'probe' };
  const plain = resolved('b', at, { access });
  setServices([plain, resolved('m', at, { surroundings: { ...plain.surroundings, showsMapped: true } })]);
  t.strictSame(
    tell(
      { kind: 'refused', service: 'b', reason: 'access', cause: 'wrappers', peer },
      { kind: 'refused', service: 'b', reason: 'access', cause: 'list', peer },
      { kind: 'refused', service: 'm', reason: 'load', cause: undefined, peer },
      { kind: 'trapped', service: 'm', peer, denyTime: milliseconds(120_000) },
      { kind: 'trapped', service: 'b', peer, denyTime: 'forever' },
      { kind: 'trapped', service: 'b', peer, denyTime: undefined },
    ),
    [
      'INFO: libwrap refused connection to b (libwrap=probe) from 192.0.2.7',
      'ERROR: refused connect from ::ffff:192.0.2.7 due to excessive load',
      'CRITICAL: 22868 {process_sensor} Adding ::ffff:192.0.2.7 to the global_no_access list for 2 minutes',
      'CRITICAL: 22868 {process_sensor} Adding 192.0.2.7 to the global_no_access list for -1 minutes',
    ],
  );
  t.end();
});

t.test("the kernel's refusals have their number", (t) => {
  const { tell } = keepLines();
  const failure = { code: 'ENOENT', what: 'cannot execute /bad: no such file or directory' };
  t.strictSame(tell({ kind: 'start-failed', service: 'n', pid: 5, failure, peer }), [
    'ERROR: n: cannot execute /bad: no such file or directory (errno = 2)',
  ]);
  t.end();
});

t.test('diagnostics end with their place', (t) => {
  const { tellDiagnostics, said } = keepLines();
  const diagnostic: Diagnostic = {
    severity: 'warning',
    at: { file: '/etc/xinetd.d/b\u001b', line: 7, column: 3 },
    source: 'frob = 1',
    width: 4,
    message: "bad service attribute 'frob'",
    advice: 'remove it',
  };
  tellDiagnostics([diagnostic, { ...diagnostic, severity: 'error' }]);
  t.strictSame(said(), [
    "WARNING: bad service attribute 'frob'; remove it [file=/etc/xinetd.d/b\\u{1b}] [line=7]",
    "ERROR: bad service attribute 'frob'; remove it [file=/etc/xinetd.d/b\\u{1b}] [line=7]",
  ]);
  t.end();
});

t.test("what peers and handlers say is escaped; connections are their services' logs'", (t) => {
  const { tell, observer } = keepLines();
  t.strictSame(tell({ kind: 'handler-said', service: 'b', pid: 9, line: 'x\u001b[2J' }), [
    'NOTICE: b[9]: x\\u{1b}[2J',
  ]);
  t.strictSame(
    (
      ['started', 'exited', 'builtin-started', 'builtin-ended', 'identified', 'relayed', 'traced'] as const
    ).filter(observer.isWanted),
    [],
  );
  t.end();
});

t.test('a log of services that cannot be written is told here', (t) => {
  const { tellNotice, said } = keepLines();
  tellNotice({
    severity: 'error',
    kind: 'log-failed',
    log: '/l',
    lost: 0,
    text: 'cannot open the log /l: no',
  });
  t.strictSame(said(), ['ERROR: cannot open the log /l: no']);
  t.end();
});

t.test('to syslog goes the text, with the level as priority', (t) => {
  const sent: (readonly [number, string])[] = [];
  const facility: SyslogFacility = 'daemon';
  const write = daemonSyslogWriter({ send: (priority, text) => void sent.push([priority, text]) }, facility);
  const log = createXinetdDaemonLog({ write, version: 'acceptd 1.2.3', pid: 1 });
  log.startReload();
  log.observer.observe({ kind: 'stopped' });
  log.observer.observe({ kind: 'resumed', service: 'b' });
  t.strictSame(sent, [
    [29, 'Starting reconfiguration'],
    [28, 'Exiting...'],
    [27, 'Activating service b'],
  ]);
  t.end();
});
