// What commands make of a control socket that is not there, does not let them in, says no, or is somebody else's.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, posix } from 'node:path';
import t, { type Test } from 'tap';
import { isDone, isServerStatus } from '../../src/command/control-answers.ts';
import { askServer } from '../../src/command/control-client.ts';
import { Refusal } from '../../src/command/refusal.ts';
import { isRoot, mustRun, run } from '../support/command.ts';
import { finger, refusal, startControlServer, statusOf, summaryOf } from '../support/control-server.ts';
import { acceptd, mainModule, projectDirectory, temporaryDirectory } from './stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

const status = { method: 'GET', path: '/v1/status' } as const;

/** Why there was no answer. */
const whyNot = async (path: string, patience?: number): Promise<Refusal> => {
  try {
    await askServer(path, { ...status, ...(patience !== undefined && { patience }) }, isServerStatus);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it has answered');
};

/** Something else that listens there. */
const startOther = async (t: Test, say: string): Promise<string> => {
  const path = join(temporaryDirectory(t), 'socket');
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(say);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  return path;
};

t.test('where no server answers, the status is 71 and the reason says what to do', async (t) => {
  const missing = join(temporaryDirectory(t), 'none');
  t.match(await whyNot(missing), {
    status: 71,
    message: /there is no such socket; is it running\? --control/,
  });
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, '');
  t.match(await whyNot(file), { status: 71, message: /nobody listens there/ });
  t.match(await whyNot(await startOther(t, 'SSH-2.0-x\r\n')), {
    status: 71,
    message: /does not answer as an acceptd does/,
  });
  t.match(await whyNot(await startOther(t, '')), { status: 71, message: /hung up without an answer/ });
  const mute = await startControlServer(t, () => () => undefined);
  t.match(await whyNot(mute.path, 200), { status: 71, message: /has not answered in 0\.2 s/ });
  const slow = await startControlServer(t, () => (response) => {
    response.writeHead(200);
    response.write('{');
  });
  t.match(await whyNot(slow.path, 500), { status: 71, message: /has not answered in 0\.5 s/ });
  t.match(await acceptd('pause', 'x', '--control', missing), {
    code: 71,
    stdout: '',
    stderr: /^acceptd: no acceptd/,
  });
});

t.test('an answer that is none of ours is not believed', async (t) => {
  const say = async (json: unknown, code = 200): Promise<Refusal> =>
    whyNot((await startControlServer(t, () => ({ status: code, json }))).path);
  t.match(await say({ ...statusOf([]), version: 2 }), {
    status: 71,
    message: /speaks version 2 of the control protocol, this one version 1/,
  });
  t.match(await say({ message: 'page not found' }, 404), { status: 71, message: /HTTP status 404/ });
  t.match(await say({ ...statusOf([]), services: [{ ...finger, live: 'many' }] }), { status: 71 });
  t.match(await say(refusal('forbidden', 'you may look\u001b[2J and change nothing')), {
    status: 1,
    code: 'forbidden',
    message: 'you may look\\u{1b}[2J and change nothing',
  });
});

t.test('fields that are added later are overlooked', async (t) => {
  const json = { ...statusOf([{ ...finger, added: 1 } as never]), added: { more: true } };
  const { path } = await startControlServer(t, () => ({ json }));
  const { text, value } = await askServer(path, status, isServerStatus);
  t.equal(text, JSON.stringify(json));
  t.equal(value.services[0]?.service, 'finger/tcp');
});

t.test('an order goes once, with its body', async (t) => {
  const { path, asked } = await startControlServer(t, () => ({ json: { what: 'done' } }));
  await askServer(path, { method: 'PATCH', path: '/v1/services/a', body: { instances: null } }, isDone);
  t.strictSame(asked, [{ method: 'PATCH', url: '/v1/services/a', body: { instances: null } }]);
});

