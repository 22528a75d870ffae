// Accept=yes: what systemd gives the program of a connection, and when it turns a client away (spec 1.2, 2.1, 2.2).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { connect } from '../support/client.ts';
import { freePort } from '../support/ports.ts';

const isRoot = process.getuid?.() === 0;

/** Writes into the connection, wherever that is, what stands behind descriptors 0 to 3 and what the environment says. */
const report = [
  'found=$(for n in 0 1 2 3; do readlink /proc/$$/fd/$n || echo closed; done);',
  'out=1; [ -n "$LISTEN_FDS" ] && out=3;',
  '{ echo "$found"; env; grep SigIgn /proc/$$/status; umask; pwd; } >&$out',
].join(' ');

const units = (socket: readonly string[], service: readonly string[]): Record<string, string> => ({
  'it.socket': ['[Socket]', 'Accept=yes', ...socket, ''].join('\n'),
  'it@.service': ['[Service]', ...service, ''].join('\n'),
});

const shell = (script: string): string =>
  `ExecStart=/bin/sh -c '${script.replaceAll('$', () => '$$').replaceAll("'", "\\'")}'`;

const readAll = async (socket: ReturnType<typeof connectTo>): Promise<string> => {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
};

const ask = (port: number, host = '127.0.0.1'): Promise<string> => readAll(connectTo({ port, host }));

type Found = {
  readonly descriptors: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
  readonly lines: readonly string[];
};

const parse = (text: string): Found => {
  const lines = text.trimEnd().split('\n');
  const variables = lines.flatMap((line) => {
    const equals = line.indexOf('=');
    return equals < 1 ? [] : [[line.slice(0, equals), line.slice(equals + 1)] as const];
  });
  return { descriptors: lines.slice(0, 4), variables: new Map(variables), lines };
};

const kindOf = (link: string, connection: string): string => {
  if (link === connection) return 'connection';
  if (link.startsWith('socket:')) return 'log';
  // the shell's own, for what it reads of readlink
  if (link.startsWith('pipe:')) return 'closed';
  return link === '/dev/null' ? 'null' : link;
};

