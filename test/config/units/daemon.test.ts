// How a server is awaited, restarted and ended.
import t from 'tap';
import { plainLifetime } from '../../../src/model/daemon.ts';
import { readService } from './service.ts';

const start = 'ExecStart=/bin/a\n';
const daemon = (text: string) => readService(`${start}${text}`).part?.daemon;
const lifetime = (text: string) => readService(`${start}${text}`).part?.lifetime;
const said = (text: string): string => readService(`${start}${text}`).messages.join('\n');

t.test('with nothing written a server is as systemd has it', async (t) => {
  t.match(daemon(''), {
    activation: 'listen-fds',
    type: 'simple',
    onDemand: true,
    readiness: { kind: 'type' },
    isNonBlocking: false,
    notifyAccess: 'none',
    storeLimit: 0,
    startTimeout: 90_000,
    abortTimeout: 90_000,
    watchdogSignal: 6,
    restart: { when: 'no', pause: 100, steps: 0, longestPause: 100 },
    startLimit: { count: 5, window: 10_000 },
    flushesPending: false,
    reloadSignal: 1,
  });
  t.same(lifetime(''), plainLifetime);
  t.same(daemon('')?.watchdog, undefined);
});

t.test('types decide what is awaited, and who may tell', async (t) => {
  t.match(daemon('Type=notify'), { type: 'notify', notifyAccess: 'main', startTimeout: 90_000 });
  t.match(daemon('Type=notify-reload\nNotifyAccess=all\nReloadSignal=SIGUSR2'), {
    type: 'notify-reload',
    notifyAccess: 'all',
    reloadSignal: 12,
  });
  t.match(daemon('WatchdogSec=30s\nWatchdogSignal=SIGKILL'), {
    watchdog: 30_000,
    notifyAccess: 'main',
    watchdogSignal: 9,
  });
  t.match(daemon('FileDescriptorStoreMax=512'), { storeLimit: 512, notifyAccess: 'main' });
  t.match(daemon('Type=oneshot\nRemainAfterExit=yes'), { type: 'oneshot', remainsAfterExit: true });
  t.equal(daemon('Type=oneshot')?.startTimeout, undefined, 'a oneshot takes as long as it takes');
  t.match(daemon('Type=forking\nPIDFile=a.pid'), { type: 'forking', pidFile: '/run/a.pid' });
  t.match(daemon('Type=forking\nPIDFile=/var/run/a.pid'), { pidFile: '/var/run/a.pid' });
  t.match(said('Type=idle'), '3:6: warning: ');
  t.match(said('Type=dbus\nBusName=a.b'), '3:6: warning: nobody waits for its name on the bus');
  t.equal(daemon('Type=dbus')?.type, 'simple');
  t.match(said('Type=fork'), "3:6: error: 'fork' is not known here");
});

t.test('a backend is asked whether it answers where it does not tell', async (t) => {
  const backend = (text: string) => readService(`${start}${text}`, { role: 'backend' }).part?.daemon;
  t.match(backend(''), { activation: 'none', readiness: { kind: 'probe' } });
  t.match(backend('Type=notify'), { readiness: { kind: 'type' } });
});

t.test('restarts: when, how long after, and how that grows', async (t) => {
  t.match(daemon('Restart=on-failure\nRestartSec=1s 500ms'), {
    restart: { when: 'on-failure', pause: 1500, steps: 0, longestPause: 1500 },
  });
  t.match(daemon('Restart=always\nRestartSec=1\nRestartSteps=5\nRestartMaxDelaySec=1min'), {
    restart: { when: 'always', pause: 1000, steps: 5, longestPause: 60_000 },
  });
  t.match(
    daemon('RestartPreventExitStatus=1 SIGKILL TEMPFAIL\nRestartForceExitStatus=EX_CONFIG 250 RTMIN+3'),
    {
      restart: { prevent: { codes: [1, 75], signals: [9] }, force: { codes: [78, 250], signals: [37] } },
    },
  );
  t.match(said('Type=oneshot\nRestart=always'), 'error: a oneshot would run for ever');
  t.match(said('Restart=sometimes'), 'error: ');
});

