// tcpmux over real connections: who is reached by which name, and that no byte and no time is lost.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { milliseconds, seconds } from '../../../src/model/quantity.ts';
import type { Accepted } from '../../../src/native/kernel.ts';
import type { MuxMember, Surface } from '../../../src/serve/surface.ts';
import { becomes } from '../../support/becomes.ts';
import { ask, createStage, memberOf, open, readAll, type Stage, serveStream } from './stage.ts';

const notAvailable = '-Service not available\r\n';
const members = [memberOf('date', true), memberOf('plain', false), memberOf('Straße', false)];

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await nextTurn();
};

/** A stage whose members say their name, and with the client's end give back what they read. */
const createMuxStage = (isAdmitted = true): Stage => {
  const enterMember: Surface['enterMember'] = (member, client, { greet, onRefused }) => {
    if (!isAdmitted) {
      onRefused(client);
      return;
    }
    greet(client);
    serveMember(stage, member, client);
  };
  const stage = createStage({ muxMembers: () => members, enterMember });
  return stage;
};

/** Reads as a handler would: from a blocking descriptor that nobody else watches. */
const serveMember = ({ kernel }: Stage, member: MuxMember, client: Accepted): void => {
  kernel.write(client.descriptor, Buffer.from(`${member.name}:`));
  const buffer = new Uint8Array(4096);
  const onReady = (): void => {
    const length = kernel.read(client.descriptor, buffer, 'take');
    if (length === undefined) return;
    if (length > 0) kernel.write(client.descriptor, buffer.subarray(0, length));
    else kernel.close(client.descriptor);
  };
  kernel.watch(client.descriptor, onReady);
};

t.test('a member is found in any case, and greeted for where it is configured so', async (t) => {
  const { port, whenEnded } = serveStream(t, createMuxStage(), 'tcpmux');
  t.equal(String(await ask(port, 'DATE\r\n')), '+Go\r\ndate:');
  t.equal(String(await ask(port, 'plain\r\n')), 'plain:');
  t.equal(String(await ask(port, 'STRASSE\r\n')), notAvailable);
  t.equal(String(await ask(port, 'strAßE\r\n')), 'Straße:');
  await whenEnded(4);
});

t.test('LF, CRLF, CR, NUL and the end of file end a name', async (t) => {
  const stage = createMuxStage();
  const { port, whenEnded } = serveStream(t, stage, 'tcpmux');
  for (const end of ['\n', '\r\n', '\r', '\0', '']) {
    t.equal(String(await ask(port, `date${end}`)), '+Go\r\ndate:', JSON.stringify(end));
  }
  await whenEnded(5);
  t.equal(stage.clock.waiting(), 0);
});

t.test('help lists the names in the order of the configuration', async (t) => {
  const { port } = serveStream(t, createMuxStage(), 'tcpmux');
  for (const word of ['help', 'HELP']) {
    t.equal(String(await ask(port, `${word}\r\n`)), 'date\r\nplain\r\nStraße\r\n');
  }
});

t.test('who asks for what there is not is told so and observed', async (t) => {
  const stage = createMuxStage();
  const { port, whenEnded } = serveStream(t, stage, 'tcpmux');
  const names = ['nosuch', '+date', '', ' date', 'dat', `\u{1b}[31m${'é'.repeat(70)}`];
  for (const name of names) t.equal(String(await ask(port, `${name}\r\n`)), notAvailable, name);
  await whenEnded(names.length);
  const refused = stage.events.flatMap((each) => (each.kind === 'mux-refused' ? [each.requested] : []));
  t.same(refused.slice(0, 5), names.slice(0, 5));
  t.equal(refused[5], `\\u{1b}[31m${'é'.repeat(64 - 10)}`);
});

t.test('a refused client of a member is told that it is not available', async (t) => {
  const stage = createMuxStage(false);
  const { port, whenEnded } = serveStream(t, stage, 'tcpmux');
  t.equal(String(await ask(port, 'date\r\nmore')), notAvailable);
  await whenEnded(1);
  t.same(
    stage.events.map(({ kind }) => kind),
    ['builtin-started', 'builtin-ended'],
  );
});

t.test('bytes behind the name reach the member as they are', async (t) => {
  const { port } = serveStream(t, createMuxStage(), 'tcpmux');
  const rest = '\r\n\n\0more\r\nhelp\r\n';
  t.equal(String(await ask(port, `date\r\n${rest}`)), `+Go\r\ndate:${rest}`);
  t.equal(String(await ask(port, `date\n${rest}`)), `+Go\r\ndate:${rest}`);
  t.equal(String(await ask(port, `date\0${rest}`)), `+Go\r\ndate:${rest}`);
  t.equal(String(await ask(port, `date\rmore`)), `+Go\r\ndate:more`);
});

