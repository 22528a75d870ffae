// The control socket answers whatever it is asked, in JSON, and is harmed by nothing.
import { existsSync, statSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { controlErrors } from '../../../src/model/control.ts';
import { milliseconds } from '../../../src/model/quantity.ts';
import type { ControlKeep } from '../../../src/operate/control/control.ts';
import { openControlSocket } from '../../../src/operate/control/socket-file.ts';
import { createTestClock } from '../../support/clock.ts';
import { openEngine } from '../../support/engine.ts';
import { ask, connectRaw, createTestDesk, hear, openStage } from './stage.ts';

const { kernel } = openEngine(t);

/** The code and the sentence of an error. */
const errorIn = (value: unknown): readonly [string, string] => {
  if (typeof value !== 'object' || value === null || !('error' in value)) return ['', ''];
  const { error } = value;
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error))
    return ['', ''];
  return [String(error.code), String(error.message)];
};

t.test('orders reach the desk as they were meant', async (t) => {
  const { desk, told } = createTestDesk();
  const { path, orders } = openStage(t, kernel, desk);
  const give = async (method: string, target: string, body?: string): Promise<number> =>
    (await ask(path, method, target, body)).status;
  t.equal(await give('POST', '/v1/services/a%2Fb/pause'), 200);
  t.equal(await give('POST', '/v1/services/a%2Fb/resume', '{}'), 200);
  t.equal(await give('POST', '/v1/services/a%2Fb/restart'), 200);
  t.equal(await give('POST', '/v1/services/a%2Fb/reload'), 200);
  t.equal(await give('PATCH', '/v1/services/a%2Fb', '{"instances": 3, "perSource": null}'), 200);
  t.equal(await give('PATCH', '/v1/services/a%2Fb', '{"perSource": 1}'), 200);
  t.equal(await give('POST', '/v1/services/a%2Fb/kill', '{"signal": "hup"}'), 200);
  t.equal(await give('POST', '/v1/processes/123/kill', '{"signal": "SIGKILL"}'), 200);
  t.equal(await give('POST', '/v1/processes/123/kill', '{"signal": 40}'), 200);
  t.equal(await give('POST', '/v1/stop', '{"drain": 0, "delay": 1.5}'), 200);
  t.equal(await give('POST', '/v1/stop'), 200);
  t.equal(await give('POST', '/v1/reload?dry-run=true'), 200);
  t.equal(await give('POST', '/v1/reload'), 200);
  t.strictSame(told, [
    ['pause', 'a/b'],
    ['resume', 'a/b'],
    ['restart', 'a/b'],
    ['reload-service', 'a/b'],
    ['set', 'a/b', { instances: 3, perSource: null }],
    ['set', 'a/b', { perSource: 1 }],
    ['kill', { service: 'a/b' }, 1],
    ['kill', { pid: 123 }, 9],
    ['kill', { pid: 123 }, 40],
    ['stop', { drain: 0, delay: 1.5 }],
    ['stop', { drain: undefined, delay: undefined }],
    ['reload', true],
    ['reload', false],
  ]);
  t.equal(orders.length, 13, 'each is told to the log');
  t.match(orders[0], { what: 'POST /v1/services/a%2Fb/pause', status: 200 });
  t.equal(await give('GET', '/v1/status'), 200);
  t.equal(orders.length, 13, 'questions are not');
});

