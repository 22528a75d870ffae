// The control socket of the real program, with curl and with clients that behave badly.
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { ask as request } from '../operate/control/stage.ts';
import { type Acceptd, type AcceptdOptions, startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { hasProgram, isRoot, run } from '../support/command.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { enter, leave, me, readToEnd } from './scene.ts';

t.setTimeout(300_000);

const skip = hasProgram('/usr/bin/curl') ? false : 'curl is not installed';
const cat = (port: number): string => `127.0.0.1:${port} stream tcp nowait ${me} /bin/cat cat\n`;
const idOf = (port: number): string => encodeURIComponent(`127.0.0.1:${port}/tcp`);

type Served = { readonly acceptd: Acceptd; readonly control: string };

/** A server with a control socket in its own directory. */
const start = async (t: Test, config: string, rest: Partial<AcceptdOptions> = {}): Promise<Served> => {
  // its name has to be known before acceptd has a directory
  const control = `/tmp/acceptd-control-test.${process.pid}.${await freePort()}/made/control`;
  t.teardown(() => rmSync(join(control, '..', '..'), { recursive: true, force: true }));
  const acceptd = await startAcceptd(t, {
    config,
    ...rest,
    arguments: ['--control', control, ...(rest.arguments ?? [])],
  });
  return { acceptd, control };
};

type Reply = { readonly status: number; readonly value: unknown; readonly text: string };

const ask = (control: string, path: string): Promise<Reply> => request(control, 'GET', path);

/** As people do it; `under` is a command that becomes curl. */
const curl = async (
  control: string,
  path: string,
  words: readonly string[] = [],
  under: readonly string[] = [],
): Promise<Reply> => {
  const target = ['--unix-socket', control, `http://acceptd${path}`];
  const [command = '', ...rest] = [...under, 'curl', '-sS', '-w', '\n%{http_code}', ...words, ...target];
  const { stdout, stderr } = await run(command, rest);
  const at = stdout.lastIndexOf('\n');
  const text = stdout.slice(0, at);
  if (stderr !== '') return { status: 0, value: undefined, text: stderr };
  return {
    status: Number(stdout.slice(at + 1)),
    value: text.startsWith('{') ? JSON.parse(text) : undefined,
    text,
  };
};

const order = (control: string, path: string, body?: unknown, method = 'POST'): Promise<Reply> =>
  request(control, method, path, body === undefined ? undefined : JSON.stringify(body));

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: unknown }>>>>;
};

