// Command lines of services: words, prefixes, semicolons, specifiers and variables.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: so do variables look in command lines
import t from 'tap';
import { namesInWords, replaceVariables } from '../../../src/model/command-words.ts';
import type { CommandLine } from '../../../src/model/daemon.ts';
import { readService } from './service.ts';

const before = (text: string): readonly CommandLine[] =>
  readService(`ExecStart=/bin/x\nExecStartPre=${text}`).part?.daemon?.startBefore ?? [];

const command = (file: string, ...words: readonly string[]): CommandLine => ({
  file,
  arguments: words,
  expandsVariables: true,
  forgivesFailure: false,
  rights: 'service',
});

t.test('a command has its own path as argument 0, and its words without quotes', async (t) => {
  t.same(before('/bin/a b  "c d" \'e "f"\' g\\x20h'), [
    command('/bin/a', '/bin/a', 'b', 'c d', 'e "f"', 'g h'),
  ]);
  t.same(before('"/bin/a b" c'), [command('/bin/a b', '/bin/a b', 'c')]);
  t.same(before('//bin/./a'), [command('/bin/a', '//bin/./a')]);
  t.same(before('a b'), [command('a', 'a', 'b')], 'a bare name is searched in PATH later');
});

t.test('prefixes say who it is, what failing means, and which rights it has', async (t) => {
  t.same(before('@/bin/a b c'), [command('/bin/a', 'b', 'c')]);
  t.same(before('-/bin/a'), [{ ...command('/bin/a', '/bin/a'), forgivesFailure: true }]);
  t.same(before(':/bin/a $$'), [{ ...command('/bin/a', '/bin/a', '$$'), expandsVariables: false }]);
  t.same(before('+/bin/a'), [{ ...command('/bin/a', '/bin/a'), rights: 'full' }]);
  t.same(before('!/bin/a'), [{ ...command('/bin/a', '/bin/a'), rights: 'keeps-user' }]);
  t.same(before('!!/bin/a'), [command('/bin/a', '/bin/a')], 'it says nothing any more');
  t.same(before('+-@:/bin/a b'), [
    { ...command('/bin/a', 'b'), forgivesFailure: true, expandsVariables: false, rights: 'full' },
  ]);
});

t.test('semicolons stand between commands, unless quoted, escaped or a part of a word', async (t) => {
  t.same(before('/bin/a 1 ; -/bin/b ; /bin/c'), [
    command('/bin/a', '/bin/a', '1'),
    { ...command('/bin/b', '/bin/b'), forgivesFailure: true },
    command('/bin/c', '/bin/c'),
  ]);
  t.same(before('/bin/a ";" \\; b; ;'), [command('/bin/a', '/bin/a', ';', ';', 'b;')]);
});

t.test('what is no command is told with its place', async (t) => {
  const said = (text: string): string => readService(`ExecStart=${text}`).messages.join('\n');
  t.match(said('|/bin/a'), "2:11: error: a user's shell is not started");
  t.match(said('+!/bin/a'), '2:11: error: ');
  t.match(said('--/bin/a'), "the prefix '-' is there twice");
  t.match(said('@/bin/a'), 'no argument 0');
  t.match(said('bin/a'), 'neither an absolute path nor a name');
  t.match(said('/bin/'), 'is a directory');
  t.match(said('/bin/../a'), 'goes through ..');
  t.match(said('/bin/a "b'), '2:18: error: this quotation mark is never closed');
  t.match(said('/bin/a \\q'), '2:18: warning: this is no escape');
  t.equal(said('/bin/a \\;'), '');
  t.match(said('-'), 'there is no program');
  t.match(said(''), 'there is no ExecStart=');
  t.match(said('/bin/a\nExecStart=/bin/b'), '3:11: error: a second command is run by oneshots alone');
  t.match(said('/bin/a\nExecCondition=/bin/b'), '3:15: error: nobody asks this condition');
});

t.test('a oneshot runs one command after the other', async (t) => {
  const { part, messages } = readService('Type=oneshot\nExecStart=/bin/a\nExecStart=/bin/b ; /bin/c');
  t.same(messages, []);
  t.equal(part?.answer.file, '/bin/a');
  t.same(part?.daemon?.furtherStarts, [command('/bin/b', '/bin/b'), command('/bin/c', '/bin/c')]);
});

t.test('variables of the unit itself are put in when it is read', async (t) => {
  const { part } = readService(
    'Environment=ONE=one "TWO=two \'2 too\' b" THREE=\nExecStart=/bin/echo $ONE ${TWO} $TWO x${ONE}y $THREE ${THREE} $$ONE z$ONE %%',
  );
  t.equal(part?.startTexts, undefined);
  t.same(part?.answer.arguments, [
    '/bin/echo',
    'one',
    "two '2 too' b",
    'two',
    '2 too',
    'b',
    'xoney',
    '',
    '$ONE',
    'z$ONE',
    '%',
  ]);
});

t.test('what only the start knows is left to it', async (t) => {
  const texts = (text: string, role: 'accept' | 'sockets' = 'sockets') =>
    readService(text, { role }).part?.startTexts;
  t.match(texts('ExecStart=/bin/a $HOME'), {
    isPerInstance: false,
    command: { arguments: ['/bin/a', '$HOME'] },
  });
  t.match(texts('Environment=A=1\nEnvironmentFile=-/etc/a\nExecStart=/bin/a $A'), {
    environmentFiles: [{ path: '/etc/a', isOptional: true }],
    command: { arguments: ['/bin/a', '$A'] },
  });
  t.match(texts('ExecStart=/bin/a %i', 'accept'), {
    isPerInstance: true,
    command: { arguments: ['/bin/a', '\0i'] },
  });
  t.match(texts('ExecStart=/bin/a ${REMOTE_ADDR}', 'accept'), { isPerInstance: true });
  t.match(texts('ExecStart=/bin/a\nWorkingDirectory=/srv/%I', 'accept'), { isPerInstance: true });
  t.match(texts('ExecStart=+/bin/a'), { command: { rights: 'full' } });
  t.equal(texts('ExecStart=/bin/a %p %N %S'), undefined);
});

t.test('words with variables: a list, a part, a dollar sign, and what is none', async (t) => {
  const values = new Map([
    ['L', ' a "b c"  d\\ e '],
    ['E', ''],
  ]);
  const replace = (...words: readonly string[]) => replaceVariables(words, (name) => values.get(name));
  t.same(replace('$L', '${L}', 'x${E}y', '$E', '${E}', '$NONE', '${NONE}'), [
    'a',
    'b c',
    'd e',
    ' a "b c"  d\\ e ',
    'xy',
    '',
    '',
  ]);
  t.same(replace('$$', '$${L}', 'a$L', '${L', '${L:-x}', '$'), ['$', '${L}', 'a$L', '${L', '${L:-x}']);
  t.same(namesInWords(['$A', 'b${B}${C}', '$$D', 'e$E', '${A}']), ['A', 'B', 'C']);
});