t.test('what is asked wrongly gets an error that says so', async (t) => {
  const { desk, told } = createTestDesk();
  const { path } = openStage(t, kernel, desk);
  const wrong: readonly [string, string, string | undefined, number, string, RegExp][] = [
    ['GET', '/v1/nothing', undefined, 404, 'not-found', /openapi/],
    ['GET', '/v1/services/x', undefined, 404, 'not-found', /"x"/],
    ['POST', '/v1/services/x/pause', undefined, 404, 'not-found', /no service x/],
    ['GET', '/v1/services/%zz', undefined, 400, 'bad-request', /%/],
    ['DELETE', '/v1/status', undefined, 405, 'bad-request', /GET, HEAD, not DELETE/],
    ['GET', '/v1/reload', undefined, 405, 'bad-request', /POST/],
    ['PUT', '/v1/services/x', undefined, 405, 'bad-request', /GET, HEAD, PATCH/],
    ['POST', '/v1/reload?dry-run=yes', undefined, 400, 'bad-request', /true or false/],
    ['POST', '/v1/reload?dry=true', undefined, 400, 'bad-request', /dry-run/],
    ['POST', '/v1/reload?dry-run=true&dry-run=false', undefined, 400, 'bad-request', /twice/],
    ['POST', '/v1/stop', '{"drain": "5"}', 400, 'bad-request', /drain is a number/],
    ['POST', '/v1/stop', '{"drain": -1}', 400, 'bad-request', /drain/],
    ['POST', '/v1/stop', '{"wait": 5}', 400, 'bad-request', /"wait" is not known; there is drain, delay/],
    ['POST', '/v1/stop', '{"__proto__": 5}', 400, 'bad-request', /not known/],
    ['POST', '/v1/stop', '{drain: 5}', 400, 'bad-request', /no JSON/],
    ['POST', '/v1/stop', '[1]', 400, 'bad-request', /no JSON object/],
    ['POST', '/v1/services/a%2Fb/pause', '{"a": 1}', 400, 'bad-request', /takes none/],
    ['PATCH', '/v1/services/a%2Fb', '{"instances": 0}', 400, 'bad-request', /instances/],
    ['PATCH', '/v1/services/a%2Fb', '{}', 400, 'bad-request', /nothing to change/],
    ['POST', '/v1/services/a%2Fb/kill', '{}', 400, 'bad-request', /no signal/],
    ['POST', '/v1/services/a%2Fb/kill', '{"signal": "SIGNAL"}', 400, 'bad-request', /signal/],
    ['POST', '/v1/services/a%2Fb/kill', '{"signal": 0}', 400, 'bad-request', /signal/],
    ['POST', '/v1/processes/x/kill', '{"signal": 1}', 400, 'bad-request', /no number/],
    ['POST', '/v1/upgrade', undefined, 409, 'not-possible', /not here/],
    ['GET', '/v1/services/a%2Fb/why', undefined, 400, 'bad-request', /address/],
    ['GET', '/v1/services/a%2Fb/explain', undefined, 404, 'not-found', /no service/],
    ['GET', '/v1/log', undefined, 400, 'bad-request', /follow=true/],
    ['GET', '/metrics', undefined, 404, 'not-found', /metrics are off/],
    ['POST', '/v1/stop', `{"drain": ${'1'.repeat(70_000)}}`, 413, 'too-large', /64 KiB/],
  ];
  for (const [method, target, body, status, code, message] of wrong) {
    const { status: was, value, headers } = await ask(path, method, target, body);
    const [wasCode, sentence] = errorIn(value);
    t.strictSame([was, wasCode], [status, code], `${method} ${target} ${body?.slice(0, 30) ?? ''}`);
    t.match(sentence, message);
    t.equal(headers['content-type'], 'application/json');
    t.equal('allow' in headers, status === 405);
    t.ok(controlErrors.some((each) => each === wasCode));
  }
  t.strictSame(
    told.filter(([order]) => order !== 'pause'),
    [],
    'and nothing else happens',
  );
});