t.test(
  'the table of standard descriptors: the connection, the log, /dev/null, files, by what is inherited from what',
  async (t) => {
    const cases: readonly (readonly [settings: readonly string[], expected: readonly string[]])[] = [
      [['StandardInput=socket'], ['connection', 'connection', 'connection', 'closed']],
      [[], ['null', 'log', 'log', 'connection']],
      [
        ['StandardInput=socket', 'StandardError=journal'],
        ['connection', 'connection', 'log', 'closed'],
      ],
      [
        ['StandardInput=socket', 'StandardError=null'],
        ['connection', 'connection', 'null', 'closed'],
      ],
      [
        ['StandardInput=null', 'StandardOutput=null', 'StandardError=inherit'],
        ['null', 'null', 'null', 'connection'],
      ],
      [
        ['StandardInput=null', 'StandardOutput=journal', 'StandardError=null'],
        ['null', 'log', 'null', 'connection'],
      ],
      [
        ['StandardInput=file:/dev/zero', 'StandardOutput=socket'],
        ['/dev/zero', 'connection', 'connection', 'closed'],
      ],
      [
        ['StandardInput=socket', 'StandardOutput=socket', 'StandardError=append:/dev/full'],
        ['connection', 'connection', '/dev/full', 'closed'],
      ],
    ];
    const ports: number[] = [];
    const files: Record<string, string> = {};
    for (const [index, [settings]] of cases.entries()) {
      const port = await freePort();
      ports.push(port);
      files[`case${index}.socket`] = `[Socket]\nListenStream=127.0.0.1:${port}\nAccept=yes\n`;
      files[`case${index}@.service`] = ['[Service]', shell(report), ...settings, ''].join('\n');
    }
    const acceptd = await startAcceptd(t, { config: files, isDirectory: true });
    for (const [index, [settings, expected]] of cases.entries()) {
      const { descriptors, variables } = parse(await ask(ports[index] ?? 0));
      const connection = expected[0] === 'connection' ? 0 : expected.indexOf('connection');
      const found = descriptors.map((link) => kindOf(link, descriptors[connection] ?? ''));
      t.strictSame(found, expected, settings.join(' ') || 'defaults');
      const isPassed = expected[3] === 'connection';
      t.equal(variables.get('LISTEN_FDS'), isPassed ? '1' : undefined);
      t.equal(variables.get('LISTEN_FDNAMES'), isPassed ? 'connection' : undefined);
    }
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('the program finds its client, its instance and a clean environment', async (t) => {
  const port = await freePort();
  const path = `/tmp/acceptd-activation-accept-${process.pid}.sock`;
  const acceptd = await startAcceptd(t, {
    config: units(
      [`ListenStream=${port}`, `ListenStream=${path}`, 'RemoveOnStop=yes'],
      [
        shell(report).replace("sh -c '", () => `sh -c 'echo NAME=%i WORDS=$REMOTE_ADDR,$\{REMOTE_PORT}; `),
        'StandardInput=socket',
      ],
    ),
    environment: { ACCEPTD_SECRET: 'x' },
  });
  const v4 = await ask(port);
  const [, name = '', words] = /^NAME=(\S+) WORDS=(\S+)/.exec(v4) ?? [];
  const { variables, lines } = parse(v4);
  t.equal(variables.get('REMOTE_ADDR'), '127.0.0.1', 'IPv4 on a socket of both');
  t.match(variables.get('REMOTE_PORT'), /^\d+$/);
  t.equal(words, `127.0.0.1,${variables.get('REMOTE_PORT')}`);
  t.equal(
    name,
    `0-${variables.get('SO_COOKIE')}-127.0.0.1:${port}-127.0.0.1:${variables.get('REMOTE_PORT')}`,
  );
  t.match(variables.get('INVOCATION_ID'), /^[0-9a-f]{32}$/);
  t.match(variables.get('SYSTEMD_EXEC_PID'), /^\d+$/);
  t.notOk(variables.has('ACCEPTD_SECRET') || variables.has('LISTEN_FDS') || variables.has('NOTIFY_SOCKET'));
  t.ok(lines.includes('0022'), 'umask');
  t.equal(lines.at(-1), '/');
  t.match(
    lines.find((line) => line.startsWith('SigIgn')),
    /0000000000001000$/,
    'SIGPIPE is ignored, and no other',
  );
  t.match(await ask(port, '::1'), new RegExp(`^NAME=1-\\d+-::1:${port}-::1:\\d+ `));
  const unix = await readAll(connectTo(path));
  t.match(unix, new RegExp(`^NAME=2-\\d+-${process.pid}-${process.getuid?.()} WORDS=,\\s`));
  t.equal(await acceptd.stop(), 0);
});

/** How many clients of so many at once are served; the others get an end. */
const hold = async (acceptd: Acceptd, port: number, count: number): Promise<number> => {
  const refused = (): number => acceptd.records.filter(({ event }) => event === 'refused').length;
  const started = (): number => acceptd.records.filter(({ event }) => event === 'started').length;
  const sockets = [];
  for (let client = 0; client < count; client += 1) {
    const socket = await connect(port);
    socket.on('error', () => undefined);
    sockets.push(socket);
  }
  await acceptd.waitFor(() => started() + refused() === count, 'all of them');
  for (const socket of sockets) socket.destroy();
  return started();
};

t.test('MaxConnections= accepts and closes; MaxConnectionsPerSource= counts one network', async (t) => {
  const port = await freePort();
  const perSource = await freePort();
  const acceptd = await startAcceptd(t, {
    config: {
      ...units(
        [`ListenStream=127.0.0.1:${port}`, 'MaxConnections=3'],
        ['ExecStart=/bin/cat', 'StandardInput=socket'],
      ),
      'other.socket': `[Socket]\nAccept=yes\nListenStream=127.0.0.1:${perSource}\nMaxConnectionsPerSource=2\n`,
      'other@.service': '[Service]\nExecStart=/bin/cat\nStandardInput=socket\n',
    },
    isDirectory: true,
  });
  t.equal(await hold(acceptd, port, 5), 3);
  t.strictSame(
    acceptd.records.filter(({ event }) => event === 'refused').map(({ fields }) => fields['reason']),
    ['instances', 'instances'],
  );
  const sockets = [];
  for (let client = 0; client < 3; client += 1) {
    const socket = await connect(perSource);
    socket.on('error', () => undefined);
    sockets.push(socket);
  }
  await acceptd.waitFor(
    ({ event, fields }) => event === 'refused' && fields['reason'] === 'per-source',
    'the third',
  );
  for (const socket of sockets) socket.destroy();
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'a unix client counts by its user',
  { skip: !isRoot && 'needs root, to be several users' },
  async (t) => {
    const path = `/tmp/acceptd-activation-users-${process.pid}.sock`;
    const acceptd = await startAcceptd(t, {
      config: units(
        [`ListenStream=${path}`, 'SocketMode=0666', 'MaxConnectionsPerSource=1'],
        ['ExecStart=/bin/cat', 'StandardInput=socket'],
      ),
    });
    const first = connectTo(path);
    await acceptd.waitFor(({ event }) => event === 'started', 'the first');
    const second = connectTo(path);
    second.on('error', () => undefined);
    second.resume();
    await acceptd.waitFor(
      ({ event, fields }) => event === 'refused' && fields['reason'] === 'per-source',
      'the second',
    );
    const from = acceptd.records.length;
    const other = spawn('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'nc', '-U', path], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await acceptd.waitFor(({ event }) => event === 'started', 'another user', from);
    other.stdin.end();
    other.kill();
    first.destroy();
    second.destroy();
    t.equal(await acceptd.stop(), 0);
  },
);

t.test('a trigger limit is a pause that ends by itself', async (t) => {
  const port = await freePort();
  const acceptd = await startAcceptd(t, {
    config: units(
      [`ListenStream=127.0.0.1:${port}`, 'TriggerLimitIntervalSec=1s', 'TriggerLimitBurst=2'],
      ['ExecStart=/bin/echo served', 'StandardInput=socket'],
    ),
  });
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(port)));
  t.strictSame(
    answers,
    Array.from({ length: 5 }, () => 'served\n'),
    'all are served in the end',
  );
  await acceptd.waitFor(({ event }) => event === 'suspended', 'the pause');
  await acceptd.waitFor(({ event }) => event === 'resumed', 'its end');
  t.equal(await acceptd.stop(), 0);
});

t.test(
  'RuntimeMaxSec= ends an instance as its unit says, and files of variables are read at each start',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: {
        ...units(
          [`ListenStream=127.0.0.1:${port}`],
          [
            shell('trap "echo told; exit 0" INT; echo $WORD; while :; do sleep 0.1; done').replace(
              '$$WORD',
              '$WORD',
            ),
            'StandardInput=socket',
            'RuntimeMaxSec=2s',
            'KillSignal=SIGINT',
            'KillMode=process',
            'EnvironmentFile=-/nowhere/at/all',
          ],
        ),
      },
    });
    t.match(await ask(port), /told\n$/);
    const { fields } = await acceptd.waitFor(({ event }) => event === 'exited', 'its end');
    t.strictSame(fields['status'], { kind: 'exit', code: 0 });
    t.equal(await acceptd.stop(), 0);
  },
);

t.test(
  'a missing file of variables keeps one client out, says so, and the next one is tried again',
  async (t) => {
    const port = await freePort();
    const acceptd = await startAcceptd(t, {
      config: units(
        [`ListenStream=127.0.0.1:${port}`],
        ['ExecStart=/bin/echo $WORD', 'StandardInput=socket', 'EnvironmentFile=/nowhere/at/all'],
      ),
    });
    t.equal(await ask(port), '');
    const { fields } = await acceptd.waitFor(({ event }) => event === 'start-failed', 'the failure');
    t.match(fields['msg'], /\/nowhere\/at\/all/);
    t.equal(await ask(port), '');
    t.equal(readFileSync(join(acceptd.directory, 'it.socket'), 'utf8').startsWith('[Socket]'), true);
    t.equal(await acceptd.stop(), 0);
  },
);
