// Orders to a running server: what is asked of it, what is printed, and the exit statuses.

import { userInfo } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parseTuning } from '../../src/command/orders.ts';
import type { Admission, LaunchPlan, ReloadReport } from '../../src/model/control.ts';
import { enter, readToEnd } from '../daemon/scene.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { type Asked, refusal, type Said, startControlServer } from '../support/control-server.ts';
import { freePort } from '../support/ports.ts';
import { noTerminals, startInTerminal } from '../support/terminal.ts';
import { acceptd, mainModule, temporaryDirectory } from './stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

const done: Said = { json: { what: 'it is done\u001b[2J' } };

t.test('each order is one request, and its answer one sentence', async (t) => {
  const { path, asked } = await startControlServer(t, () => done);
  const orders: readonly (readonly [string[], Asked])[] = [
    [['pause', 'a/tcp'], { method: 'POST', url: '/v1/services/a%2Ftcp/pause', body: undefined }],
    [
      ['set', 'a', 'instances=5', 'per_source=none'],
      { method: 'PATCH', url: '/v1/services/a', body: { instances: 5, perSource: null } },
    ],
    [['kill', 'a', '--signal', 'HUP'], { method: 'POST', url: '/v1/services/a/kill', body: { signal: 1 } }],
    [['kill', '4711'], { method: 'POST', url: '/v1/processes/4711/kill', body: { signal: 15 } }],
    [['kill', '4711', '-s', '9'], { method: 'POST', url: '/v1/processes/4711/kill', body: { signal: 9 } }],
    [['stop', '--drain', '5'], { method: 'POST', url: '/v1/stop', body: { drain: 5 } }],
    [['stop', '--delay', '0'], { method: 'POST', url: '/v1/stop', body: { delay: 0 } }],
    [['upgrade'], { method: 'POST', url: '/v1/upgrade', body: undefined }],
    [['reload', 'a'], { method: 'POST', url: '/v1/services/a/reload', body: undefined }],
  ];
  for (const [words, order] of orders) {
    const { code, stdout, stderr } = await acceptd(...words, '--control', path);
    t.strictSame(
      { code, stdout, stderr },
      { code: 0, stdout: 'it is done\\u{1b}[2J\n', stderr: '' },
      words.join(' '),
    );
    t.strictSame(asked.at(-1), order);
  }
  t.equal(asked.length, orders.length);
  t.equal(
    (await acceptd('resume', 'a', '--json', '--control', path)).stdout,
    '{"what":"it is done\\u001b[2J"}\n',
  );
});

t.test('a wrong word is told before anybody is asked, with 64; a no of the server with 1', async (t) => {
  const { path, asked } = await startControlServer(t, ({ url }) =>
    url === '/v1/status' ? { json: {} } : { status: 409, json: refusal('not-possible', 'it is no daemon') },
  );
  const mistakes: readonly (readonly [string[], RegExp])[] = [
    [['kill', '1', '--signal', 'LOUD'], /'LOUD' is no signal/],
    [['set', 'a', 'colour=red'], /'colour=red' cannot be set; write instances=N/],
    [['set', 'a', 'instances=0'], /from 1 on, or none/],
    [['reload', 'a', '--dry-run'], /a daemon cannot be asked/],
    [['set', 'a', 'instances=1', 'instances=2'], /set twice/],
    [['stop', '--drain', 'soon'], /--drain takes a whole number/],
    [['log'], /say --follow/],
    [['pause'], /Not enough/],
    [['top', '--interval', '0'], /--interval takes a number above 0/],
  ];
  for (const [words, complaint] of mistakes) {
    const { code, stderr } = await acceptd(...words, '--control', path);
    t.equal(code, 64, words.join(' '));
    t.match(stderr, complaint);
    t.match(stderr, /^acceptd: [^\n]+\n$/, 'one line');
  }
  t.strictSame(asked, []);
  t.match(await acceptd('restart', 'a', '--control', path), {
    code: 1,
    stderr: 'acceptd: it is no daemon\n',
  });
  t.strictSame(parseTuning(['per_source=3']), { perSource: 3 });
});

const changes = {
  opens: [{ service: 'new/tcp', address: '0.0.0.0:80' }],
  closes: [{ service: 'old/tcp', address: '0.0.0.0:81' }],
  kept: 1,
  added: ['new/tcp'],
  changed: ['echo/tcp'],
  removed: ['old/tcp'],
};
const warning = {
  severity: 'warning' as const,
  at: { file: '/etc/acceptd.conf', line: 3, column: 5 },
  source: '79  stream',
  width: 6,
  message: 'something',
  advice: 'mend it',
};

t.test('reload tells what has changed or would, and what is wrong as check does', async (t) => {
  const reports: Readonly<Record<string, ReloadReport>> = {
    '/v1/reload': { outcome: 'applied', why: null, changes, diagnostics: [warning] },
    '/v1/reload?dry-run=true': { outcome: 'planned', why: null, changes, diagnostics: [] },
  };
  const { path } = await startControlServer(t, ({ url }) => ({ json: reports[url] }));
  const { code, stdout, stderr } = await acceptd('reload', '--control', path);
  t.equal(code, 0);
  t.strictSame(stdout.trimEnd().split('\n'), [
    'removed old/tcp',
    'closed 0.0.0.0:81 (old/tcp)',
    'added new/tcp',
    'changed echo/tcp',
    'opened 0.0.0.0:80 (new/tcp)',
    'kept 1 listener',
  ]);
  t.equal(stderr, '/etc/acceptd.conf:3:5: warning: something; mend it\n  79  stream\n      ^^^^^^\n');
  t.match(
    (await acceptd('reload', '--dry-run', '--control', path)).stdout,
    /^would open 0\.0\.0\.0:80 \(new\/tcp\)$/m,
  );
  const refused = { outcome: 'refused', why: '1 error', changes: null, diagnostics: [] };
  const other = await startControlServer(t, () => ({ json: refused }));
  t.match(await acceptd('reload', '--control', other.path), {
    code: 78,
    stderr: 'acceptd: the reload is refused, nothing has changed: 1 error\n',
  });
});

