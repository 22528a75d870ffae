// What is said about mistakes in hosts.allow and hosts.deny, and where.
import { test } from 'tap';
import { parsePatternFile, parseWrapperTable, type TableName } from '../../src/config/wrappers/table.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';

const show = (diagnostics: readonly Diagnostic[]): readonly string[] =>
  diagnostics.map(
    ({ at, severity, message, source, width }) =>
      `${at.line}:${at.column} ${severity} [${source.slice(at.column - 1, at.column - 1 + width)}] ${message}`,
  );

const complaints = (text: string, name: TableName = 'allow'): readonly string[] =>
  show(parseWrapperTable(text, 'hosts.allow', name).diagnostics);

test('good rules bring no complaint', async (t) => {
  const text = `# who may come
sshd, in.ftpd@[2001:db8::1] : 192.0.2. .example.com \\
    [2001:db8::]/32 EXCEPT evil.example.com, 10.0.0.0/255.0.0.0 : severity auth.info : spawn (echo a\\:b %h) &

ALL EXCEPT probe: root@LOCAL @friends /etc/hosts.list: ALLOW
`;
  t.same(complaints(text), []);
});

test('words that match nobody are shown, also in continued lines', async (t) => {
  t.same(complaints('sshd: 10. \\\n  192.0.2.1/24, 10/8 \\\n  [10.1.2.3] x@\n'), [
    "2:3 warning [192.0.2.1/24] '192.0.2.1/24' matches nobody: the network has bits outside its mask",
    "2:17 warning [10/8] '10/8' matches nobody: it is no network with a mask",
    "3:3 warning [[10.1.2.3]] '[10.1.2.3]' matches nobody: '10.1.2.3' is no IPv6 address",
    '3:16 warning [] there is no host behind the @, so it matches nobody',
  ]);
});

test('lines that are no rules are told', async (t) => {
  t.same(complaints('sshd ALL\n  # note: x\nsshd: ::1\n: ALL\n'), [
    '1:1 error [sshd ALL] there is no colon, so this is no rule and is ignored',
    '2:3 warning [#] this is no comment: blanks stand before the #',
    '3:6 warning [ ] there is no client behind the colon, so this rule matches nobody',
    '4:1 warning [:] there is no daemon before the colon, so this rule matches nobody',
  ]);
});

test('options that cannot be understood are told, with what they mean for the client', async (t) => {
  const rule = 'sshd: ALL: spwan x: deny\n';
  t.same(complaints(rule), ["1:12 error [spwan] unknown option 'spwan'"]);
  const { diagnostics, table } = parseWrapperTable(rule, 'hosts.allow', 'allow');
  t.equal(diagnostics[0]?.advice, 'did you mean spawn?; until then whoever this rule matches is refused');
  t.same(table.rules[0]?.options, [{ kind: 'broken' }], 'what stands behind it is not reached');
  t.same(
    complaints(
      'a: ALL: allow: nice 5\nb: ALL: umask 888\nc: ALL:\nd: ALL: setenv A=b c\ne: ALL: spawn echo %z\n',
    ),
    [
      "1:9 error [allow] the option 'allow' is not the last one",
      "2:15 error [888] '888' is no umask",
      '3:8 error [] there is no option between or behind the colons',
      "4:16 error [A=b c] 'A=b' is no name of a variable",
      '5:20 warning [%z] %z has no meaning and is left out',
    ],
  );
});

test('an end that libwrap does not read is told, with what it means in that file', async (t) => {
  t.same(complaints('sshd: ALL', 'allow'), [
    '1:1 error [sshd: ALL] the last line has no end: it and all behind it admit nobody',
  ]);
  t.same(complaints('# nothing', 'deny'), [
    '1:1 error [# nothing] the last line has no end: whoever no rule has matched up to here is refused',
  ]);
  t.match(complaints(`sshd: ${'x'.repeat(2_041)}\nsshd: ALL\n`, 'deny'), [/more than 2047 bytes/]);
  t.same(complaints(`sshd: ${'x'.repeat(2_040)}\n`, 'deny'), []);
  t.match(complaints('sshd: A\0LL\n'), [/NUL/]);
});

test('a pattern file has no comments', async (t) => {
  const { diagnostics, patterns } = parsePatternFile('# ALL\n10.0.0.0/99\n', '/etc/list');
  t.equal(patterns.length, 3);
  t.same(show(diagnostics), [
    '1:1 warning [# ALL] each word of this line is a pattern: there are no comments here',
    "2:1 warning [10.0.0.0/99] '10.0.0.0/99' matches nobody: it is no network with a mask",
  ]);
});