t.test('every answer is as the document has it', { skip }, async (t) => {
  const [port, bad] = await freePorts(2);
  const { acceptd, control } = await start(
    t,
    `${cat(Number(port))}127.0.0.1:${bad} stream tcp nowait ${me} /bin/sh sh -c 'exit 3'\n`,
  );
  const document: Document = JSON.parse(readFileSync('docs/control.openapi.json', 'utf8'));
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'document');
  const served = await curl(control, '/v1/openapi.json');
  t.strictSame(served.value, document, 'the document is there for programs');

  const asked = new Set<string>();
  const check = ({ status, value, text }: Reply, path: string, method: string, wanted: number): void => {
    asked.add(`${method} ${path}`);
    t.equal(status, wanted, `${method} ${path}: ${text}`);
    const escaped = path
      .replaceAll('~', '~0')
      .replaceAll('/', '~1')
      .replaceAll('{', '%7B')
      .replaceAll('}', '%7D');
    const response = `document#/paths/${escaped}/${method}/responses/${status}`;
    const inPlace = `${response}/content/application~1json/schema`;
    const shared = `document#/components/responses/${status}/content/application~1json/schema`;
    const hasOwn = ajv.getSchema(inPlace) !== undefined;
    const validate = ajv.getSchema(hasOwn ? inPlace : shared);
    t.ok(
      validate?.(value) === true,
      `${method} ${path} ${status}: ${JSON.stringify(validate?.errors)} of ${text}`,
    );
  };

  const client = await enter(Number(port));
  await exchange(Number(bad), '');
  await acceptd.waitFor(({ event }) => event === 'exited', 'the end of the bad one');
  const [id, badId] = [idOf(Number(port)), idOf(Number(bad))];
  const service = '/v1/services/{service}';
  const status = await ask(control, '/v1/status');
  check(status, '/v1/status', 'get', 200);
  t.match(status.value, {
    pid: acceptd.pid,
    state: 'running',
    configuration: { files: [acceptd.configPath], errors: 0, refusedBecause: null },
    services: [
      { condition: 'active', live: 1, accepted: 1, served: 1, refused: 0, memory: Number },
      { condition: 'active', live: 0, accepted: 1, served: 1, handlerTimes: { count: 1 }, memory: null },
    ],
  });
  const detail = await ask(control, `/v1/services/${id}`);
  check(detail, service, 'get', 200);
  t.match(detail.value, {
    origin: /acceptd.conf:1$/,
    instances: [{ what: 'handler', cpu: Number, memory: Number }],
  });
  check(await ask(control, `/v1/services/${badId}`), service, 'get', 200);
  check(await ask(control, '/v1/services/x'), service, 'get', 404);
  check(await ask(control, `/v1/services/${id}/why?address=192.0.2.1`), `${service}/why`, 'get', 200);
  check(await ask(control, `/v1/services/${id}/why?address=nobody`), `${service}/why`, 'get', 400);
  check(await ask(control, `/v1/services/${id}/explain`), `${service}/explain`, 'get', 200);
  check(await order(control, `/v1/services/${id}`, { instances: 7 }, 'PATCH'), service, 'patch', 200);
  check(await order(control, `/v1/services/${id}`, { instances: -7 }, 'PATCH'), service, 'patch', 400);
  t.match((await ask(control, `/v1/services/${id}`)).value, { limit: 7, tuned: [/instances/] });
  const gone = readToEnd(client);
  for (const word of ['pause', 'resume', 'restart']) {
    check(await order(control, `/v1/services/${id}/${word}`), `${service}/${word}`, 'post', 200);
    check(await order(control, `/v1/services/x/${word}`), `${service}/${word}`, 'post', 404);
  }
  check(await order(control, `/v1/services/${id}/reload`), `${service}/reload`, 'post', 409);
  check(await order(control, '/v1/services/x/reload'), `${service}/reload`, 'post', 404);
  check(await order(control, `/v1/services/${id}/kill`, { signal: 'TERM' }), `${service}/kill`, 'post', 200);
  await gone;
  const pidPath = '/v1/processes/{pid}/kill';
  check(await order(control, '/v1/processes/1/kill', { signal: 'TERM' }), pidPath, 'post', 404);
  const from = acceptd.records.length;
  const next = await enter(Number(port));
  const nextGone = readToEnd(next);
  const { pid } = await acceptd.waitFor(({ event }) => event === 'started', 'the next one', from);
  check(await order(control, `/v1/processes/${pid}/kill`, { signal: 9 }), pidPath, 'post', 200);
  await nextGone;
  check(await order(control, '/v1/reload?dry-run=true'), '/v1/reload', 'post', 200);
  check(await order(control, '/v1/reload'), '/v1/reload', 'post', 200);
  check(await order(control, '/v1/reload', {}, 'PUT'), '/v1/reload', 'post', 405);
  check(await ask(control, '/livez'), '/livez', 'get', 200);
  check(await ask(control, '/readyz'), '/readyz', 'get', 200);
  const log = await ask(control, '/v1/log');
  check(log, '/v1/log', 'get', 400);
  check(await order(control, '/v1/stop', { delay: 0, drain: 0 }), '/v1/stop', 'post', 200);
  t.equal(await acceptd.ended(), 0);
  const answered = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  const elsewhere = ['get /metrics', 'get /v1/openapi.json', 'post /v1/upgrade'];
  t.strictSame(
    answered.filter((each) => !asked.has(each) && !elsewhere.includes(each)),
    [],
  );
  t.notOk(existsSync(control), 'the file is gone');
});

