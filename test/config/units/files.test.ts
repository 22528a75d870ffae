// Units on a real disk: what stands beside a file that was named, drop-ins, links, masks, and directories of all kinds.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Configuration, defaultLoadOptions, loadConfiguration } from '../../../src/config/load.ts';
import { isError, showDiagnostic } from '../../../src/model/diagnostic.ts';

type Tree = Parameters<Test['testdir']>[0];

const loadFrom = async (
  t: Test,
  tree: Tree,
  paths: readonly string[],
  options = defaultLoadOptions,
): Promise<Configuration & { readonly ids: string; readonly messages: readonly string[] }> => {
  const root = t.testdir(tree);
  const configuration = await loadConfiguration(
    paths.map((path) => join(root, path)),
    options,
  );
  return {
    ...configuration,
    files: configuration.files.map((file) => file.replace(`${root}/`, '')),
    ids: configuration.services.map(({ service }) => service.id).join(' '),
    messages: configuration.diagnostics.map(
      (each) => showDiagnostic(each).replaceAll(`${root}/`, '').split('\n')[0] ?? '',
    ),
  };
};

const accepting = (port: number): string => `[Socket]\nListenStream=${port}\nAccept=yes\n`;
const waiting = (port: number, more = ''): string => `[Socket]\nListenStream=${port}\n${more}`;
const program = '[Service]\nExecStart=/bin/cat\nUser=nobody\n';

t.test(
  'a socket unit that is named alone finds its service beside it, with the drop-ins of both',
  async (t) => {
    const found = await loadFrom(
      t,
      {
        'finger.socket': accepting(7001),
        'finger@.service': program,
        'finger.socket.d': {
          'b.conf': '[Socket]\nMaxConnections=7\n',
          'a.conf': '[Socket]\nMaxConnections=5\n',
        },
        'finger@.service.d': { 'x.conf': '[Service]\nEnvironment=A=1\n', notes: 'not read' },
        'other.socket': accepting(7002),
        'other@.service': program,
      },
      ['finger.socket'],
    );
    t.same(found.messages, []);
    t.equal(found.ids, 'finger');
    const [located] = found.services;
    t.equal(located?.service.limits.instances, 7, 'the last drop-in wins');
    t.same(located?.service.surroundings.environment, [{ name: 'A', value: '1' }]);
    t.same(found.files, [
      'finger.socket',
      'finger.socket.d/a.conf',
      'finger.socket.d/b.conf',
      'finger@.service',
      'finger@.service.d/x.conf',
    ]);
  },
);

t.test('a mistake in a drop-in is told where it stands', async (t) => {
  const found = await loadFrom(
    t,
    {
      'finger.socket': accepting(7001),
      'finger@.service': program,
      'finger.socket.d': { 'a.conf': '[Socket]\n\nBacklog=x\n' },
    },
    ['finger.socket'],
  );
  t.same(found.messages, ["finger.socket.d/a.conf:3:9: error: 'x' is no number; write a whole number"]);
  t.equal(found.ids, '', 'and the service is off');
});

t.test(
  'other services of a unit are found by their names: Service=, Sockets=, the server behind a proxy',
  async (t) => {
    const found = await loadFrom(
      t,
      {
        'a.socket': waiting(7001, 'Service=main.service\n'),
        'main.service': `${program}Sockets=b.socket c.socket\n`,
        'b.socket': waiting(7002),
        'c.socket': waiting(7003, 'Service=main.service\n'),
        'proxy.socket': waiting(7004),
        'proxy.service':
          '[Unit]\nRequires=server.service\n[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd 127.0.0.1:7005\n',
        'server.service': program,
        'unrelated.service': program,
      },
      ['a.socket', 'proxy.socket'],
    );
    t.same(found.messages, []);
    t.equal(found.ids, 'main proxy');
    const [main, proxy] = found.services.map(({ service }) => service);
    t.same(
      main?.endpoints.map((endpoint) => endpoint.own?.descriptorName),
      ['a.socket', 'b.socket', 'c.socket'],
    );
    t.match(proxy?.answer, { kind: 'relay', host: '127.0.0.1', port: '7005', backend: { file: '/bin/cat' } });
  },
);

t.test('a service that is named alone finds its socket', async (t) => {
  const found = await loadFrom(t, { 'finger.socket': waiting(7001), 'finger.service': program }, [
    'finger.service',
  ]);
  t.same(found.messages, []);
  t.equal(found.ids, 'finger');
});