t.test(
  'who may not talk to it is told so',
  { skip: isRoot ? false : 'only root can become somebody else' },
  async (t) => {
    const { path } = await startControlServer(t, () => ({ json: statusOf([]) }));
    chmodSync(join(path, '..'), 0o755);
    chmodSync(path, 0o600);
    const words = [
      '--reuid=65534',
      '--clear-groups',
      process.execPath,
      mainModule,
      'status',
      '--control',
      path,
    ];
    t.match(await run('setpriv', words), {
      code: 71,
      stderr: /you may not talk to the acceptd at .*as root/,
    });
  },
);

t.test('ids of services are completed from the server, in bash also behind a colon', async (t) => {
  const services = [finger, summaryOf('127.0.0.1:7079/tcp'), summaryOf('127.0.0.1:7080/tcp')];
  const { path } = await startControlServer(t, () => ({ json: statusOf(services) }));
  let shell = '/bin/bash';
  const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
    const all = ['--get-yargs-completions', 'acceptd', ...words];
    const environment = { ACCEPTD_CONTROL: path, SHELL: shell, TAP: '' };
    const { code, stdout, stderr } = await run(process.execPath, [mainModule, ...all], { environment });
    t.match({ code, stderr }, { code: 0, stderr: '' });
    return stdout.split('\n').filter(Boolean);
  };
  t.strictSame(await complete('status', ''), ['finger/tcp', '127.0.0.1:7079/tcp', '127.0.0.1:7080/tcp']);
  t.strictSame(await complete('why', '192.0.2.1', 'fin'), ['finger/tcp']);
  t.strictSame(await complete('pause', '127.0.0.1', ':', '707'), ['7079/tcp']);
  t.strictSame(await complete('pause', '127.0.0.1', ':'), [':7079/tcp', ':7080/tcp']);
  t.strictSame(await complete('kill', '-s', 'HUP', 'f'), ['finger/tcp']);
  t.notOk((await complete('set', 'finger/tcp', '')).includes('finger/tcp'));
  t.ok((await complete('sta')).includes('status'), 'commands as before');
  t.ok((await complete('status', '--')).includes('--json'), 'and options');
  shell = '/usr/bin/zsh';
  t.strictSame(await complete('status', '127.0.0.1:707'), ['127.0.0.1\\:7079/tcp']);
});

t.test('without a server completion is silent, and the script is one that bash understands', async (t) => {
  const environment = { ACCEPTD_CONTROL: join(temporaryDirectory(t), 'none'), SHELL: '/bin/bash', TAP: '' };
  const words = [mainModule, '--get-yargs-completions', 'acceptd', 'status', ''];
  t.match(await run(process.execPath, words, { environment }), { code: 0, stdout: '', stderr: '' });
  const script = await acceptd('completion', 'bash');
  t.match(script, { code: 0, stdout: /complete .* acceptd$/m });
  await mustRun('/bin/bash', ['-n'], { input: script.stdout });
  t.match((await acceptd('completion', 'zsh')).stdout, /^#compdef acceptd$/m);
  t.match(await acceptd('completion', 'tcsh'), { code: 64, stderr: /tcsh/ });
});

t.test('a server loads nothing of what talks to one', async (t) => {
  const sources = join(projectDirectory, 'src');
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    // what is imported when the file is, not by a call
    const found = readFileSync(join(sources, file), 'utf8').matchAll(
      /^(?:import|export|\}) .*from '(\.[^']*)';$/gm,
    );
    for (const [line, path = ''] of found)
      if (!line.startsWith('import type')) visit(posix.join(posix.dirname(file), path));
  };
  for (const file of [
    'main.ts',
    'command-line.ts',
    'command/parts.ts',
    'command/run.ts',
    'command/server.ts',
  ])
    visit(file);
  t.ok(seen.has('runtime/supervisor.ts'), 'the files of a server are found');
  const clients = [
    'control-client',
    'control-commands',
    'control-answers',
    'guards',
    'top',
    'status',
    'orders',
  ];
  for (const name of clients) t.notOk(seen.has(`command/${name}.ts`), name);
});