t.test('many idle and slow control clients disturb no service', async (t) => {
  const port = await freePort();
  const { acceptd, control } = await start(t, cat(port));
  const idle: Socket[] = [];
  t.teardown(() => {
    for (const socket of idle) socket.destroy();
  });
  for (let count = 0; count < 200; count++) {
    const socket = connectSocket(control);
    socket.on('error', () => undefined);
    socket.on('connect', () => {
      if (count % 2 === 0) socket.write('GET /v1/status HTTP/1.1\r\nx: ');
    });
    idle.push(socket);
  }
  const drip = setInterval(() => {
    for (const socket of idle) if (socket.writable) socket.write('y');
  }, 20);
  t.teardown(() => clearInterval(drip));
  const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => exchange(port, `${index}`)));
  t.strictSame(
    answers,
    answers.map((_, index) => `${index}`),
  );
  t.notOk(acceptd.records.some(({ event }) => event === 'shortage' || event === 'refused'));
  clearInterval(drip);
  for (const socket of idle) socket.destroy();
  // there is no room before their ends have been seen
  let reply: Reply | undefined;
  do reply = await ask(control, '/v1/status').catch(() => undefined);
  while (reply?.status !== 200);
  t.match(reply.value, { services: [{ accepted: 100, served: 100, failed: 0, refused: 0 }] });
  t.equal(await acceptd.stop(), 0);
});

t.test('a reload tells whoever asked what came of it', async (t) => {
  const [port, other] = await freePorts(2);
  const { acceptd, control } = await start(t, cat(Number(port)));
  const both = `${cat(Number(port))}${cat(Number(other))}`;
  writeFileSync(acceptd.configPath, both);
  const added = { added: [`127.0.0.1:${other}/tcp`], removed: [], kept: 1 };
  const planned = await order(control, '/v1/reload?dry-run=true');
  t.match(planned.value, { outcome: 'planned', why: null, changes: added });
  await t.rejects(connect(Number(other)), { code: 'ECONNREFUSED' }, 'nothing has changed');
  const reports = await Promise.all([1, 2, 3].map(() => order(control, '/v1/reload')));
  t.ok(reports.every(({ value }) => JSON.stringify(value).includes('"applied"')));
  t.ok(reports.some(({ value }) => JSON.stringify(value).includes(`"added":["127.0.0.1:${other}/tcp"]`)));
  t.equal(await exchange(Number(other), 'x'), 'x');

  writeFileSync(acceptd.configPath, `${both}nonsense\n`);
  for (const path of ['/v1/reload?dry-run=true', '/v1/reload']) {
    const { value } = await order(control, path);
    t.match(value, {
      outcome: 'refused',
      why: '1 new error',
      changes: null,
      diagnostics: [{ severity: 'error', at: { line: 3 } }],
    });
  }
  t.match((await ask(control, '/v1/status')).value, {
    configuration: { errors: 0, refusedBecause: '1 new error' },
  });
  t.equal(await acceptd.stop(), 0);
});

t.test('the end is announced before listeners close', async (t) => {
  const [port, web] = await freePorts(2);
  const { acceptd, control } = await start(t, cat(Number(port)), {
    arguments: ['--drain-delay', '600', '--drain', '600', '--control-http', `127.0.0.1:${web}`],
  });
  const probe = (path: string): Promise<string> =>
    exchange(Number(web), `GET ${path} HTTP/1.0\r\n\r\n`, { halfClose: false });
  t.match(await probe('/readyz'), /^HTTP\/1.1 200/);
  t.match(await probe('/v1/status'), /^HTTP\/1.1 404/, 'over TCP there is nothing else');
  acceptd.signal('SIGTERM');
  await acceptd.waitFor(({ event }) => event === 'stop-announced', 'the announcement');
  t.match(await probe('/readyz'), /^HTTP\/1.1 503.*acceptd is stopping/s);
  t.match(await probe('/livez'), /^HTTP\/1.1 200/);
  t.match((await ask(control, '/v1/status')).value, { state: 'draining' });
  const client = await enter(Number(port));
  t.match((await order(control, '/v1/stop')).value, { what: /already/ }, 'who asks again changes nothing');
  t.match((await order(control, '/v1/reload')).value, { outcome: 'refused', why: 'acceptd is stopping' });
  await leave(client);
  acceptd.signal('SIGTERM');
  t.equal(await acceptd.ended(), 0, 'a second TERM waits no longer');
  t.ok(acceptd.records.some(({ event }) => event === 'stopped'));
});

