// The words of --log.
import t from 'tap';
import { logTargets } from '../../src/command/log-targets.ts';
import { UsageError } from '../../src/command/option-values.ts';

t.test('each word is a place, each place is there once', (t) => {
  t.equal(logTargets(undefined), undefined);
  t.strictSame(
    logTargets([
      'stderr',
      'journald',
      'syslog',
      'syslog:local3',
      'file:/var/log/a:b',
      'syslog:daemon',
      'stderr',
    ]),
    [
      { kind: 'stderr' },
      { kind: 'journald' },
      { kind: 'syslog', facility: 'daemon' },
      { kind: 'syslog', facility: 'local3' },
      { kind: 'file', path: '/var/log/a:b' },
    ],
  );
  t.strictSame(logTargets(['file:log']), [{ kind: 'file', path: `${process.cwd()}/log` }]);
  t.end();
});

t.test('other words are refused with what to write', (t) => {
  for (const word of ['', 'file', 'file:', 'journal', 'stderr:x', 'journald:/x', 'File:/x']) {
    t.throws(
      () => logTargets([word]),
      new UsageError(
        `--log does not know '${word}'; write stderr, journald, syslog, syslog:FACILITY or file:PATH`,
      ),
    );
  }
  t.throws(() => logTargets(['syslog:demon']), /knows no syslog facility 'demon'; write one of kern, user, /);
  t.end();
});
