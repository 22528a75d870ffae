// What holds for every text of a unit, and the small grammars: times, sizes, names, words.
import fc from 'fast-check';
import t from 'tap';
import { defaultLoadOptions, parseConfiguration } from '../../../src/config/load.ts';
import { parseInteger, parseSize, parseSpan, parseSwitch } from '../../../src/config/units/quantities.ts';
import { quoteWord } from '../../../src/config/units/quoting.ts';
import { expand, specifiersOf, systemFacts } from '../../../src/config/units/specifiers.ts';
import { parseUnitName, unescapeName } from '../../../src/config/units/unit-name.ts';
import { splitWords } from '../../../src/config/units/unquoting.ts';
import { showDiagnostic } from '../../../src/model/diagnostic.ts';

t.test('times are those of systemd.time(7)', (t) => {
  for (const [text, value] of [
    ['5', 5000],
    ['1min 30s', 90_000],
    ['5min20s', 320_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['250ms', 250],
    ['10us', 0.01],
    ['10µs', 0.01],
    ['2 weeks', 1_209_600_000],
    ['1M', 30.4375 * 86_400_000],
    ['1y 1d', 366.25 * 86_400_000],
    ['3hr 2 minutes 1sec', 10_921_000],
    ['0', 0],
    ['infinity', 'infinity'],
  ] as const) {
    t.equal(parseSpan(text), value, text);
  }
  for (const text of ['', '-1', 'x', '5 parsecs', '1..5s', 'Infinity', '5S', '1 min s', 's5']) {
    t.equal(parseSpan(text), undefined, text);
  }
  t.end();
});

t.test('sizes count in powers of 1024, each part smaller than the one before', (t) => {
  for (const [text, value] of [
    ['100', 100],
    ['100B', 100],
    ['64K', 65_536],
    ['1.5M', 1_572_864],
    ['1G 512M', 1_610_612_736],
  ] as const) {
    t.equal(parseSize(text), value, text);
  }
  t.equal(parseSize('1K', 1000), 1000);
  for (const text of ['', '-1', '64k', '64KB', '1M 1G', 'K', '9999999E']) {
    t.equal(parseSize(text), undefined, text);
  }
  t.end();
});

t.test('numbers may be written as in C, and yes in many ways', (t) => {
  t.same(['10', '+10', '-10', '010', '0x10', '0b10', '0o10', '0', '08', '1e3', '', ' 1'].map(parseInteger), [
    10,
    10,
    -10,
    8,
    16,
    2,
    8,
    0,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  t.same(['1', 'YES', 'y', 'True', 't', 'on'].map(parseSwitch), Array(6).fill(true));
  t.same(['0', 'no', 'N', 'false', 'f', 'Off'].map(parseSwitch), Array(6).fill(false));
  t.same(['', '2', 'yess', 'o'].map(parseSwitch), Array(4).fill(undefined));
  t.end();
});

t.test('names of units have a prefix, perhaps an instance, and a suffix', (t) => {
  t.same(parseUnitName('a-b.socket'), { prefix: 'a-b', instance: undefined, suffix: 'socket' });
  t.same(parseUnitName('a@.service'), { prefix: 'a', instance: '', suffix: 'service' });
  t.same(parseUnitName('a@b.c@d.service'), { prefix: 'a', instance: 'b.c@d', suffix: 'service' });
  for (const name of [
    'socket',
    '.socket',
    '@x.socket',
    'a b.socket',
    'a/b.socket',
    `${'a'.repeat(250)}.socket`,
  ]) {
    t.equal(parseUnitName(name), undefined, name);
  }
  t.equal(unescapeName('run-user\\x2dx-\\xc3\\xa9'), 'run/user-x/é');
  t.equal(unescapeName('50%\\xff'), '50%\\xff', 'what is no text stays');
  t.end();
});

t.test('specifiers know the name of the unit; those of a connection are left for later', (t) => {
  const parts = parseUnitName('my-app@a-b.service') ?? { prefix: '', instance: '', suffix: '' };
  const known = specifiersOf('my-app@a-b.service', parts, false, systemFacts, '/etc/x/my-app@.service');
  t.equal(
    expand('%p %P %j %i %I %n %N %y %Y %t %S %C %L %E %T %V %%', known).text,
    'my-app my/app app a-b a/b my-app@a-b.service my-app@a-b /etc/x/my-app@.service /etc/x /run /var/lib /var/cache /var/log /etc /tmp /var/tmp %',
  );
  const later = specifiersOf('a@.service', parts, true, systemFacts, 'a');
  t.equal(expand('%i%I%n%N%p', later).text, '\0i\0I\0n\0Nmy-app');
  t.same(expand('%z 50%', known), { text: '%z 50%', unknown: ['%z', '%'] });
  t.end();
});

t.test('whatever a word is, it is read as it was quoted', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 5 }), (words) => {
      const whole = words.map((word) => Buffer.from(word.replaceAll('\0', '0')).toString());
      const { words: found, unclosed, unknownEscapes } = splitWords(whole.map(quoteWord).join(' '));
      const texts = found.map(({ text }) => text.replaceAll('%%', '%'));
      if (unclosed !== undefined || unknownEscapes.length > 0) throw new Error('not understood');
      if (texts.join('\0') !== whole.join('\0')) throw new Error(JSON.stringify(found));
    }),
  );
  t.pass();
  t.end();
});