t.test('why and explain are for people', async (t) => {
  const admission: Admission = {
    service: 'a/tcp',
    address: '192.0.2.7',
    verdict: 'refuse',
    reason: 'access',
    steps: [
      { test: 'access_times', result: 'passes', why: '' },
      { test: 'only_from 10.0.0.0/8 (xinetd.conf:12)', result: 'refuses', why: 'it is in none' },
    ],
  };
  const plan: LaunchPlan = {
    service: 'a/tcp',
    origin: '/etc/acceptd.conf:3',
    mode: 'per connection',
    answer: 'program',
    file: '/bin/sh',
    arguments: ['sh', '-c', 'echo hi'],
    environment: ['PATH=/bin', 'REMOTE_ADDR=<client address>'],
    credentials: { user: 'nobody', group: 'nogroup', groups: [] },
    directory: '/',
    root: null,
    umask: '022',
    nice: null,
    descriptors: ['0: the connection'],
    resourceLimits: [],
    limits: ['instances 64'],
    further: [],
  };
  const { path, asked } = await startControlServer(t, ({ url }) => ({
    json: url.includes('why') ? admission : plan,
  }));
  const told = await acceptd('why', '[2001:db8::1]:80', 'a/tcp', '--control', path);
  t.equal(asked[0]?.url, '/v1/services/a%2Ftcp/why?address=%5B2001%3Adb8%3A%3A1%5D%3A80');
  t.match(told, { code: 0, stdout: /^192\.0\.2\.7 would be refused by a\/tcp \(access\)$/m });
  t.match(
    told.stdout,
    /^ {2}passes {3}access_times\n {2}refuses {2}only_from 10\.0\.0\.0\/8 \(xinetd\.conf:12\): it is/m,
  );
  const { stdout } = await acceptd('explain', 'a/tcp', '--control', path);
  t.match(stdout, /^arguments +sh -c 'echo hi'$/m);
  t.match(stdout, /^environment +PATH=\/bin\n +REMOTE_ADDR=<client address>$/m);
  t.match(stdout, /^runs as +nobody, group nogroup$/m);
});

const record =
  '{"level":"info","time":"2026-11-26T10:00:00.000Z","event":"started","service":"a","msg":"a: started\\u001b[2J"}';
const stream: Said = (response) => {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.write(`${record.slice(0, 40)}`);
  setImmediate(() => response.end(`${record.slice(40)}\n\n${record}\n`));
};

t.test('log --follow gives records as they come, and says when there are no more', async (t) => {
  const { path, asked } = await startControlServer(t, ({ url }) =>
    url.includes('service=none') ? { status: 404, json: refusal('not-found', 'no such service') } : stream,
  );
  const { code, stdout, stderr } = await acceptd('log', '--follow', '--service', 'a/tcp', '--control', path);
  t.equal(asked[0]?.url, '/v1/log?follow=true&service=a%2Ftcp');
  t.equal(stdout, `${record}\n${record}\n`);
  t.match({ code, stderr }, { code: 71, stderr: /has ended its log/ });
  t.match(await acceptd('log', '--follow', '--service', 'none', '--control', path), {
    code: 1,
    stderr: /no such service/,
  });
});

t.test('on a terminal the log is readable, and does nothing to it', { skip: noTerminals }, async (t) => {
  const { path } = await startControlServer(t, () => stream);
  const terminal = startInTerminal(t, [process.execPath, mainModule, 'log', '--follow', '--control', path]);
  const { rest } = await terminal.ended();
  t.match(rest, /INFO[^\n]*: [^\n]*a: started\\u\{1b\}\[2J/);
});

t.test('the real server: it is looked at, tuned, signalled, loaded again and stopped', async (t) => {
  const port = await freePort();
  const path = join(temporaryDirectory(t), 'control');
  const config = `127.0.0.1:${port} stream tcp4 nowait ${userInfo().username} /bin/cat cat\n`;
  const server = await startAcceptd(t, { config, arguments: ['--control', path] });
  const client = await enter(port);
  const { stdout } = await acceptd('status', '--control', path);
  const id = /^\S+:\d+\S*/m.exec(stdout)?.[0] ?? '';
  const ask = (...words: readonly string[]) => acceptd(...words, '--control', path);
  t.match(stdout, /active +1\/\d+ +1 +0/);
  t.match(await ask('status', id), { code: 0, stdout: /handler .* 127\.0\.0\.1:\d+\n/ });
  t.match(await ask('set', id, 'instances=7'), { code: 0, stdout: /-> 7/ });
  t.match(await ask('why', '127.0.0.1', id), { code: 0, stdout: /would be admitted/ });
  t.match(await ask('explain', id), { code: 0, stdout: /^program +\/bin\/cat$/m });
  t.match(await ask('reload'), { code: 0, stdout: 'kept 1 listener\n' });
  const end = readToEnd(client);
  t.match(await ask('kill', id, '--signal', 'KILL'), { code: 0, stdout: /1 process/ });
  await end;
  t.match(await ask('kill', '1'), { code: 1 });
  t.match(await ask('stop', '--drain', '0'), { code: 0 });
  t.equal(await server.ended(), 0);
  t.match(await ask('status'), { code: 71 });
});
