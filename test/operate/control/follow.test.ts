// Followers of the log: what they hear, what they lose, and how they end.
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { milliseconds } from '../../../src/model/quantity.ts';
import { createTestClock } from '../../support/clock.ts';
import { openEngine } from '../../support/engine.ts';
import { ask, connectRaw, createTestDesk, hear, openStage } from './stage.ts';

const { kernel } = openEngine(t);
const question = 'GET /v1/log?follow=true HTTP/1.1\r\n\r\n';

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
};

t.test('records come as they are said, with empty lines in between while nothing is', async (t) => {
  const clock = createTestClock();
  const { desk, told, followers, say } = createTestDesk();
  const { path, control } = openStage(t, kernel, desk, { clock });
  const client = await connectRaw(path);
  client.write('GET /v1/log?follow=true&service=a%2Fb HTTP/1.0\r\n\r\n');
  const heard = hear(client);
  await until(() => followers.size === 1);
  t.strictSame(told, [['follow', 'a/b']]);
  say({ event: 'one', text: 'x\ny' });
  clock.advance(15_000);
  say({ event: 'two' });
  void control.end(milliseconds(60_000));
  const [, body] = (await heard).split('\r\n\r\n');
  t.equal(body, '{"event":"one","text":"x\\ny"}\n\n{"event":"two"}\n', 'the end of the server ends it');
  t.equal(followers.size, 0);
});

t.test('a follower that goes is forgotten', async (t) => {
  const { desk, followers } = createTestDesk();
  const { path } = openStage(t, kernel, desk);
  const client = await connectRaw(path);
  client.write(question);
  await until(() => followers.size === 1);
  client.destroy();
  await until(() => followers.size === 0);
});

t.test('a slow reader loses records and is told how many', async (t) => {
  const { desk, followers, say } = createTestDesk();
  const { path } = openStage(t, kernel, desk);
  const client = await connectRaw(path);
  client.pause();
  client.write(question);
  await until(() => followers.size === 1);
  const count = 20_000;
  const text = 'x'.repeat(100);
  for (let number = 0; number < count; number++) say({ number, text });
  let rest = '';
  let heard = 0;
  let lost = 0;
  client.setEncoding('utf8');
  client.on('data', (part: string) => {
    rest += part;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      heard += line.includes('"number"') ? 1 : 0;
      const [, dropped] = /"event":"log-dropped","count":([0-9]+)/.exec(line) ?? [];
      lost += Number(dropped ?? 0);
    }
  });
  client.resume();
  await until(() => heard + lost === count);
  t.ok(lost > 0, 'not everything was kept for it');
  client.destroy();
});

t.test('there are so many followers and no more', async (t) => {
  const { desk, followers } = createTestDesk();
  const { path } = openStage(t, kernel, desk);
  const clients = [];
  for (let count = 0; count < 16; count++) {
    const client = connect({ path });
    await once(client, 'connect');
    client.write(question);
    clients.push(client);
  }
  await until(() => followers.size === 16);
  const beyond = await ask(path, 'GET', '/v1/log?follow=true');
  t.equal(beyond.status, 503);
  t.match(beyond.text, /too-many.*16 clients follow/);
  t.equal((await ask(path, 'GET', '/v1/status')).status, 200, 'questions are answered as ever');
  for (const client of clients) client.destroy();
  await until(() => followers.size === 0);
});
