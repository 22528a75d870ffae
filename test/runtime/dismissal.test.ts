// A client that waits while the directories of its service are made, and is sent away before they are there.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { milliseconds } from '../../src/model/quantity.ts';
import { plainProcess, type ResolvedService, type ServiceDirectory } from '../../src/model/service.ts';
import { accountsOf, findMiscounts } from '../support/accounts.ts';
import { becomes } from '../support/becomes.ts';
import { openSupervisor } from '../support/daemons.ts';
import { freePort } from '../support/ports.ts';
import { resolved, tcp } from '../support/services.ts';

const place = mkdtempSync(join(tmpdir(), 'acceptd-'));
t.teardown(() => rmSync(place, { recursive: true, force: true }));
const { supervisor, events, until } = openSupervisor(t);
const { steering } = supervisor;

const runtimeDirectory = (name: string): ServiceDirectory => ({
  kind: 'runtime',
  path: join(place, name),
  links: [],
  mode: 0o755,
  keeps: 'no',
});

/** Its start is completed for each client, who is asked about for it. */
const startTexts: ResolvedService['startTexts'] = {
  command: {
    file: '/bin/cat',
    arguments: ['cat'],
    expandsVariables: false,
    forgivesFailure: false,
    rights: 'service',
  },
  environmentFiles: [],
  unsetVariables: [],
  isPerInstance: true,
};

const serve = (id: string, port: number, rest: Partial<ResolvedService> = {}): ResolvedService =>
  resolved(id, [tcp('127.0.0.1', port)], {
    process: { ...plainProcess, directories: [runtimeDirectory(id)] },
    ...rest,
  });

/** A client that has said something, and what it hears to its end. */
const call = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
    let heard = '';
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.end('hello'));
    socket.on('data', (part: string) => {
      heard += part;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
    socket.on('end', () => socket.end());
  });

/** The file system is asked in another thread, so nothing has been made when a client has just been accepted. */
const accepted = async (t: Test, id: string, since: number): Promise<void> => {
  await until('accepted', ({ service }) => service === id, since);
  t.match(steering.describe(id), { waiting: 1, live: 1 });
};

t.test('who waits for directories while another version was to take over is accepted once', async (t) => {
  const port = await freePort();
  await supervisor.apply([serve('kept', port, { startTexts })]);
  const since = events.length;
  const heard = call(port);
  await accepted(t, 'kept', since);
  supervisor.handover.pause();
  supervisor.handover.surrender();
  t.match(steering.describe('kept'), { waiting: 0, live: 0 });
  t.match(supervisor.handover.save(), { clients: [{ through: 'listener' }] });
  supervisor.handover.resume();
  t.equal(await heard, 'hello');
  await becomes(() => steering.describe('kept')?.live === 0);
  t.match(accountsOf(events.slice(since)).get('kept'), { accepted: 1, served: 1, failed: 0, refused: 0 });
  t.strictSame(supervisor.checkConsistency(), []);
});

t.test('who waits for directories at the end is refused, and nothing is started or left', async (t) => {
  const [plain, completed] = [await freePort(), await freePort()];
  await supervisor.apply([serve('plain', plain), serve('completed', completed, { startTexts })]);
  const ids = ['plain', 'completed'];
  // both are accepted in one turn, in which no directory can be made
  for (const id of ids) steering.pause(id);
  const heard = [call(plain), call(completed)];
  await becomes(() => ids.every((id) => steering.describe(id)?.endpoints[0]?.waiting === 1));
  const since = events.length;
  for (const id of ids) steering.resume(id);
  for (const id of ids) await until('accepted', ({ service }) => service === id, since);
  await supervisor.stop(milliseconds(0));
  t.strictSame(await Promise.all(heard), ['', '']);
  for (const id of ids)
    t.match(accountsOf(events.slice(since)).get(id), { accepted: 1, served: 0, failed: 0, refused: 1 }, id);
  t.match(
    events.slice(since).flatMap((event) => (event.kind === 'refused' ? [event.reason] : [])),
    ['draining', 'draining'],
  );
  t.strictSame(findMiscounts(events, supervisor), []);
  for (const id of ['kept', ...ids]) t.notOk(existsSync(join(place, id)), `${id} is removed`);
});
