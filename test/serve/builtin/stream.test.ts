// The stream built-ins over real connections: bytes as the RFCs want them, ends, limits of silence.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import type { Descriptor } from '../../../src/model/descriptor.ts';
import { milliseconds, seconds } from '../../../src/model/quantity.ts';
import { ask, createStage, open, readAll, serveStream } from './stage.ts';

const minutes = (count: number) => seconds(count * 60);

t.test('echo gives back a mebibyte and then the end of file, after the client has ended', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'echo');
  const bytes = randomBytes(1024 * 1024);
  t.ok((await ask(port, bytes)).equals(bytes));
  await whenEnded(1);
  t.match(stage.events, [
    { kind: 'builtin-started', service: 'echo', peer: { kind: 'internet', host: '127.0.0.1' } },
    { kind: 'builtin-ended', service: 'echo', outcome: 'ended' },
  ]);
  t.equal(stage.clock.waiting(), 0);
});

t.test('echo gives back each piece as it comes', async (t) => {
  const { port, whenEnded } = serveStream(t, createStage(), 'echo');
  const client = await open(port);
  for (const piece of ['a', 'bc', '\0\r\n']) {
    client.write(piece);
    const [reply] = await once(client, 'data');
    t.equal(String(reply), piece);
  }
  client.end();
  t.same(await readAll(client), Buffer.alloc(0));
  await whenEnded(1);
});

t.test('echo does not read more from a client that does not read', async (t) => {
  const { port, whenEnded, started } = serveStream(t, createStage(), 'echo');
  const client = await open(port);
  client.on('error', () => undefined);
  client.pause();
  // the kernel's queues hold some mebibytes; a buffer of our own would take all
  const all = 64 * 1024 * 1024;
  client.write(Buffer.alloc(all));
  await turns(2000);
  const before = process.memoryUsage().arrayBuffers;
  await turns(2000);
  t.equal(client.writableLength, all, 'the write is not over');
  t.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
  for (const each of started) if (each.kind === 'builtin') each.stop();
  await whenEnded(1);
  client.destroy();
});

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await nextTurn();
};

for (const [builtin, question, answer] of [
  ['echo', 'once', 'once'],
  ['ident', '1 , 2\r\n', '1 , 2 : ERROR : HIDDEN-USER\r\n'],
] as const) {
  t.test(`${builtin} answers what it has read before another version goes on, and only once`, async (t) => {
    const { port, started, whenEnded } = serveStream(t, createStage(), builtin);
    const client = await open(port);
    client.write(question);
    const [greeting] = await once(client, 'data');
    t.equal(String(greeting), answer);
    const [talk] = started.flatMap((each) => (each.kind === 'builtin' && each.talk ? [each.talk] : []));
    if (talk === undefined) throw new Error('it cannot be handed over');
    talk.pause();
    client.write(question);
    let heard = '';
    client.on('data', (bytes) => {
      heard += String(bytes);
    });
    // it may have been read already, or wait in the kernel: only then is there nothing to answer yet
    for (let round = 0; round < 500 && heard === ''; round++) {
      talk.isSettled();
      await turns(1);
    }
    talk.resume();
    client.end(question);
    await once(client, 'end');
    t.equal(heard, answer.repeat(2));
    await whenEnded(1);
  });
}

t.test('discard reads everything, says nothing and ends with the client', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'discard');
  t.same(await ask(port, randomBytes(4 * 1024 * 1024)), Buffer.alloc(0));
  await whenEnded(1);
  t.match(stage.events.at(-1), { kind: 'builtin-ended', outcome: 'ended' });
});

t.test('chargen rotates 95 characters in lines of 72 and CRLF', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'chargen');
  const client = await open(port);
  let text = '';
  for await (const chunk of client) {
    text += String(chunk);
    if (text.length > 74 * 1000) break;
  }
  await whenEnded(1);
  const lines = text.split('\r\n').slice(0, 1000);
  const ring = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');
  t.equal(lines[0], ring.slice(0, 72));
  t.equal(lines[1], ring.slice(1, 73));
  t.equal(lines[94], `~${ring.slice(0, 71)}`);
  for (const [index, line] of lines.entries()) {
    const start = index % 95;
    if (line !== (ring + ring).slice(start, start + 72)) t.fail(`line ${index}: ${line}`);
  }
  t.match(stage.events.at(-1), { kind: 'builtin-ended', outcome: 'ended' }, 'a client that goes is no error');
});

t.test('chargen does not fill memory for clients that do not read, and gives them up', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'chargen');
  const clients = await Promise.all(Array.from({ length: 20 }, () => open(port)));
  for (const client of clients) client.pause();
  await turns(500);
  const before = process.memoryUsage();
  await turns(500);
  const after = process.memoryUsage();
  t.ok(after.arrayBuffers - before.arrayBuffers < 64 * 1024);
  t.ok(after.rss - before.rss < 8 * 1024 * 1024);
  stage.clock.advance(minutes(5));
  await whenEnded(20);
  t.equal(
    stage.events.filter((each) => each.kind === 'builtin-ended' && each.outcome === 'timeout').length,
    20,
  );
  for (const client of clients) client.destroy();
});

t.test('chargen leaves a turn to others while a client reads as fast as it can', async (t) => {
  const stage = createStage();
  const { port } = serveStream(t, stage, 'chargen');
  const client = await open(port);
  let count = 0;
  client.on('data', (chunk) => {
    count += chunk.length;
  });
  let passed = 0;
  while (count < 20_000_000) {
    await nextTurn();
    passed++;
  }
  t.ok(passed > 100, `${passed} turns`);
  client.destroy();
});

