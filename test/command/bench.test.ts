// acceptd bench as a user has it: targets, handlers, what is printed and kept, and how it refuses.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readResults } from '../../src/measure/stored.ts';
import { hasProgram, isRoot, run, searchPath } from '../support/command.ts';
import { withOnly } from '../support/environment.ts';
import { freePort } from '../support/ports.ts';
import { acceptd, mainModule, serve, temporaryDirectory } from './stage.ts';

const readOne = (file: string) => {
  const [result] = readResults(readFileSync(file, 'utf8'), file);
  if (result === undefined) throw new Error(`${file} is empty`);
  return result;
};

/** A server with an echo and a date; gives their ports. */
const serveTwo = async (t: Parameters<typeof serve>[0], words: readonly string[] = []) => {
  const directory = temporaryDirectory(t);
  const [echo, date] = [await freePort(), await freePort()];
  const user = isRoot ? 'root' : '-';
  writeFileSync(
    join(directory, 'two.conf'),
    `127.0.0.1:${echo} stream tcp nowait ${user} internal echo\n` +
      `127.0.0.1:${echo} dgram udp wait ${user} internal echo\n` +
      `127.0.0.1:${date} stream tcp nowait ${user} /bin/date date\n`,
  );
  const server = await serve(t, ['run', '-f', join(directory, 'two.conf'), ...words]);
  return { echo, date, directory, server };
};

t.test('a running server is measured, with its processes, and the result is kept', async (t) => {
  const { date, directory, server } = await serveTwo(t);
  const [json, html] = [join(directory, 'run.json'), join(directory, 'run.html')];
  const words = ['--clients', '4', '--count', '200', '--name', 'the date', '--json', json, '--html', html];
  const { code, stdout, stderr } = await acceptd('bench', `${date}`, ...words);
  t.equal(code, 0);
  t.equal(stderr, '', 'no progress line where there is no terminal');
  for (const part of [
    /closed loop, 4 clients/,
    /first byte/,
    /connections\/s/,
    /errors +none/,
    /the client alone/,
  ])
    t.match(stdout, part);
  const result = readOne(json);
  t.match(result, { name: 'the date', target: `${date}`, connections: 200, isInterrupted: false });
  t.match(result.settings, { loop: 'closed', clients: 4, count: 200, closes: 'reset' });
  t.match(result.server, { pid: server.pid });
  t.ok((result.floor?.rate ?? 0) > result.rate, 'the client alone is faster');
  const page = readFileSync(html, 'utf8');
  t.match(page, /<svg/);
  t.match(page, /the date/);
  t.equal(await server.stop(), 0);
});

t.test('questions are asked of streams and datagrams, in a closed and in an open loop', async (t) => {
  const { echo, directory } = await serveTwo(t);
  const json = join(directory, 'run.json');
  const words = ['--send', 'a\\x41\\r\\n', '--expect', 'aA\\r\\n', '--no-floor', '--json', json];
  for (const [target, ...more] of [
    [`${echo}`, '--count', '50'],
    [`${echo}`, '--count', '50', '--until', 'answer'],
    [`udp:127.0.0.1:${echo}`, '--count', '50'],
    [`${echo}`, '--count', '50', '--rate', '500', '--arrivals', 'poisson', '--seed', '7'],
    [`${echo}`, '--count', '50', '--source', '127.0.0.0/8'],
  ]) {
    const { code, stderr } = await acceptd('bench', target ?? '', ...more, ...words);
    t.equal(code, 0, `${[target, ...more].join(' ')}: ${stderr}`);
    const { connections, errors, floor } = readOne(json);
    t.equal(connections, 50);
    t.equal(
      Object.values(errors).reduce((sum, count) => sum + count),
      0,
    );
    t.equal(floor, undefined);
  }
});

t.test('a handler is measured on servers of its own, step by step', async (t) => {
  const directory = temporaryDirectory(t);
  const json = join(directory, 'run.json');
  const words = ['--handler', '--count', '100', '--clients', '2', '--no-floor', '--json', json];
  const { code, stdout, stderr } = await acceptd('bench', ...words, '--', '/bin/echo', 'a b');
  t.equal(code, 0, stderr);
  t.match(stdout, /\/bin\/echo 'a b': closed loop, 2 clients/);
  const { phases, connections } = readOne(json);
  t.equal(connections, 100);
  const names = phases?.sequence.map(({ name }) => name) ?? [];
  for (const step of ['connect', 'accept queue', 'admission', 'clone', 'set-up', 'first byte'])
    t.ok(names.includes(step), `${step} of ${names.join(', ')}`);
  t.ok((phases?.traced ?? 0) > 90, `${phases?.traced} were followed`);
  t.ok((phases?.unknown.length ?? 0) > 0, 'what cannot be known is said');
});

t.test('a running acceptd that traces shows the steps of its connections', async (t) => {
  const trace = join(temporaryDirectory(t), 'trace');
  const { date } = await serveTwo(t, ['--trace', trace]);
  const { code, stdout } = await acceptd('bench', `${date}`, '--count', '50', '--no-floor', '--trace', trace);
  t.equal(code, 0);
  t.match(stdout, /^accept queue /m);
  t.match(stdout, /^50 connections could be followed/m);
});

