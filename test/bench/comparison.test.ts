import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { projectDirectory } from '../../bench/peers/compiler.ts';
import { searchPath } from '../support/command.ts';
import { withOnly } from '../support/environment.ts';

const main = join(projectDirectory, 'dist', 'bench', 'peers', 'main.js');

const run = async (directory: string, ...commandLine: readonly string[]) => {
  const environment = { PATH: searchPath, TMPDIR: directory };
  const child = spawn('env', withOnly(environment, [process.execPath, main, ...commandLine]), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, complaints] = ['', ''];
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const [status] = await once(child, 'close');
  return { status, output, complaints };
};

test('a short comparison prints a row for everything and keeps every measurement', async (t) => {
  const directory = t.testdir();
  const json = join(directory, 'found.json');
  const html = join(directory, 'found.html');
  const only = ['--only', 'floor/static', '--only', 'acceptd/static'];
  const short = ['--rounds', '1', '--duration', '50', '--warm-up', '10', '--largest', '200'];
  const files = ['--json', json, '--html', html];
  const found = await run(directory, ...only, ...short, ...files, '--scenarios', 'clients,burst');
  t.equal(found.status, 0, found.complaints);
  for (const heading of [
    'glibc handler, static: first byte, us',
    'glibc handler, static: connections/s',
    'burst',
  ])
    for (const server of ['bare C loop', 'acceptd'])
      t.match(
        found.output,
        new RegExp(`\\| ${heading} [^\\n]*\\n(\\|[^\\n]*\\n)*\\| ${server} +\\| +[\\d,]+ `),
        `${heading}: ${server}`,
      );
  t.notMatch(found.output, /connections that are lost[^\n]*MISS/, 'nobody is lost');
  const { samples, command } = JSON.parse(readFileSync(json, 'utf8'));
  t.match(command, /^npm run bench:peers -- --only floor\/static/);
  // two servers, four numbers of clients, and one burst each
  t.equal(samples.length, 2 * 4 + 2);
  for (const { server, clients, measurement } of samples)
    t.ok(measurement.connections > 0 && measurement.rate > 0, `${server} at ${clients} clients was measured`);
  t.match(readFileSync(html, 'utf8'), /<svg.*bare C loop.*acceptd/s);
  t.same(readdirSync(directory).toSorted(), ['found.html', 'found.json'], 'nothing else is left');
});

test('an option that cannot be is an error of usage', async (t) => {
  const { status, output, complaints } = await run(t.testdir(), '--only', 'nobody');
  t.same([status, output], [64, '']);
  t.match(complaints, /^bench: --only knows no "nobody"; there are floor, /);
});

test('a comparison that is interrupted leaves no server and no file behind', async (t) => {
  const directory = t.testdir();
  const only = ['--only', 'acceptd/empty', '--scenarios', 'clients', '--rounds', '1000'];
  const environment = { PATH: searchPath, TMPDIR: directory };
  const child = spawn('env', withOnly(environment, [process.execPath, main, ...only]), {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await once(child.stderr, 'data');
  child.kill('SIGINT');
  const [status] = await once(child, 'close');
  t.equal(status, 1);
  t.same(readdirSync(directory), []);
});