/** Pieces of which broken and sound units can be put together. */
const piece = fc.constantFrom(
  ...[
    '\n',
    '\n',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '=',
    '\\',
    '\\\n',
    '\\\r\n',
    '"',
    "'",
    '#',
    ';',
    '%',
    '%i',
    '$',
    '@',
    '\0',
  ],
  ...[
    '[Socket]\n',
    '[Service]\n',
    '[Unit]\n',
    '[Install]\n',
    '[',
    ']',
    '\uFEFF',
    'é',
    '\u{1F600}',
    '\n# comment\n',
  ],
  ...[
    '# a.socket\n',
    '# a.service\n',
    '# a@.service\n',
    '# b.socket\n',
    '# b.service\n',
    '# a.socket.d/x.conf\n',
  ],
  ...[
    'ListenStream=',
    'ListenDatagram=',
    'ListenFIFO=',
    'ListenSequentialPacket=',
    'Accept=yes\n',
    'Symlinks=',
  ],
  ...[
    'ExecStart=',
    '/bin/cat',
    '/usr/lib/systemd/systemd-socket-proxyd',
    ' 127.0.0.1:80',
    'Environment=',
    'A=b',
  ],
  ...['7001', '0', '70000', '[::1]:79', '127.0.0.1:1', '/run/x', '@x', 'vsock:1:2', 'vsock::', '%eth0', '::'],
  ...[
    'MaxConnections=',
    'TriggerLimitIntervalSec=',
    'PollLimitBurst=',
    'IPAddressDeny=',
    'any',
    '192.0.2.0/24',
  ],
  ...[
    'Service=b.service\n',
    'Sockets=a.socket b.socket\n',
    'Requires=b.service\n',
    'User=',
    'x',
    '1min 5',
    '-1',
  ],
  ...[
    'Type=',
    'notify',
    'Restart=',
    'StandardInput=socket\n',
    'EnvironmentFile=-/x\n',
    'KillMode=',
    '\\x41',
    '\\q',
  ],
);

t.test('no text makes the reader of units fail, and every mark lies within its line', (t) => {
  const text = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  fc.assert(
    fc.property(text, (source) => {
      const lines = source.replace(/^\uFEFF/, '').split('\n');
      const { services, diagnostics } = parseConfiguration(source, 'test.conf', {
        ...defaultLoadOptions,
        language: 'systemd',
      });
      const places = [
        ...diagnostics,
        ...services.flatMap(({ marks }) => Object.values(marks).filter((mark) => mark !== undefined)),
      ];
      for (const { at, source: shown, width } of places) {
        const line = lines[at.line - 1];
        if (line === undefined || shown !== line.replace(/\r$/, ''))
          throw new Error('not a line of the text');
        if (at.column < 1 || width < 1 || at.column - 1 + width > Math.max(1, shown.length)) {
          throw new Error(`columns ${at.column}+${width} of '${shown}'`);
        }
      }
      for (const diagnostic of diagnostics) {
        const shown = showDiagnostic(diagnostic);
        if (/[.;,]$/.test(diagnostic.message) || diagnostic.message === '') throw new Error(shown);
        if (diagnostic.advice === '') throw new Error(shown);
      }
    }),
    { numRuns: 4000 },
  );
  t.pass();
  t.end();
});

t.test('a thousand units load fast', (t) => {
  const text = Array.from(
    { length: 1000 },
    (_, index) =>
      `# s${index}.socket\n[Socket]\nListenStream=127.0.0.1:${1000 + index}\nAccept=yes\n# s${index}@.service\n[Service]\nExecStart=/bin/cat a b\n`,
  ).join('');
  const before = process.cpuUsage();
  const { services, diagnostics } = parseConfiguration(text, 'test.conf', defaultLoadOptions);
  t.same(diagnostics, []);
  t.equal(services.length, 1000);
  // many times what it takes, far less than what quadratic work would
  t.ok(process.cpuUsage(before).user < 3_000_000);
  t.end();
});
