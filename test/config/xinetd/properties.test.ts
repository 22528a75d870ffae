// What holds for every text in xinetd's language.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type Configuration, defaultLoadOptions, parseConfiguration } from '../../../src/config/load.ts';
import { showDiagnostic } from '../../../src/model/diagnostic.ts';

const parse = (text: string, hasQuotes = false): Configuration =>
  parseConfiguration(text, 'test.conf', { ...defaultLoadOptions, language: 'xinetd', hasQuotes });

/** Three seconds of processor time: many times what it takes, far less than what quadratic work would. */
const isQuick = (before: NodeJS.CpuUsage): boolean => process.cpuUsage(before).user < 3_000_000;

const names =
  'socket_type protocol wait user group groups server server_args instances per_source cps max_load log_type ' +
  'log_on_success log_on_failure only_from no_access access_times type flags id env passenv port nice redirect banner ' +
  'banner_success banner_fail bind interface disable disabled enabled rpc_version rpc_number rlimit_as rlimit_cpu ' +
  'rlimit_files v6only deny_time umask libwrap mdns frob';
const values =
  'stream dgram raw tcp udp tcp6 yes no root 1000 /bin/cat cat 0 1 -1 50 10 70000 2.5 UNLIMITED 100M FILE SYSLOG daemon ' +
  '/x PID HOST USERID TRAFFIC RECORD 10.9.8.7 10.9.8.0/24 10.{9,10} {300} ::1 ::/0 localhost .example.com 12:00-24:00 ' +
  '22:00-6:00 RPC INTERNAL UNLISTED TCPMUX TCPMUXPLUS REUSE SENSOR IPv4 IPv6 NAMEINARGS IDONLY LABELED A=1 x "a b" # \\ ' +
  'FOREVER é \u{1F600} \0';

const word = fc.constantFrom(...values.split(' '));
const attribute = fc
  .tuple(
    fc.constantFrom(...names.split(' ')),
    fc.constantFrom(' = ', '=', ' += ', ' -= ', ' ', ' =', ' == '),
    fc.array(word, { maxLength: 4 }),
  )
  .map(([name, operator, list]) => `\t${name}${operator}${list.join(' ')}`);
const lineEnd = fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\n# comment\n');
const entry = fc
  .tuple(
    fc.constantFrom(
      'service echo',
      'service x',
      'service',
      'defaults',
      'service x {',
      'junk',
      'include x',
      '',
    ),
    fc.constantFrom('{', '{', '{', '', ' { x'),
    fc.array(attribute, { maxLength: 12 }),
    fc.constantFrom('}', '}', '}', '', '} x'),
    lineEnd,
  )
  .map(([head, open, lines, close, end]) => [head, open, ...lines, close, ''].join(end));
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(entry, { maxLength: 4 }).map((entries) => entries.join('')),
  fc.array(entry, { maxLength: 4 }).map((entries) => `\uFEFF${entries.join('')}`),
);

t.test('no text makes the reader fail, and every mark lies within its line', async (t) => {
  fc.assert(
    fc.property(text, fc.boolean(), (source, hasQuotes) => {
      const lines = source.replace(/^\uFEFF/, '').split('\n');
      const { services, diagnostics } = parse(source, hasQuotes);
      const marks = services.flatMap(({ marks, doubts }) => [
        ...Object.values(marks).filter((mark) => mark !== undefined),
        ...(doubts?.hosts.map(({ mark }) => mark) ?? []),
      ]);
      for (const { at, source: shown, width } of [...diagnostics, ...marks]) {
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

const good = [
  'type = UNLISTED',
  'port = 17001',
  'socket_type = stream',
  'wait = no',
  'user = root',
  'server = /bin/cat',
  'server_args = first second',
  'flags = NAMEINARGS IPv4',
  'only_from += 10.9.8.8',
  'log_on_success += EXIT',
  'instances = 3',
  'disable = no',
];
const defaults = 'defaults\n{\nonly_from = 10.9.8.7\nlog_type = SYSLOG daemon\nlog_on_success = PID\n}\n';
const write = (lines: readonly string[]): string => `service a\n{\n${lines.join('\n')}\n}\n`;
const meaning = ({ services, diagnostics }: Configuration): unknown => [
  diagnostics.length,
  services.map(({ service }) => ({ ...service, origin: undefined })),
];

t.test('the order of attributes and of entries does not matter', async (t) => {
  const plain = meaning(parse(defaults + write(good)));
  fc.assert(
    fc.property(fc.shuffledSubarray(good, { minLength: good.length }), fc.boolean(), (lines, isFirst) => {
      const written = write(lines);
      assert.deepEqual(meaning(parse(isFirst ? defaults + written : written + defaults)), plain);
    }),
    { numRuns: 300 },
  );
  t.match(plain, [0, [{ answer: { arguments: ['first', 'second'] }, limits: { instances: 3 } }]]);
});

t.test('a mistake anywhere keeps the service off, whatever else is said', async (t) => {
  const mistakes = ['nice = abc', 'port 5', 'only_from = 10.9.8.300', 'no_access = a,b', 'env -= A', 'flags'];
  fc.assert(
    fc.property(fc.constantFrom(...mistakes), fc.nat({ max: good.length }), (mistake, at) => {
      const enabled = 'defaults\n{\nenabled = a\n}\n';
      const { services } = parse(enabled + write([...good.slice(0, at), mistake, ...good.slice(at)]));
      assert.deepEqual(services, []);
    }),
    { numRuns: 200 },
  );
  t.pass();
});

t.test('ten thousand services load in about a second', async (t) => {
  const entries = Array.from({ length: 10_000 }, (_, index) =>
    write(good.map((line) => line.replace('17001', String(1 + index)))).replace(
      'service a',
      `service a${index}`,
    ),
  );
  const before = process.cpuUsage();
  const { services, diagnostics } = parse(defaults + entries.join(''));
  t.same(diagnostics, []);
  t.equal(services.length, 10_000);
  t.ok(isQuick(before));
});

t.test('ten thousand broken lines are reported as fast', async (t) => {
  const blank = ' '.repeat(20_000);
  for (const line of [
    'service x',
    'service x\n{',
    'junk',
    '}',
    '{',
    `${blank}x`,
    'service x\n{\nnice = a\n}',
  ]) {
    const before = process.cpuUsage();
    const count = line.length > 1000 ? 100 : 10_000;
    const { diagnostics } = parse(Array.from({ length: count }, () => line).join('\n'));
    t.ok(diagnostics.length > 0);
    t.ok(isQuick(before), line.slice(0, 40));
  }
  const before = process.cpuUsage();
  parse(
    write(Array.from({ length: 10_000 }, (_, index) => `only_from += 10.0.${index >> 8}.${index & 255}`)),
  );
  t.ok(isQuick(before), 'a list of ten thousand lines');
});

t.test('lists of ten thousand entries each are compared as fast', async (t) => {
  const list = (name: string, first: number): string =>
    `${name} = ${Array.from({ length: 10_000 }, (_, index) => `${first}.${index >> 8}.${index & 255}.9`).join(' ')}`;
  const before = process.cpuUsage();
  const { diagnostics } = parse(write([...good.slice(0, 6), list('only_from', 10), list('no_access', 10)]));
  t.equal(diagnostics.length, 11, 'ten, and how many more');
  t.ok(isQuick(before));
});
