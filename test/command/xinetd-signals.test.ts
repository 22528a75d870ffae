// acceptd xinetd: what the signals do that xinetd's administrators and scripts send.
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { enter, readSome, readToEnd } from '../daemon/scene.ts';
import { connect, exchange } from '../support/client.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { serve, temporaryDirectory } from './stage.ts';
import { service, writeConfiguration } from './xinetd-stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

t.test('QUIT ends it at once, and nobody else; a second word of it changes nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = writeConfiguration(directory, service('cat', port));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '-pidfile', join(directory, 'pid')]);
  const client = await enter(port);
  server.signal('SIGQUIT');
  server.signal('SIGQUIT');
  t.equal(await server.ended(), 0);
  await t.rejects(connect(port), { code: 'ECONNREFUSED' });
  client.write('still here');
  t.equal(await readSome(client), 'still here', 'its handler lives on');
  t.notOk(existsSync(join(directory, 'pid')));
  const end = readToEnd(client);
  client.end();
  await end;
});

t.test('QUIT also ends a stop that is under way, and then nobody is terminated', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = writeConfiguration(directory, service('cat', port));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '--drain', '600']);
  const client = await enter(port);
  server.signal('SIGTERM');
  await server.untilSaid(/"event":"draining"/);
  server.signal('SIGQUIT');
  t.equal(await server.ended(), 0);
  t.notMatch(server.stderr(), /"event":"terminating"/);
  client.write('still here');
  t.equal(await readSome(client), 'still here');
  const end = readToEnd(client);
  client.end();
  await end;
});

t.test('-limit: processes of all services together', async (t) => {
  const directory = temporaryDirectory(t);
  const [port = 0, other = 0] = await freePorts(2);
  const file = writeConfiguration(directory, service('cat', port) + service('other', other));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '-limit', '1']);
  const client = await enter(port);
  t.equal(await readToEnd(await connect(other)), '', 'one too many is turned away');
  await server.untilSaid(/"event":"refused","service":"other","reason":"processes","cause":"process-limit"/);
  const end = readToEnd(client);
  client.end();
  await end;
  await server.untilSaid(/"event":"exited"/);
  t.equal(await exchange(other, 'x'), 'x', 'and afterwards there is room');
  t.equal(await server.stop(), 0);
});

t.test('--strict-reload: an instance whose service is gone is ended, and without it not', async (t) => {
  const directory = temporaryDirectory(t);
  const [port = 0, other = 0] = await freePorts(2);
  for (const [words, isEnded] of [
    [['--strict-reload'], true],
    [[], false],
  ] as const) {
    const file = writeConfiguration(directory, service('cat', port) + service('other', other));
    const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '--drain', '0', ...words]);
    const client = await enter(port);
    const end = readToEnd(client);
    writeConfiguration(directory, service('other', other));
    server.signal('SIGHUP');
    await server.untilSaid(/"event":"applied"/, 2);
    if (isEnded) {
      t.equal(await end, '');
      await server.untilSaid(/"event":"exited".*"signal":15/);
    } else {
      client.write('still here');
      t.equal(await readSome(client), 'still here');
      client.end();
      await end;
    }
    t.equal(await server.stop(), 0);
  }
});

t.test('HUP and USR2 reload, INT stops as TERM does', async (t) => {
  const directory = temporaryDirectory(t);
  const [port = 0, other = 0, third = 0] = await freePorts(3);
  const file = writeConfiguration(directory, service('cat', port));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file]);
  writeConfiguration(directory, service('cat', port) + service('other', other));
  server.signal('SIGUSR2');
  await server.untilSaid(/"event":"applied"/, 2);
  t.equal(await exchange(other, 'x'), 'x');
  writeConfiguration(directory, service('cat', port) + service('third', third));
  server.signal('SIGHUP');
  await server.untilSaid(/"event":"applied"/, 3);
  t.equal(await exchange(third, 'x'), 'x');
  await t.rejects(connect(other), { code: 'ECONNREFUSED' });
  server.signal('SIGINT');
  t.equal(await server.ended(), 0);
});

t.test('USR1 writes the state: 0600, and the latest in the place of the one before', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const text = service('cat', port, { env: 'PASSWORD=hunter2', passenv: 'PATH' });
  const file = writeConfiguration(directory, text);
  const dump = join(directory, 'dump');
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '--dump', dump, '-limit', '100']);
  const client = await enter(port);
  server.signal('SIGUSR1');
  await server.untilSaid(/"event":"state-written"/);
  t.equal(statSync(dump).mode & 0o777, 0o600);
  const first = readFileSync(dump, 'utf8');
  t.match(first, /^INTERNAL STATE DUMP: acceptd /);
  t.match(first, /Service = cat\n\tState = Active\n\tService configuration: cat\n\t\tid = cat\n/);
  t.match(first, /running servers = 1\n/);
  t.match(first, /cat server\npid = \d+\nstart_time = [\s\S]*remote_address = 127\.0\.0\.1,\d+\n/);
  t.match(first, new RegExp(`process_limit = 100\nconfig_file = ${file}\n\nEND OF DUMP\n$`));
  t.match(first, /PASSWORD/);
  t.notMatch(first, /hunter2/, 'no values of the environment');
  const end = readToEnd(client);
  client.end();
  await end;
  await server.untilSaid(/"event":"exited"/);
  server.signal('SIGUSR1');
  await server.untilSaid(/"event":"state-written"/, 2);
  const second = readFileSync(dump, 'utf8');
  t.match(second, /running servers = 0\n/);
  t.equal(second.split('INTERNAL STATE DUMP').length, 2, 'one state, not two');
  t.equal(await server.stop(), 0);
});

t.test('a state that cannot be written is told and changes nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const port = await freePort();
  const file = writeConfiguration(directory, service('cat', port));
  mkdirSync(join(directory, 'dump', 'full'), { recursive: true });
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '--dump', join(directory, 'dump')]);
  server.signal('SIGUSR1');
  await server.untilSaid(/"level":"error".*cannot write the state to/);
  t.equal(await exchange(port, 'x'), 'x');
  t.equal(await server.stop(), 0);
});

t.test('-cc checks again and again, and finds nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const file = writeConfiguration(directory, service('cat', await freePort()));
  const server = await serve(t, ['xinetd', '-dontfork', '-f', file, '-cc', '1']);
  await server.untilSaid(/Consistency check passed/, 2);
  t.equal(await server.stop(), 0);
});
