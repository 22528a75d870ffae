// Texts that only a start knows: files of variables, words with variables, names of instances.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { CommandLine, StartTexts } from '../../src/model/daemon.ts';
import { plainRecipe, type RecipeRequest } from '../../src/model/recipe.ts';
import { cookieOf } from '../../src/native/cookie.ts';
import { localOf } from '../../src/native/local-end.ts';
import { parseEnvironmentFile, readEnvironmentFiles } from '../../src/serve/environment-file.ts';
import { instanceName, instanceTexts, replaceMarks } from '../../src/serve/instance-name.ts';
import { completeRequest, completeStart, noFacts } from '../../src/serve/start-texts.ts';
import { connectTo, listenAt, loopback, openEngine, unixAt } from '../support/engine.ts';
import { resolved } from '../support/services.ts';

const place = mkdtempSync(join(tmpdir(), 'acceptd-texts-'));
process.once('exit', () => rmSync(place, { recursive: true, force: true }));

const at = (name: string): string => join(place, name);
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

t.test('a file of variables, in systemd’s syntax', async (t) => {
  const text = [
    '# a comment = no variable',
    '; another',
    '',
    'PLAIN=a word and another  ',
    '  INDENTED = value',
    'EMPTY=',
    `SINGLE='a  $b \\n "c"'`,
    'DOUBLE="a \\"b\\" \\$c \\n"',
    `JOINED="a"'b'c"d"`,
    'CONTINUED=one \\',
    'two',
    'LINES="one',
    'two"',
    'ESCAPED=a\\ b\\"c',
    'no assignment',
    'export NAME=1',
    '9DIGIT=1',
    'EQUALS=a=b',
    'LAST=end',
  ].join('\n');
  t.strictSame(parseEnvironmentFile(text), [
    ['PLAIN', 'a word and another'],
    ['INDENTED', 'value'],
    ['EMPTY', ''],
    ['SINGLE', 'a  $b \\n "c"'],
    ['DOUBLE', 'a "b" $c \\n'],
    ['JOINED', 'abc"d"'],
    ['CONTINUED', 'one two'],
    ['LINES', 'one\ntwo'],
    ['ESCAPED', 'a b"c'],
    ['EQUALS', 'a=b'],
    ['LAST', 'end'],
  ]);
  t.strictSame(parseEnvironmentFile('A="never closed'), [['A', 'never closed']]);
});

t.test('files are read in their order; one that is missing is a failure unless it may be', async (t) => {
  const [one, two] = [write('1.env', 'A=1\nB=1'), write('2.env', 'B=2')];
  const found = await readEnvironmentFiles([
    { path: one, isOptional: false },
    { path: two, isOptional: false },
    { path: at('missing'), isOptional: true },
  ]);
  t.strictSame(found, {
    kind: 'read',
    variables: [
      ['A', '1'],
      ['B', '1'],
      ['B', '2'],
    ],
  });
  t.strictSame(await readEnvironmentFiles([{ path: at('[12].e*'), isOptional: false }]), found);
  t.strictSame(await readEnvironmentFiles([{ path: at('missing'), isOptional: false }]), {
    kind: 'failed',
    failure: {
      code: 'ENOENT',
      what: `cannot read the variables of % from ${at('missing')}: there is no such file`,
    },
  });
  t.match(await readEnvironmentFiles([{ path: at('*.none'), isOptional: false }]), { kind: 'failed' });
  t.match(await readEnvironmentFiles([{ path: place, isOptional: false }]), { failure: { code: 'EISDIR' } });
});

t.test('a pipe that nobody writes to is an empty file, and holds up nobody', async (t) => {
  execFileSync('mkfifo', [at('pipe')]);
  t.strictSame(await readEnvironmentFiles([{ path: at('pipe'), isOptional: false }]), {
    kind: 'read',
    variables: [],
  });
});

const braced = (name: string): string => `\${${name}}`;

const request: RecipeRequest = {
  ...plainRecipe,
  file: '/bin/\0i',
  arguments: [
    'name',
    '$LIST',
    braced('LIST'),
    `x${braced('NONE')}$$y`,
    '$NONE',
    '\0i',
    braced('REMOTE_ADDR'),
  ],
  environment: ['LIST=a "b c"', 'FROM=\0N', 'GONE=1', 'KEPT=1'],
  pidVariables: ['LISTEN_PID'],
  hasInvocationId: true,
  layout: ['null', { path: '/log/\0i', how: 'append' }, 'handed'],
  workingDirectory: '/home/\0I',
};

