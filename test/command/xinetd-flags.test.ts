// xinetd's flags and ours beside them.
import t from 'tap';
import { parseXinetdFlags, type XinetdFlags } from '../../src/command/xinetd-flags.ts';

const settings = (line: string): XinetdFlags => {
  const parsed = parseXinetdFlags(line.split(' ').filter((word) => word !== ''));
  if (typeof parsed === 'string') throw new Error(`${line}: ${parsed}`);
  return parsed;
};
const complaint = (line: string): string => {
  const parsed = parseXinetdFlags(line.split(' '));
  return typeof parsed === 'string' ? parsed : 'no complaint';
};

t.test('what each of them says', (t) => {
  t.match(settings(''), { file: '/etc/xinetd.conf', drain: 10, warnings: [], wanted: 'server' });
  t.match(settings('-f x.conf -d -pidfile /run/x -limit 9 -cc 60 -inetd_compat -filelog /var/log/x'), {
    file: 'x.conf',
    isDebug: true,
    pidFile: '/run/x',
    processLimit: 9,
    checkInterval: 60,
    readsInetdConf: true,
    daemonLog: { kind: 'file', path: '/var/log/x' },
  });
  t.match(settings('-dontfork'), { staysInFront: true, staysAlive: true });
  t.match(settings('-stayalive'), { staysInFront: false, staysAlive: true });
  t.match(settings('-syslog LOCAL3'), { daemonLog: { kind: 'syslog', facility: 'local3' } });
  t.match(settings('-version'), { wanted: 'version' });
  t.match(
    settings('--quotes --mapped --strict-reload --without-wrappers --drain=3 --dump /x --log-level debug'),
    {
      hasQuotes: true,
      showsMapped: true,
      isStrictReload: true,
      skipsWrappers: true,
      drain: 3,
      dump: '/x',
      logLevel: 'debug',
    },
  );
  t.end();
});

t.test('what changes nothing is told, known or not, and what follows it counts', (t) => {
  const useless = settings('-reuse -logprocs 5 -shutdownprocs 4 -inetd_ipv6 -stayalive');
  t.equal(useless.warnings.length, 4);
  t.equal(useless.staysAlive, true);
  t.match(settings('-bogus -stayalive'), {
    staysAlive: true,
    warnings: ['-bogus is not known and changes nothing'],
  });
  t.match(settings('-syslog nonsense'), {
    daemonLog: { kind: 'syslog', facility: 'daemon' },
    warnings: [/'nonsense' is no facility/],
  });
  t.end();
});

t.test('what cannot be meant is refused', (t) => {
  const mistakes: readonly (readonly [string, RegExp])[] = [
    ['foo.conf', /'foo\.conf' is no option; write -f/],
    ['-f', /-f needs a value/],
    ['-limit many', /-limit takes a whole number from 1/],
    ['-limit 0', /-limit takes/],
    ['-cc 0', /-cc takes/],
    ['-filelog /x -syslog daemon', /-syslog cannot stand beside/],
    ['-syslog daemon -filelog /x', /-filelog cannot stand beside/],
    ['--strict-relaod', /unknown option --strict-relaod/],
    ['--quotes=yes', /--quotes takes no value/],
    ['--log-level loud', /--log-level takes one of debug/],
    ['--drain -1', /--drain takes a whole number/],
  ];
  for (const [line, expected] of mistakes) t.match(complaint(line), expected, line);
  t.end();
});