t.test('kept runs are compared, with a new one or among themselves', async (t) => {
  const { date, directory } = await serveTwo(t);
  const [one, two] = [join(directory, 'one.json'), join(directory, 'two.json')];
  const quick = ['--count', '20', '--no-floor'];
  await acceptd('bench', `${date}`, ...quick, '--name', 'one', '--json', one);
  const second = await acceptd(
    'bench',
    `${date}`,
    ...quick,
    '--name',
    'two',
    '--json',
    two,
    '--compare',
    one,
  );
  t.match(second.stdout, /^one .*1\.00[x×]/m);
  t.match(second.stdout, /^two /m);
  const html = join(directory, 'both.html');
  const both = await acceptd('bench', '--compare', one, two, '--html', html);
  t.equal(both.code, 0);
  t.match(both.stdout, /^one [\s\S]*^two /m);
  t.match(readFileSync(html, 'utf8'), /Comparison of 2 runs/);
});

t.test('what cannot be measured is said in one line', async (t) => {
  const { echo, date, directory } = await serveTwo(t);
  const closed = await freePort();
  const missing = join(directory, 'missing.json');
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[`${closed}`], 71, /connection is refused/],
    [[`${echo}`, '--timeout', '300ms'], 71, /no end after 0\.3 s; .*--send/],
    [[`${date}`, '--expect', 'nothing of the kind'], 71, /does not begin with/],
    [[join(directory, 'no.sock')], 71, /connection is refused/],
    [[`${date}`, '--source', '192.0.2.0/24', '--count', '1'], 71, /--source/],
    [['nobody.invalid:80'], 71, /has no address/],
    [['1.2.3.4.5:x:y'], 64, /is no (?:address|host)/],
    [[`${date}`, '--duration', 'soon'], 64, /--duration takes a length of time/],
    [[`${date}`, '--duration', '1', '--count', '1'], 64, /choose one/],
    [[`${date}`, '--until', 'answer'], 64, /needs --expect/],
    [[`${date}`, '--send', '\\q'], 64, /--send: '\\q' means nothing/],
    [[`${date}`, '--send', `@${missing}`], 64, /--send: cannot read .*missing/],
    [[`${date}`, '--rate', '0'], 64, /--rate takes a number above 0/],
    [[`${date}`, '--rate', '1e9', '--duration', '1h'], 64, /too many to plan/],
    [[`${date}`, '--compare', missing], 71, /missing\.json/],
    [[`${date}`, '--trace', missing, '--count', '1'], 71, /no file .*missing/],
    [[], 64, /no target/],
    [['--handler'], 64, /no handler/],
    [[`${date}`, '--handler', '--', '/bin/date'], 64, /leave the target out/],
    [[`${date}`, '--', '/bin/date'], 64, /add --handler/],
  ];
  for (const [words, status, complaint] of cases) {
    const { code, stdout, stderr } = await acceptd('bench', ...words);
    t.equal(code, status, words.join(' '));
    t.match(stderr, complaint);
    t.match(stderr, /^acceptd: [^\n]+\n$/, 'one line');
    t.equal(stdout, '');
  }
});

t.test('an interrupted run prints what there is', async (t) => {
  const { date, directory, server } = await serveTwo(t);
  const json = join(directory, 'run.json');
  const words = ['bench', `${date}`, '--duration', '1h', '--warmup', '0', '--json', json];
  const child = spawn('env', withOnly({ PATH: searchPath }, [process.execPath, mainModule, ...words]), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (text: Buffer) => {
    stdout += text;
  });
  const closed = once(child, 'close');
  // one connection looks whether anybody is there; with many more the run is under way
  await server.untilSaid(/"event":"exited"/, 200);
  child.kill('SIGINT');
  const [code] = await closed;
  t.equal(code, 0);
  t.match(stdout, /interrupted at/);
  t.match(readOne(json), { isInterrupted: true });
});

t.test(
  'a terminal shows how far the run is',
  { skip: hasProgram('/usr/bin/script') ? false : 'there is no script(1)' },
  async (t) => {
    const { date } = await serveTwo(t);
    const line = `${process.execPath} ${mainModule} bench ${date} --duration 1500ms --warmup 0 --no-floor`;
    const { stdout } = await run('/usr/bin/script', ['-qec', line, '/dev/null'], {
      environment: { TERM: 'vt100' },
    });
    t.match(stdout, /\r *\d\.\d \/ 1\.5 s +[\d,]+\/s +p50 .*p99 .*no errors/);
  },
);

t.test('the result can go to stdout alone', async (t) => {
  const { date } = await serveTwo(t);
  const { stdout } = await acceptd('bench', `${date}`, '--count', '5', '--no-floor', '--json', '-');
  t.equal(readResults(stdout, 'stdout').length, 1);
  t.notOk(existsSync('-'));
});