t.test(
  'links are other names, and instances of templates; a link to /dev/null and an empty file are off',
  async (t) => {
    const found = await loadFrom(
      t,
      {
        'real.socket': waiting(7001),
        'real.service': program,
        'alias.socket': t.fixture('symlink', 'real.socket'),
        'inst@.socket': '[Socket]\nListenStream=/run/%i\n',
        'inst@.service': program,
        'inst@one.socket': t.fixture('symlink', 'inst@.socket'),
        'inst@two.socket': t.fixture('symlink', 'inst@.socket'),
        'null.socket': t.fixture('symlink', '/dev/null'),
        'null.service': program,
        'empty.socket': '',
        'empty.service': program,
        'started.socket': waiting(7002),
        'started.service': t.fixture('symlink', '/dev/null'),
      },
      ['.'],
    );
    t.equal(found.ids, 'inst@one inst@two real');
    t.same(
      found.services.map(({ service }) =>
        service.endpoints.map((each) => (each.kind === 'unix' ? each.path : '')),
      ),
      [['/run/one'], ['/run/two'], ['']],
    );
    t.same(found.messages, [
      'started.socket:2:14: warning: started.service is masked, so started.socket is off; unmask it, or mask both',
    ]);
  },
);

t.test('a directory may have units beside files of other languages', async (t) => {
  const found = await loadFrom(
    t,
    {
      'a.conf': '7001 stream tcp nowait nobody /bin/cat cat\n',
      'b.socket': accepting(7002),
      'b@.service': program,
      'c.conf':
        '# c.socket\n[Socket]\nListenStream=7003\n# c.service\n[Service]\nExecStart=/bin/cat\nUser=nobody\n',
      'd.conf':
        'service d\n{\n type = UNLISTED\n port = 7004\n socket_type = stream\n wait = no\n user = nobody\n server = /bin/cat\n}\n',
      'e.timer': '[Timer]\nOnBootSec=1\n',
      'f.target': '[Unit]\n',
      'g.service': program,
      'b.socket.d': { 'more.conf': '[Socket]\nMaxConnections=3\n' },
      'service.d': { 'all.conf': '[Service]\nEnvironment=ALL=1\n' },
      'h.conf':
        '[Unit]\nDescription=both in one\n[Socket]\nListenStream=7005\n[Service]\nExecStart=/bin/cat\nUser=nobody\n',
    },
    ['.'],
  );
  t.equal(found.ids, '7001/tcp b c d h');
  t.equal(found.services[1]?.service.limits.instances, 3);
  t.same(
    found.services[2]?.service.surroundings.environment,
    [{ name: 'ALL', value: '1' }],
    'drop-ins of a type are for all units, wherever they are written',
  );
  t.same(found.messages, [
    'e.timer:1:1: warning: e.timer is not read: of units acceptd has sockets and services; leave it to systemd, or move it away',
    'g.service:1:1: warning: no socket reaches g.service, so it is not started; write a socket unit for it',
  ]);
});

t.test('of two units with one name the first is read, and the other is told', async (t) => {
  const found = await loadFrom(
    t,
    {
      etc: { 'a.socket': accepting(7001), 'a@.service': program },
      lib: { 'a.socket': accepting(7002), 'a.socket.d': { 'x.conf': '[Socket]\nMaxConnections=2\n' } },
    },
    ['etc', 'lib'],
  );
  t.match(found.services[0]?.service, { endpoints: [{ port: '7001' }], limits: { instances: 2 } });
  t.same(found.messages.length, 1);
  t.match(found.messages[0], /lib\/a\.socket:1:1: warning: a\.socket is already at .*etc\/a\.socket/);
});

t.test('a file of another name is read as a unit where that is asked for', async (t) => {
  const tree = { plain: '[Socket]\nListenStream=7001\n[Service]\nExecStart=/bin/cat\n' };
  const found = await loadFrom(t, tree, ['plain'], { ...defaultLoadOptions, language: 'systemd' });
  t.equal(found.ids, 'plain');
});

/** Where a distribution keeps the units of its packages. */
const systemUnits = '/lib/systemd/system';
const sockets = (await readdir(systemUnits).catch((): string[] => [])).filter((name) =>
  name.endsWith('.socket'),
);

/** What is theirs: services that are not there, and protections that acceptd does not give. */
const isTheirs = (message: string): boolean => /^there is no \S+\.service|is not applied: /.test(message);

t.test(
  'units of the packages on this machine load',
  { skip: sockets.length === 0 && 'there are none' },
  async (t) => {
    for (const name of sockets) {
      const { diagnostics } = await loadConfiguration([join(systemUnits, name)], defaultLoadOptions);
      t.same(
        diagnostics.filter((each) => isError(each) && !isTheirs(each.message)).map(showDiagnostic),
        [],
        name,
      );
      const allowed = await loadConfiguration([join(systemUnits, name)], {
        ...defaultLoadOptions,
        allowsUnprotected: true,
      });
      t.notOk(
        allowed.diagnostics.some((each) => isError(each) && / is not applied: /.test(each.message)),
        name,
      );
    }
  },
);