t.test('daytime says 26 bytes of local time and closes', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'daytime');
  t.equal(String(await readAll(await open(port))), 'Sun Nov  1 04:05:06 2026\r\n');
  await whenEnded(1);
  t.same(
    stage.events.map(({ kind }) => kind),
    ['builtin-started', 'builtin-ended'],
  );
});

t.test('time says 4 bytes and closes', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'time');
  const reply = await readAll(await open(port));
  t.equal(reply.length, 4);
  t.equal(reply.readUInt32BE() - 2_208_988_800, stage.clock.wallClock().getTime() / 1000);
  await whenEnded(1);
});

t.test('daytime closes without a reset on a client that had sent something', async (t) => {
  let begin = (): void => undefined;
  const isReady = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const { kernel, surface, ...rest } = createStage();
  const unread: (number | undefined)[] = [];
  const close = (descriptor: Descriptor): void => {
    unread.push(kernel.read(descriptor, new Uint8Array(1), 'peek'));
    kernel.close(descriptor);
  };
  // Node's own client takes a reset behind data for an end, so what would cause one is looked for
  const stage = { ...rest, kernel, surface: { ...surface, kernel: { ...kernel, close } } };
  const { port, whenEnded } = serveStream(t, stage, 'daytime', isReady);
  const client = await open(port);
  await new Promise((resolve) => client.write('GET / HTTP/1.0\r\n\r\n', resolve));
  begin();
  t.equal(String(await readAll(client)).length, 26);
  t.same(unread, [undefined]);
  client.destroy();
  await whenEnded(1);
});

t.test('ident hides every user, on any number of questions', async (t) => {
  const { port, whenEnded } = serveStream(t, createStage(), 'ident');
  const questions = '6193, 23\r\n 1 ,65535 \n0,5\r\n70000 , 1\r\n123456789,2\n';
  t.equal(
    String(await ask(port, questions)),
    [
      '6193 , 23 : ERROR : HIDDEN-USER\r\n',
      '1 , 65535 : ERROR : HIDDEN-USER\r\n',
      '0 , 5 : ERROR : INVALID-PORT\r\n',
      '70000 , 1 : ERROR : INVALID-PORT\r\n',
      '123456789 , 2 : ERROR : INVALID-PORT\r\n',
    ].join(''),
  );
  await whenEnded(1);
});

t.test('ident closes on what is no question, after the answers before it', async (t) => {
  const { port, whenEnded } = serveStream(t, createStage(), 'ident');
  const answer = '1 , 2 : ERROR : HIDDEN-USER\r\n';
  const cases = ['hello\r\n', '1,2,3\r\n', '-1,2\r\n', '1\n', '\r\n', ',\n', 'x'.repeat(512)];
  for (const [index, garbage] of cases.entries()) {
    const client = await open(port);
    client.write(`1,2\r\n${garbage}`);
    t.equal(String(await readAll(client)), answer, JSON.stringify(garbage.slice(0, 20)));
    client.destroy();
    await whenEnded(index + 1);
  }
});

t.test('ident waits for a line in pieces, but not for ever', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'ident');
  const client = await open(port);
  client.setNoDelay(true);
  for (const character of '22,4') {
    client.write(character);
    await turns(5);
    stage.clock.advance(milliseconds(7000));
  }
  t.same(
    stage.events.map(({ kind }) => kind),
    ['builtin-started'],
  );
  stage.clock.advance(milliseconds(2000));
  t.same(await readAll(client), Buffer.alloc(0));
  client.destroy();
  await whenEnded(1);
  t.match(stage.events.at(-1), { kind: 'builtin-ended', outcome: 'timeout', duration: 30_000 });
});

t.test('a silent client is closed after five minutes, a talking one is not', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'echo');
  const client = await open(port);
  for (let round = 0; round < 3; round++) {
    client.write('x');
    await once(client, 'data');
    stage.clock.advance(minutes(4));
  }
  t.equal(stage.clock.waiting(), 1, 'one timer for the connection');
  stage.clock.advance(milliseconds(59_999));
  t.equal(stage.events.length, 1);
  stage.clock.advance(milliseconds(1));
  t.same(await readAll(client), Buffer.alloc(0));
  await whenEnded(1);
  t.match(stage.events.at(-1), { kind: 'builtin-ended', outcome: 'timeout', duration: 13 * 60_000 });
  client.destroy();
});

t.test('a client that resets ends its connection and nothing else', async (t) => {
  const stage = createStage();
  const { port, whenEnded } = serveStream(t, stage, 'echo');
  const client = await open(port);
  client.write('x');
  await once(client, 'data');
  client.resetAndDestroy();
  await whenEnded(1);
  t.match(stage.events.at(-1), { kind: 'builtin-ended', outcome: 'error' });
  t.equal(stage.clock.waiting(), 0);
});

t.test('stopping closes at once, and what is stopped twice has one end', async (t) => {
  for (const builtin of ['echo', 'discard', 'chargen', 'ident', 'tcpmux'] as const) {
    const stage = createStage();
    const { port, started, whenEnded } = serveStream(t, stage, builtin);
    const client = await open(port);
    while (started.length === 0) await nextTurn();
    const [first] = started;
    if (first?.kind !== 'builtin') return t.fail('not a built-in');
    first.stop();
    first.stop();
    client.on('error', () => undefined);
    client.resume();
    await whenEnded(1);
    t.match(stage.events.at(-1), { kind: 'builtin-ended', service: builtin, outcome: 'ended' });
    t.equal(stage.clock.waiting(), 0, `${builtin} leaves no timer`);
    client.destroy();
  }
});

t.test('what nobody wants to hear is not told', async (t) => {
  const stage = createStage({ isWanted: () => false });
  const { port, whenEnded } = serveStream(t, stage, 'daytime');
  await readAll(await open(port));
  await whenEnded(1);
  t.same(stage.events, []);
});