t.test('a name byte by byte is one name, its LF no byte of the member', async (t) => {
  const stage = createMuxStage();
  const { port, whenEnded } = serveStream(t, stage, 'tcpmux');
  const client = await open(port);
  client.setNoDelay(true);
  for (const byte of Buffer.from('straße\r\nrest')) {
    client.write(Buffer.of(byte));
    await turns(20);
  }
  client.end();
  t.equal(String(await readAll(client)), 'Straße:rest');
  await whenEnded(1);
  t.equal(stage.clock.waiting(), 0);
});

t.test('a lone CR is taken for the end after a moment', async (t) => {
  const stage = createMuxStage();
  const { port } = serveStream(t, stage, 'tcpmux');
  const client = await open(port);
  client.write('date\r');
  while (stage.clock.waiting() < 2) await nextTurn();
  stage.clock.advance(milliseconds(200));
  const [greeting] = await once(client, 'data');
  t.match(String(greeting), /^\+Go\r\n/);
  client.end('\nrest');
  t.match(String(await readAll(client)), /\nrest$/);
  t.equal(stage.clock.waiting(), 0);
});

t.test('half a name wakes nobody while nothing comes, and is given up after ten seconds', async (t) => {
  const stage = createMuxStage();
  let reads = 0;
  const counted: Stage = {
    ...stage,
    surface: {
      ...stage.surface,
      kernel: {
        ...stage.kernel,
        read: (...call: Parameters<Stage['kernel']['read']>) => {
          reads++;
          return stage.kernel.read(...call);
        },
      },
    },
  };
  const { port, whenEnded } = serveStream(t, counted, 'tcpmux');
  const [silent, half] = [await open(port), await open(port)];
  half.write('da');
  while (stage.clock.waiting() < 2) await nextTurn();
  await turns(500);
  const before = reads;
  await turns(500);
  t.equal(reads, before);
  t.ok(reads < 12, `${reads} reads`);
  stage.clock.advance(seconds(9));
  t.equal(stage.clock.waiting(), 2);
  stage.clock.advance(seconds(1));
  await whenEnded(2);
  for (const client of [silent, half]) {
    t.same(await readAll(client), Buffer.alloc(0));
    client.destroy();
  }
  t.match(stage.events.slice(-2), [{ outcome: 'timeout' }, { outcome: 'timeout' }]);
});

t.test('a line that is too long is no name', async (t) => {
  const { port } = serveStream(t, createMuxStage(), 'tcpmux');
  t.equal(String(await ask(port, 'x'.repeat(257))), notAvailable);
  const client = await open(port);
  client.write('x'.repeat(258));
  t.equal(String(await readAll(client)), notAvailable, 'without waiting for its end');
  client.destroy();
  const flooding = await open(port);
  flooding.on('error', () => undefined);
  flooding.write('x'.repeat(20_000));
  t.equal(String(await readAll(flooding)), notAvailable);
  flooding.destroy();
});

t.test('a client that resets is closed', async (t) => {
  const stage = createMuxStage();
  const { port, whenEnded } = serveStream(t, stage, 'tcpmux');
  const client = await open(port);
  client.write('da');
  while (stage.clock.waiting() < 1) await nextTurn();
  client.resetAndDestroy();
  await whenEnded(1);
  t.match(stage.events.at(-1), { kind: 'builtin-ended', outcome: 'error' });
  t.equal(stage.clock.waiting(), 0);
});

t.test('a thousand clients later there are as many descriptors as before', async (t) => {
  const stage = createMuxStage();
  const mux = serveStream(t, stage, 'tcpmux');
  const echo = serveStream(t, stage, 'echo');
  const count = (): number => readdirSync('/proc/self/fd').length;
  const before = count();
  for (let round = 0; round < 250; round++) {
    await Promise.all([
      ask(mux.port, 'date\r\nx'),
      ask(mux.port, 'help\r\n'),
      ask(mux.port, 'nosuch\r\n'),
      ask(echo.port, 'hello'),
    ]);
  }
  await Promise.all([mux.whenEnded(750), echo.whenEnded(250)]);
  await becomes(() => Math.abs(count() - before) <= 1);
  t.ok(Math.abs(count() - before) <= 1, `${before} before, ${count()} after`);
});