t.test('what is no HTTP gets an error and the connection ends', async (t) => {
  const { desk } = createTestDesk();
  const { path } = openStage(t, kernel, desk);
  const say = async (text: string | Buffer): Promise<string> => {
    const client = await connectRaw(path);
    const heard = hear(client);
    client.write(text);
    return heard;
  };
  t.match(await say('hello\r\n\r\n'), /^HTTP\/1.1 400 .*"bad-request"/s);
  t.match(await say(Buffer.alloc(4096, 0xff)), /^HTTP\/1.1 400 /);
  t.match(await say(`GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1.1 431 .*"too-large"/s);
  t.match(
    await say('POST /v1/stop HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n'),
    /^HTTP\/1.1 413 .*"too-large"/s,
    'a body that is too large is not waited for',
  );
  t.match(await say('POST /v1/stop HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'), /^HTTP\/1.1 400 /);
  const client = await connectRaw(path);
  client.end('POST /v1/stop HTTP/1.1\r\ncontent-length: 10\r\n\r\n{');
  await hear(client);
  t.equal((await ask(path, 'GET', '/livez')).status, 200, 'others are answered as before');
});

t.test('an answer that fails is told and harms nobody', async (t) => {
  const { desk } = createTestDesk({
    status: () => Promise.reject(new Error('out of order')),
    notReady: () => 'it drains',
    metrics: async (accept) => ({ type: 'text/plain', text: `accepts ${accept}\n` }),
  });
  const { path } = openStage(t, kernel, desk);
  const failed = await ask(path, 'GET', '/v1/status');
  t.strictSame([failed.status, errorIn(failed.value)], [500, ['failed', 'out of order']]);
  const ready = await ask(path, 'GET', '/readyz');
  t.strictSame([ready.status, errorIn(ready.value)], [503, ['not-possible', 'it drains']]);
  t.equal((await ask(path, 'GET', '/metrics')).text, 'accepts \n');
  t.equal((await ask(path, 'HEAD', '/livez')).text, '');
});

t.test('many requests on one connection are answered in their order', async (t) => {
  const { desk } = createTestDesk();
  const { path } = openStage(t, kernel, desk);
  const client = await connectRaw(path);
  const heard = hear(client);
  client.write('GET /livez HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n');
  const text = await heard;
  t.match(text, /"alive".*"ready"/s);
});

t.test('who sends many requests and reads no answers is cut off', async (t) => {
  let asked = 0;
  const { desk } = createTestDesk({
    status: () => {
      asked += 1;
      return new Promise(() => undefined);
    },
  });
  const { path } = openStage(t, kernel, desk);
  const client = await connectRaw(path);
  const heard = hear(client);
  client.write('GET /v1/status HTTP/1.1\r\n\r\n'.repeat(100));
  await heard;
  t.equal(asked, 8, 'and so many are begun at most');
});

t.test('whoever is slow has a deadline', async (t) => {
  const clock = createTestClock();
  const { desk, told } = createTestDesk();
  const { path } = openStage(t, kernel, desk, { clock });
  const silent = await connectRaw(path);
  const slow = await connectRaw(path);
  slow.write('POST /v1/stop HTTP/1.1\r\n');
  const body = await connectRaw(path);
  body.write('POST /v1/stop HTTP/1.1\r\ncontent-length: 12\r\n\r\n{');
  const ends = [hear(silent), hear(slow), hear(body)];
  // its answer says that those before have been taken too
  t.equal((await ask(path, 'GET', '/livez')).status, 200);
  clock.advance(10_000);
  t.strictSame(await Promise.all(ends), ['', '', '']);
  t.strictSame(told, []);
});

t.test('clients beyond the limit are told so, and then not even that', async (t) => {
  const { desk } = createTestDesk();
  const { path } = openStage(t, kernel, desk);
  const clients = [];
  for (let count = 0; count < 64; count++) clients.push(await connectRaw(path));
  const told = await ask(path, 'GET', '/livez');
  t.strictSame([told.status, errorIn(told.value)[0]], [503, 'too-many']);
  const surplus = [];
  for (let count = 0; count < 16; count++) surplus.push(await connectRaw(path));
  const beyond = await connectRaw(path);
  t.equal(await hear(beyond), '', 'the connection is closed at once');
  for (const client of [...clients, ...surplus]) client.destroy();
  for (;;) if ((await ask(path, 'GET', '/livez').catch(() => undefined))?.status === 200) break;
  t.pass('when they have gone there is room again');
});

t.test(
  'after an upgrade the same socket is answered, and so is everybody who has asked for it',
  async (t) => {
    const { desk } = createTestDesk({ upgrade: () => new Promise(() => undefined) });
    const { path, control } = openStage(t, kernel, desk);
    const asker = await connectRaw(path);
    const heard = hear(asker);
    asker.write('POST /v1/upgrade HTTP/1.1\r\n\r\n');
    while (control.askers().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    t.ok(control.isQuiet(), 'nobody else waits for an answer');
    const second = await connectRaw(path);
    const secondHeard = hear(second);
    second.write('POST /v1/upgrade HTTP/1.1\r\n\r\n');
    while (control.askers().length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    second.destroy();
    await secondHeard;
    t.not(control.kept('control'), undefined);
    t.equal(control.kept('control-http'), undefined);
    asker.destroy();
    await heard;

    const listener = openControlSocket(kernel, `${path}.next`, undefined);
    const waiting = await Promise.all([connectRaw(`${path}.next`), connectRaw(`${path}.next`)]);
    const answers = waiting.map(hear);
    const askers = kernel
      .accept(listener.descriptor, 2)
      .map(({ descriptor }, index) => ({ descriptor, by: `asker ${index}` }));
    const before = (name: ControlKeep) => ({ control: listener.descriptor, 'control-http': undefined })[name];
    const upgraded = { what: 'it has' };
    const next = openStage(t, kernel, desk, { path: `${path}.next`, before, askers, upgraded });
    t.strictSame(next.troubles, []);
    for (const each of await Promise.all(answers)) t.match(each, /^HTTP\/1.1 200 .*{"what":"it has"}\n$/s);
    t.equal((await ask(next.path, 'GET', '/livez')).status, 200);
    await next.control.end(milliseconds(0));
    t.notOk(existsSync(next.path));
  },
);

t.test('the file is ours alone, replaces a stale one and goes with us', async (t) => {
  const { desk } = createTestDesk();
  const { path, control } = openStage(t, kernel, desk);
  t.equal(statSync(path).mode & 0o777, 0o600);
  const other = openStage(t, kernel, desk, { path });
  t.match(other.troubles, [/another server listens/], 'a live one is left alone');
  t.equal((await ask(path, 'GET', '/livez')).status, 200);
  await control.end(milliseconds(1000));
  t.notOk(existsSync(path));

  const stale = kernel.openSocket('unix', 'stream');
  kernel.bindUnix(stale, {
    kind: 'unix',
    socketType: 'stream',
    path,
    ownerId: undefined,
    groupId: undefined,
    mode: 0o666,
  });
  kernel.close(stale);
  const next = openStage(t, kernel, desk, { path });
  t.strictSame(next.troubles, []);
  t.equal((await ask(path, 'GET', '/livez')).status, 200);
  await next.control.end(milliseconds(1000));

  writeFileSync(path, 'something');
  t.match(openStage(t, kernel, desk, { path }).troubles, [/not a socket/], 'nothing else is removed');
});
