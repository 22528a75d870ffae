// Between accept and answer: who waits there, who is told what, and who goes at a strict reload.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { childrenOf, recordsOf, visit } from '../conformance/stage.ts';
import { handlers, serviceNamed, seven, startWith } from '../conformance/xinetd-stage.ts';
import { exchange, exchangeDatagram } from '../support/client.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { me } from './scene.ts';

const hold = (name: string, port: number, ...lines: readonly string[]): string =>
  serviceNamed(name, port, 'server = /bin/cat', ...lines).replace(/^server_args.*\n/m, '');

t.test('a strict reload ends who is served by what is gone, and who may not come any more', async (t) => {
  const [gone = 0, kept = 0] = await freePorts(2);
  const acceptd = await startWith(t, hold('gone', gone) + hold('kept', kept), {
    arguments: ['--strict-reload'],
  });
  const orphan = await visit(gone);
  const unwelcome = await visit(kept, '127.0.0.1');
  await acceptd.waitFor(() => recordsOf(acceptd, 'started').length === 2, 'two instances');
  await acceptd.reload(hold('kept', kept, `only_from = ${seven}`));
  t.equal(await orphan.end(), '', 'its service is gone');
  t.equal(await unwelcome.end(), '', 'it is not on the list any more');
  await acceptd.waitFor(() => recordsOf(acceptd, 'exited').length === 2, 'the ends of both');
  t.same(childrenOf(acceptd.pid), []);
});

t.test('a reload that is not strict ends nobody', async (t) => {
  const port = await freePort();
  const acceptd = await startWith(t, hold('kept', port));
  const guest = await visit(port);
  await acceptd.waitFor(({ event }) => event === 'started', 'the instance');
  await acceptd.reload(hold('kept', port, `only_from = ${seven}`));
  guest.socket.write('still here\n');
  t.equal(await guest.firstLine(), 'still here');
  await guest.leave();
});

t.test('members of tcpmux have lists and limits of their own', async (t) => {
  const port = await freePort();
  const member = (name: string, ...lines: readonly string[]): string =>
    [
      `service ${name}`,
      '{',
      'type = TCPMUX UNLISTED',
      'socket_type = stream',
      'wait = no',
      `user = ${me}`,
      `server = ${handlers}/behave`,
      'server_args = write served',
      ...lines,
      '}',
      '',
    ].join('\n');
  const acceptd = await startWith(
    t,
    `service tcpmux\n{\ntype = INTERNAL UNLISTED\nsocket_type = stream\nwait = no\nport = ${port}\n}\n` +
      member('open') +
      member('closed', `only_from = ${seven}`) +
      member('full', 'instances = 0'),
  );
  t.equal(await exchange(port, 'open\r\n'), 'served');
  t.equal(await exchange(port, 'closed\r\n'), '-Service not available\r\n');
  t.equal(await exchange(port, 'full\r\n'), '-Service not available\r\n');
  await acceptd.waitFor(
    ({ event, service }) => event === 'refused' && service === 'full',
    'the last refusal',
  );
  const reasons = recordsOf(acceptd, 'refused').map(({ service, fields }) => [service, fields['reason']]);
  t.same(reasons, [
    ['closed', 'access'],
    ['full', 'instances'],
  ]);
});

t.test('a datagram of somebody who may not ask is dropped, and the next one is answered', async (t) => {
  const port = await freePort();
  const echo = (list: string): string =>
    `service echo\n{\ntype = INTERNAL UNLISTED\nsocket_type = dgram\nwait = yes\nport = ${port}\n${list}\n}\n`;
  const acceptd = await startWith(t, echo(`only_from = ${seven}`));
  t.equal(
    (
      await exchangeDatagram(port, () => Buffer.from('hello'), { timeout: 300 }).catch(() => 'nothing')
    ).toString(),
    'nothing',
  );
  const refused = await acceptd.waitFor(({ event }) => event === 'refused', 'the refusal');
  t.equal(refused.fields['reason'], 'access');
  await acceptd.reload(echo('only_from = 127.0.0.0/8'));
  t.equal((await exchangeDatagram(port, () => Buffer.from('hello'))).toString(), 'hello');
});

t.test('who waits for a banner to be heard is dismissed when the server stops', async (t) => {
  const port = await freePort();
  const acceptd = await startWith(t, {
    'xinetd.conf': hold('slow', port, 'banner = /dev/null'),
    banner: '',
  });
  const banner = join(acceptd.directory, 'banner');
  // more than any socket buffer holds, to a client that does not read
  writeFileSync(banner, Buffer.alloc(32 * 1024 * 1024, 'x'));
  await acceptd.reload(hold('slow', port, `banner = ${banner}`));
  const guest = await visit(port);
  guest.socket.pause();
  t.equal(await acceptd.stop(), 0);
  t.equal(recordsOf(acceptd, 'started').length, 0, 'it was never answered');
  guest.socket.destroy();
});