t.test('a follower hears what happens until the end', async (t) => {
  const port = await freePort();
  const { acceptd, control } = await start(t, cat(port));
  const id = `127.0.0.1:${port}/tcp`;
  const socket = connectSocket(control);
  const heard = readToEnd(socket);
  socket.write(`GET /v1/log?follow=true&service=${encodeURIComponent(id)} HTTP/1.0\r\n\r\n`);
  await new Promise((resolve) => socket.once('readable', resolve));
  t.equal(await exchange(port, 'x'), 'x');
  // a client has its answer before the handler has ended
  await acceptd.waitFor(({ event }) => event === 'exited', 'the end of the handler');
  t.equal(await acceptd.stop(), 0);
  const [, body = ''] = (await heard).split('\r\n\r\n');
  const events = body.split('\n').flatMap((line) => /"event":"([^"]+)"/.exec(line)?.[1] ?? []);
  t.strictSame(events, ['started', 'exited', 'closed']);
});

t.test('one place belongs to one server', async (t) => {
  const [port, other, third] = await freePorts(3);
  const { acceptd, control } = await start(t, cat(Number(port)));
  const second = await startAcceptd(t, {
    config: cat(Number(other)),
    environment: { ACCEPTD_CONTROL: control },
  });
  const { fields } = await second.waitFor(({ event }) => event === 'control', 'the warning');
  t.match(fields, { level: 'warn', msg: /another server listens there; acceptd goes on without it/ });
  t.equal(await exchange(Number(other), 'x'), 'x');
  t.equal(await second.stop(), 0);
  t.match((await ask(control, '/v1/status')).value, { pid: acceptd.pid }, 'the first one still has it');
  acceptd.signal('SIGKILL');
  await acceptd.ended();
  t.ok(existsSync(control));
  const next = await startAcceptd(t, {
    config: cat(Number(third)),
    environment: { ACCEPTD_CONTROL: control },
  });
  t.match((await ask(control, '/v1/status')).value, { pid: next.pid }, 'what a crash has left is replaced');
  t.equal(await next.stop(), 0);
});

t.test('a group may look, others may not', { skip: skip || (isRoot ? false : 'needs root') }, async (t) => {
  const port = await freePort();
  const group = 54_321;
  const { acceptd, control } = await start(t, cat(port), { arguments: ['--control-group', `${group}`] });
  t.match(statSync(control), { gid: group });
  t.equal(statSync(control).mode & 0o777, 0o660);
  const as = (gid: number, ...groups: readonly string[]): readonly string[] => [
    ...['setpriv', '--reuid=65534', `--regid=${gid}`],
    ...(groups.length === 0 ? ['--clear-groups'] : [`--groups=${groups.join(',')}`]),
  ];
  const refused = { error: { code: 'forbidden' } };
  for (const under of [as(group), as(65_534, '1234', `${group}`)]) {
    t.equal(
      (await curl(control, '/v1/status', [], under)).status,
      200,
      'by its first group or by another one',
    );
    t.match(await curl(control, '/v1/stop', ['-X', 'POST'], under), { status: 403, value: refused });
  }
  t.match(await curl(control, '/v1/status', [], as(65_534)), { status: 0 }, 'the file keeps others out');
  chmodSync(control, 0o666);
  t.match(await curl(control, '/v1/status', [], as(65_534)), { status: 403, value: refused }, 'and so do we');
  t.equal(await acceptd.stop(), 0);
});

t.test('options that make no sense are told', async (t) => {
  const main = join('dist', 'acceptd', 'main.js');
  const wrong = async (...words: readonly string[]): Promise<string> => {
    const { code, stderr } = await run(process.execPath, [main, ...words]);
    t.equal(code, 64, stderr);
    return stderr;
  };
  t.match(await wrong('run', '--control-http', 'nowhere'), /--control-http 'nowhere' is no address/);
  t.match(await wrong('run', '--no-control', '--control-group', '0'), /there is none/);
  t.match(await wrong('inetd', '-i', '--control-http', '1.2.3.4'), /ADDRESS:PORT/);
  t.match(await wrong('xinetd', '-d', '--control-group', 'x'), /there is none/);
  t.match(
    await wrong('run', '-f', 'conf/acceptd.conf', '--control', '/tmp/x', '--control-group', 'no-such'),
    /no group/,
  );
});
