// Variables of services: set, passed on, read from files, taken out.
import t from 'tap';
import { readService } from './service.ts';

const read = (text: string, role: 'accept' | 'sockets' = 'accept') =>
  readService(`ExecStart=/bin/a\n${text}`, { role });
const variables = (text: string): readonly string[] =>
  (read(text).part?.surroundings.environment ?? []).map(({ name, value }) => `${name}=${value}`);

t.test('of a variable that is set twice the last one counts, and an empty line takes all back', async (t) => {
  t.same(variables('Environment=A=1 "B=2 3"\nEnvironment=C=\'x y\' A=4'), ['B=2 3', 'C=x y', 'A=4']);
  t.same(variables('Environment=A=1\nEnvironment=\nEnvironment=B=2'), ['B=2']);
  t.same(variables('Environment="A=a b" "P=100%%" D=$HOME'), ['A=a b', 'P=100%', 'D=$HOME']);
  t.match(read('Environment=A=1 B').messages.join(), "3:17: error: 'B' sets no variable");
  t.match(read('Environment=A=1 2=3').messages.join(), "3:17: error: '2=3' sets no variable");
});

t.test('files of variables are read at the start', async (t) => {
  const { part } = read('EnvironmentFile=-/etc/default/a\nEnvironmentFile=/etc/b');
  t.same(part?.startTexts?.environmentFiles, [
    { path: '/etc/default/a', isOptional: true },
    { path: '/etc/b', isOptional: false },
  ]);
  t.match(read('EnvironmentFile=a').messages.join(), 'no absolute path');
  t.match(read('EnvironmentFile=/etc/a/*.env').messages.join(), 'is a pattern');
});

t.test('what is taken out is neither set nor passed on', async (t) => {
  const { part } = read('Environment=A=1 B=2 C=3\nPassEnvironment=D LANG\nUnsetEnvironment=A B=2 C=4 D');
  t.same(part?.surroundings.environment, [{ name: 'C', value: '3' }]);
  t.same(part?.surroundings.passedVariables, ['LANG']);
  t.same(part?.startTexts?.unsetVariables, ['D', 'C=4'], 'which the start may have from elsewhere');
  t.match(read('PassEnvironment=A=1').messages.join(), 'is no name of a variable');
});

t.test('a service without the addresses of its clients has no texts for the start', async (t) => {
  const { part } = read('UnsetEnvironment=REMOTE_ADDR REMOTE_PORT');
  t.equal(part?.surroundings.hasAddressVariables, false);
  t.equal(part?.startTexts, undefined);
  const half = read('UnsetEnvironment=REMOTE_PORT').part;
  t.equal(half?.surroundings.hasAddressVariables, true);
  t.same(half?.startTexts?.unsetVariables, ['REMOTE_PORT']);
  t.equal(read('', 'sockets').part?.surroundings.hasAddressVariables, false);
});

t.test('directories that are made for it are among its variables, behind its own', async (t) => {
  const { part } = read(
    'RuntimeDirectory=a b/c\nStateDirectory=a:alias\nRuntimeDirectoryMode=0700\nRuntimeDirectoryPreserve=restart\nEnvironment=STATE_DIRECTORY=/srv',
  );
  t.same(part?.process.directories, [
    { kind: 'runtime', path: '/run/a', links: [], mode: 0o700, keeps: 'restart' },
    { kind: 'runtime', path: '/run/b/c', links: [], mode: 0o700, keeps: 'restart' },
    { kind: 'state', path: '/var/lib/a', links: ['/var/lib/alias'], mode: 0o755, keeps: 'yes' },
  ]);
  t.same(part?.surroundings.environment, [
    { name: 'RUNTIME_DIRECTORY', value: '/run/a:/run/b/c' },
    { name: 'STATE_DIRECTORY', value: '/srv' },
  ]);
  for (const path of ['/run/a', '../a', 'a/../../b', '.:x', 'a:/x']) {
    t.match(read(`CacheDirectory=${path}`).messages.join(), 'error: ', path);
  }
});