t.test('starts are limited in [Unit], and where that stood before', async (t) => {
  t.same(daemon('[Unit]\nStartLimitIntervalSec=1min\nStartLimitBurst=3')?.startLimit, {
    count: 3,
    window: 60_000,
  });
  t.same(daemon('StartLimitInterval=20s\nStartLimitBurst=2')?.startLimit, { count: 2, window: 20_000 });
  t.equal(daemon('[Unit]\nStartLimitIntervalSec=0')?.startLimit, undefined);
  t.equal(daemon('[Unit]\nStartLimitBurst=0')?.startLimit, undefined);
});

t.test('ends: signals, times, and what is no failure', async (t) => {
  t.match(
    lifetime('KillMode=mixed\nKillSignal=SIGINT\nSendSIGHUP=yes\nFinalKillSignal=SIGQUIT\nSendSIGKILL=no'),
    {
      ending: { mode: 'mixed', signal: 2, hangsUp: true, finalSignal: 3, kills: false },
    },
  );
  t.match(lifetime('RestartKillSignal=SIGUSR1'), { ending: { signal: 15, restartSignal: 10 } });
  t.match(lifetime('TimeoutStopSec=5\nRuntimeMaxSec=1h'), { ending: { timeout: 5000 }, longest: 3_600_000 });
  t.equal(lifetime('TimeoutStopSec=infinity')?.ending.timeout, undefined);
  t.match(daemon('TimeoutSec=10\nTimeoutStartSec=20'), { startTimeout: 20_000, abortTimeout: 10_000 });
  t.match(daemon('TimeoutStartSec=20\nTimeoutSec=10'), { startTimeout: 10_000 }, 'the last one counts');
  t.same(lifetime('SuccessExitStatus=TEMPFAIL 250 SIGUSR1')?.success, {
    codes: [75, 250],
    signals: [1, 2, 13, 15, 10],
  });
  t.same(lifetime('Type=oneshot')?.success, { codes: [], signals: [] });
  t.match(readService('ExecStart=-/bin/a').part?.lifetime?.success.codes, { length: 256 });
  t.match(said('SuccessExitStatus=300'), "3:19: error: '300' is neither an exit status nor a signal");
  t.match(said('KillSignal=SIGFOO'), "3:12: error: 'SIGFOO' is no signal");
  t.match(lifetime('KillMode=none'), { ending: { mode: 'none' } });
});

t.test('commands around the start and the stop', async (t) => {
  const read = daemon(
    'ExecStartPre=/bin/b\nExecStartPost=-/bin/c\nExecReload=/bin/kill -HUP $MAINPID\nExecStop=/bin/d\nExecStopPost=/bin/e',
  );
  t.match(read, {
    startBefore: [{ file: '/bin/b' }],
    startAfter: [{ file: '/bin/c', forgivesFailure: true }],
    reload: [{ arguments: ['/bin/kill', '-HUP', '$MAINPID'], expandsVariables: true }],
    stop: [{ file: '/bin/d' }],
    stopAfter: [{ file: '/bin/e' }],
  });
  t.match(daemon('ExecStartPre=/bin/b\nPermissionsStartOnly=yes'), { startBefore: [{ rights: 'full' }] });
});

t.test('the server of a connection has no daemon, and what it cannot have is told', async (t) => {
  const accept = (text: string) => readService(`${start}${text}`, { role: 'accept' });
  t.equal(accept('').part?.daemon, undefined);
  t.match(accept('ExecStartPre=/bin/b').messages.join(), '3:14: error: nothing is run before');
  t.match(accept('ExecStartPre=-/bin/b').messages.join(), '3:14: warning: ');
  t.match(accept('ExecStop=/bin/b').messages.join(), '3:10: warning: ');
  t.match(accept('Restart=always').messages.join(), '3:9: warning: ');
  t.match(accept('Type=notify').messages.join(), '3:6: warning: ');
  t.same(accept('Type=oneshot\nRestart=no').messages, []);
});
