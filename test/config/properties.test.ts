// What holds for every text in every dialect.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type Configuration, defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { showDiagnostic } from '../../src/model/diagnostic.ts';
import { type Dialect, dialects } from '../../src/model/service.ts';

const parse = (text: string, dialect: Dialect): Configuration =>
  parseConfiguration(text, 'test.conf', { ...defaultLoadOptions, dialect });

/** Three seconds of processor time: many times what it takes, far less than what quadratic work would. */
const isQuick = (before: NodeJS.CpuUsage): boolean => process.cpuUsage(before).user < 3_000_000;

const dialect = fc.constantFrom(...dialects);

/** Pieces of which broken and sound entries can be put together. */
const pieces = fc.constantFrom(
  ' ',
  ' ',
  ' ',
  '\t',
  '\n',
  '\n',
  '\n  ',
  '\r\n',
  '#',
  '#@ in ipsec ah',
  '#@',
  ';',
  ',',
  '=',
  ':',
  '"',
  "'",
  '\\',
  '.',
  '/',
  '[',
  ']',
  '0',
  '7',
  '70000',
  'echo',
  'finger',
  'tcpmux/+x',
  'rusersd/2-3',
  '127.0.0.1:',
  '[::1]:79',
  '*:',
  ':a:b:0600:/x',
  '@x',
  '/run/x',
  'stream',
  'dgram',
  'stream,2:dataready',
  'raw',
  'tcp',
  'udp6',
  'tcp46',
  'rpc/udp',
  'unix',
  'tcp,rcvbuf=64k',
  'faith/tcp6',
  'wait',
  'nowait',
  'nowait.5',
  'nowait:5',
  'wait/3/2/1',
  'nobody',
  'nobody:daemon',
  'a.b/c',
  'internal',
  '/bin/cat',
  'cat',
  'on',
  'off',
  'user = x',
  'exec = /bin/cat',
  'args = "a b" \'c\'',
  'bind = ::1',
  'env = A=B',
  'protocol = tcp4',
  'rate = 5/1s',
  '.include x',
  '.dialect netbsd',
  '.dialect acceptd',
  '\uFEFF',
  '\0',
  'é',
  '\u{1F600}',
  'strem',
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
  fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(' ')),
);

t.test('no text makes the reader fail, and every mark lies within its line', async (t) => {
  fc.assert(
    fc.property(text, dialect, (source, language) => {
      const lines = source.replace(/^\uFEFF/, '').split('\n');
      const { services, diagnostics } = parse(source, language);
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
      const ids = services.map(({ service }) => service.id);
      if (new Set(ids).size !== ids.length) throw new Error(`ids are not unique: ${ids.join(' ')}`);
    }),
    { numRuns: 4000 },
  );
  t.pass();
});

t.test('blanks between the words of an entry do not matter', async (t) => {
  const blanks = fc.stringMatching(/^[ \t]{1,5}$/);
  const words = ['finger', 'stream', 'tcp', 'nowait', 'nobody', '/usr/sbin/in.fingerd', 'in.fingerd', '-l'];
  fc.assert(
    fc.property(
      fc.array(blanks, { minLength: words.length, maxLength: words.length }),
      fc.constantFrom('\n', '\r\n', ''),
      fc.boolean(),
      dialect,
      (gaps, end, hasMark, language) => {
        const line = words.map((word, index) => `${word}${gaps[index]}`).join('');
        const found = parse(`${hasMark ? '\uFEFF' : ''}${line}${end}`, language);
        const plain = parse(words.join(' '), language);
        assert.deepEqual(found.diagnostics, []);
        assert.deepEqual(
          found.services.map(({ service }) => service),
          plain.services.map(({ service }) => service),
        );
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});

t.test('ten thousand entries load in about a second', async (t) => {
  const lines = Array.from({ length: 10_000 }, (_, index) =>
    index % 2 === 0
      ? `127.0.${Math.trunc(index / 250)}.${index % 250}:${5000 + (index % 900)} stream tcp nowait nobody /bin/cat cat "a b" c`
      : `name${index} on port = ${1 + index}, user = nobody, exec = /bin/cat, args = cat -u ;`,
  );
  const before = process.cpuUsage();
  const { services, diagnostics } = parse(lines.join('\n'), 'acceptd');
  t.same(diagnostics, []);
  t.equal(services.length, 10_000);
  t.ok(isQuick(before));
});

t.test('ten thousand definitions on one line load as fast', async (t) => {
  const text = Array.from({ length: 10_000 }, (_, index) => `n${index} on port = 1, exec = /bin/cat; `).join(
    '',
  );
  const before = process.cpuUsage();
  const { services, diagnostics } = parse(text, 'acceptd');
  t.same(diagnostics, []);
  t.equal(services.length, 10_000);
  t.ok(isQuick(before));
});

t.test('ten thousand broken entries are reported as fast', async (t) => {
  for (const line of [
    'x on usr = "',
    'x on a',
    'finger strem',
    'x stream tcp nowait nobody internal',
    "x stream tcp nowait nobody 'a",
  ]) {
    const before = process.cpuUsage();
    const { diagnostics } = parse(Array.from({ length: 10_000 }, () => line).join('\n'), 'acceptd');
    t.ok(diagnostics.length > 0);
    t.ok(isQuick(before), line);
  }
});
