// What a daemon's message means: every key of sd_notify(3), and any bytes without harm.
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { isDescriptorName, type NotifyMessage, parseNotify } from '../../src/model/notify-message.ts';

const parsed = (t: Test, text: string, expected: Partial<NotifyMessage>) =>
  t.match(parseNotify(text), { faults: [], ...expected }, JSON.stringify(text));

t.test('each key is read', async (t) => {
  parsed(t, 'READY=1', { state: 'ready' });
  parsed(t, 'RELOADING=1\nMONOTONIC_USEC=18446744073709551615', {
    state: 'reloading',
    reloadedAt: 18_446_744_073_709_551_615n,
  });
  parsed(t, 'STOPPING=1', { state: 'stopping' });
  parsed(t, 'STATUS=half = done\n', { status: 'half = done' });
  parsed(t, 'STATUS=', { status: '' });
  parsed(t, 'ERRNO=2', { errno: 2 });
  parsed(t, 'BUSERROR=org.freedesktop.DBus.Error.TimedOut', {
    busError: 'org.freedesktop.DBus.Error.TimedOut',
  });
  parsed(t, 'VARLINKERROR=org.varlink.service.InvalidParameter', {
    varlinkError: 'org.varlink.service.InvalidParameter',
  });
  parsed(t, 'EXIT_STATUS=255', { exitStatus: 255 });
  parsed(t, 'MAINPID=4711', { mainPid: 4711 });
  parsed(t, 'MAINPIDFD=1\nMAINPIDFDID=726350', { hasMainDescriptor: true, mainPidInode: 726_350n });
  for (const access of ['none', 'main', 'exec', 'all'] as const)
    parsed(t, `NOTIFYACCESS=${access}`, { access });
  parsed(t, 'WATCHDOG=1', { watchdog: 'alive' });
  parsed(t, 'WATCHDOG=trigger', { watchdog: 'trigger' });
  parsed(t, 'WATCHDOG_USEC=1500000', { watchdogTime: 1500 as never });
  parsed(t, 'EXTEND_TIMEOUT_USEC=250', { extension: 0.25 as never });
  parsed(t, 'FDSTORE=1', { store: { kind: 'add', name: undefined, isPolled: true } });
  parsed(t, 'FDSTORE=1\nFDNAME=a b\nFDPOLL=0', { store: { kind: 'add', name: 'a b', isPolled: false } });
  parsed(t, 'FDSTOREREMOVE=1\nFDNAME=a', { store: { kind: 'remove', name: 'a' } });
  parsed(t, 'FDSTORE=1\nFDSTOREREMOVE=1\nFDNAME=a', { store: { kind: 'remove', name: 'a' } });
  parsed(t, 'RESTART_RESET=1', { resetsRestarts: true });
});

t.test('a barrier stands alone', async (t) => {
  t.strictSame(parseNotify('BARRIER=1\nREADY=1\nMAINPID=1'), {
    ...parseNotify(''),
    isBarrier: true,
  });
});

t.test('stopping wins over ready and that over reloading, in any order', async (t) => {
  parsed(t, 'READY=1\nSTOPPING=1\nRELOADING=1', { state: 'stopping' });
  parsed(t, 'RELOADING=1\nREADY=1', { state: 'ready' });
});

t.test('what is unknown is passed over, what is wrong is named and counts for nothing', async (t) => {
  t.strictSame(parseNotify('X_MINE=1\nready=1\nREADY=0\nREADY=1 \n READY=1\n=1\nREADY'), parseNotify(''));
  const wrong = [
    'MAINPID=0',
    'MAINPID=-1',
    'MAINPID=2147483648',
    'MAINPID=1 ',
    'MAINPID=0x10',
    'MAINPID=',
    'ERRNO=4096',
    'EXIT_STATUS=256',
    'WATCHDOG_USEC=1s',
    'EXTEND_TIMEOUT_USEC=18446744073709551616',
    'MONOTONIC_USEC=1.5',
    'MAINPIDFDID=99999999999999999999',
    'NOTIFYACCESS=everyone',
  ];
  for (const text of wrong) {
    t.strictSame(parseNotify(text), { ...parseNotify(''), faults: [text.slice(0, text.indexOf('='))] }, text);
  }
  t.strictSame(parseNotify('FDSTORE=1\nFDNAME=a:b'), {
    ...parseNotify('FDSTORE=1'),
    faults: ['FDNAME'],
  });
});

t.test('the first of two values counts', async (t) => {
  parsed(t, 'STATUS=one\nSTATUS=two\nMAINPID=1\nMAINPID=2', { status: 'one', mainPid: 1 });
});

t.test('names of descriptors are those that LISTEN_FDNAMES can have', async (t) => {
  for (const name of ['', 'a', ' ~', 'x'.repeat(255)]) t.equal(isDescriptorName(name), true, name);
  for (const name of ['a:b', 'a\nb', '\t', '\x7f', '\u00e9', 'x'.repeat(256)])
    t.equal(isDescriptorName(name), false);
});

t.test('no text is too strange', async (t) => {
  const key = fc.constantFrom(
    'READY',
    'MAINPID',
    'FDNAME',
    'FDSTORE',
    'WATCHDOG_USEC',
    'STATUS',
    'BARRIER',
    'X',
  );
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('1'), fc.bigInt().map(String));
  const line = fc.oneof(
    fc.tuple(key, value).map((parts) => parts.join('=')),
    fc.string({ unit: 'binary' }),
  );
  const text = fc.oneof(
    fc.array(line).map((lines) => lines.join('\n')),
    fc.uint8Array({ maxLength: 4096 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  );
  fc.assert(
    fc.property(text, (text) => {
      const { store, mainPid, errno, exitStatus, watchdogTime } = parseNotify(text);
      const isName = store?.name === undefined || isDescriptorName(store.name);
      const numbers = [mainPid, errno, exitStatus, watchdogTime].every(
        (each) => each === undefined || (Number.isFinite(each) && each >= 0),
      );
      return isName && numbers;
    }),
    { numRuns: 2000 },
  );
  t.pass('nothing was thrown and every number is one');
});