const command: CommandLine = {
  file: '/bin/\0i',
  arguments: [],
  expandsVariables: true,
  forgivesFailure: false,
  rights: 'service',
};

const startTexts: StartTexts = {
  command,
  environmentFiles: [],
  unsetVariables: ['GONE', 'KEPT=2', 'LISTEN_PID'],
  isPerInstance: true,
};
const service = resolved('x', [], { startTexts });
const instance = instanceTexts('d1', '0-7-127.0.0.1:1-::1:2');

t.test('all texts of a request become those of the start', async (t) => {
  const complete = completeRequest(request, service, command, {
    variables: [['ADDED', '1']],
    instance,
    known: [['REMOTE_ADDR', '127.0.0.1']],
  });
  t.match(complete, {
    file: '/bin/0-7-127.0.0.1:1-::1:2',
    arguments: ['name', 'a', 'b c', 'a "b c"', 'x$y', '0-7-127.0.0.1:1-::1:2', '127.0.0.1'],
    layout: ['null', { path: '/log/0-7-127.0.0.1:1-::1:2', how: 'append' }, 'handed'],
    workingDirectory: '/home/0/7/127.0.0.1:1/::1:2',
    pidVariables: [],
    hasInvocationId: true,
  });
  t.strictSame(complete.environment, ['LIST=a "b c"', 'FROM=d1@0-7-127.0.0.1:1-::1:2', 'KEPT=1', 'ADDED=1']);
});

t.test('a command that asks for no variables keeps its dollar signs', async (t) => {
  const words = completeRequest(request, service, { ...command, expandsVariables: false }, noFacts).arguments;
  t.strictSame(words, request.arguments);
});

t.test('files of variables and names of programs are looked up at the start', async (t) => {
  const path = write('start.env', 'LIST=from file\nLISTEN_PID=7');
  const texts = { ...startTexts, unsetVariables: [], environmentFiles: [{ path, isOptional: false }] };
  const named = { ...request, file: 'sh', arguments: ['sh', '$LIST'] };
  const start = await completeStart(named, { ...service, startTexts: texts }, command, { instance });
  t.match(start, { kind: 'complete', request: { arguments: ['sh', 'from', 'file'], pidVariables: [] } });
  if (start.kind === 'complete') {
    t.match(start.request.file, /\/bin\/sh$/);
    t.ok(start.request.environment.includes('LISTEN_PID=7'));
  }
  chmodSync(path, 0o644);
  const nowhere = await completeStart({ ...named, file: 'no-such-program' }, service, command, { instance });
  t.match(nowhere, {
    kind: 'failed',
    failure: { code: 'ENOENT', what: /^cannot execute % as 'no-such-program'/ },
  });
  rmSync(path);
  t.match(await completeStart(named, { ...service, startTexts: texts }, command, { instance }), {
    kind: 'failed',
    failure: { code: 'ENOENT' },
  });
});

t.test('an instance is called by both its ends, or by the process at the other', async (t) => {
  const { kernel } = openEngine(t);
  for (const [version, host] of [
    [4, '127.0.0.1'],
    [6, '::1'],
  ] as const) {
    const listener = listenAt(kernel, loopback(version));
    const port = kernel.portOf(listener);
    const { client, accepted } = await connectTo(kernel, listener, { host, port });
    const cookie = cookieOf(accepted.descriptor);
    const record = localOf(accepted.descriptor, accepted.record);
    t.equal(instanceName(3, record, cookie), `3-${cookie}-${host}:${port}-${host}:${client.localPort}`);
    client.destroy();
    for (const each of [accepted.descriptor, listener]) kernel.close(each);
  }
  const path = at('socket');
  const unix = listenAt(kernel, unixAt(path));
  const { client, accepted } = await connectTo(kernel, unix, { path });
  t.equal(instanceName(0, accepted.record, 9n), `0-9-${process.pid}-${process.getuid?.()}`);
  const stranger = accepted.record.slice() as typeof accepted.record;
  new DataView(stranger.buffer).setInt32(12, 0, true);
  t.equal(instanceName(0, stranger, 9n), '0-9-unknown');
  client.destroy();
  for (const each of [accepted.descriptor, unix]) kernel.close(each);
});

t.test('marks are the name, its text, and the unit with and without its kind', async (t) => {
  const texts = instanceTexts('web', 'a-b\\x2dc');
  t.equal(replaceMarks('\0i \0I \0n \0N', texts), 'a-b\\x2dc a/b-c web@a-b\\x2dc.service web@a-b\\x2dc');
});
