// A contest's challenge in a container: in a root of its own, with little time, little memory, few players at once.
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { follow, type Guest, needsRoot } from '../conformance/stage.ts';
import { createDesk, startWith } from '../conformance/xinetd-stage.ts';
import { compileHandlers } from '../support/compile.ts';
import { callFrom, tell } from '../support/knock.ts';
import { freePort } from '../support/ports.ts';
import { checkNothingIsLeft, descriptorsOf, looks, putUnderLoad } from './crowd.ts';

const question = 'who are you?\n';
const full = 'too many players, come back later\n';
const perSource = 6;
const instances = 10;
const account = 61_000 + (process.pid % 4000);

t.test('a challenge is played, abused and flooded, and stays playable', needsRoot, async (t) => {
  const desk = createDesk(t);
  const port = await freePort();
  const root = join(desk.directory, 'root');
  mkdirSync(root);
  chmodSync(root, 0o755);
  copyFileSync(join(compileHandlers('challenge'), 'challenge'), join(root, 'challenge'));
  writeFileSync(join(desk.directory, 'full'), full);
  const acceptd = await startWith(
    t,
    `${desk.defaults()}
service ctf
{
	disable     = no
	socket_type = stream
	protocol    = tcp
	wait        = no
	user        = root
	type        = UNLISTED
	port        = ${port}
	bind        = 0.0.0.0
	server      = /usr/bin/timeout
	# six seconds for everybody, then the end
	server_args = -s KILL 6 /usr/sbin/chroot --userspec=${account}:${account} ${root} /challenge
	banner_fail = ${desk.directory}/full
	per_source  = ${perSource}
	instances   = ${instances}
	rlimit_cpu  = 1
	rlimit_as   = 64M
	cps         = 10000 1
}
`,
    { arguments: ['--drain', '1'] },
  );
  const descriptors = descriptorsOf(acceptd);
  const enter = (from: string): Guest => follow(callFrom(from, port).socket);
  const say = async (guest: Guest, word: string): Promise<string> => {
    await guest.firstLine();
    guest.socket.write(`${word}\n`);
    return (await guest.end()).slice(question.length);
  };

  t.equal(await say(enter('127.9.0.1'), 'alice'), 'hello alice\n');
  t.equal(
    await say(enter('127.9.0.1'), 'where'),
    `uid ${account}, gid ${account}, root alone\n`,
    'another user in another root',
  );
  t.match(await say(enter('127.9.0.1'), 'eat'), /^no memory after [1-6]?\d MiB\n$/);
  t.equal(await say(enter('127.9.0.1'), 'spin'), '', 'who spins is ended by the limit of processor time');
  const dead = await desk.untilEntries((all) => all.filter((each) => each.startsWith('EXIT')).length >= 4);
  t.ok(
    dead.some((each) => /^EXIT: ctf (?:status=137|signal=9) /.test(each)),
    'and the log says so',
  );

  // two sources fill all places with players who say nothing; whoever else comes is told so
  const idle = ['127.9.1.1', '127.9.1.2'].flatMap((from) =>
    Array.from({ length: perSource }, () => enter(from)),
  );
  const first = await Promise.all(idle.map((guest) => guest.firstLine()));
  const admitted = idle.filter((_, index) => `${first[index]}\n` === question);
  t.equal(admitted.length, instances, 'as many as there are places');
  t.equal(first.filter((line) => `${line}\n` === full).length, 2 * perSource - instances);
  const late = callFrom('127.9.1.3', port);
  t.equal(tell(await late.until(() => false)), `said: ${full}`);
  late.socket.destroy();
  // half-open, reset, silent: some say that they end, some vanish, the rest is ended by timeout
  for (const [index, { socket }] of admitted.entries()) {
    if (index % 3 === 0) socket.end();
    if (index % 3 === 1) socket.resetAndDestroy();
  }
  await Promise.all(admitted.filter((_, index) => index % 3 !== 1).map((guest) => guest.end()));
  await checkNothingIsLeft(t, acceptd, descriptors);

  const count = 300;
  const asked = { port, clients: 12, count, send: 'bob\\n', expect: question.replace('\n', '\\n') };
  const { served, failed } = await putUnderLoad(asked);
  t.equal(served + failed, count, 'everybody has got an answer of one kind');
  t.ok(served >= perSource, `${served} played, ${failed} were turned away`);
  await checkNothingIsLeft(t, acceptd, descriptors);
  const everybody = 4 + idle.length + 1 + looks + count;
  const linesOf = (all: readonly string[], start: string): number =>
    all.filter((each) => each.startsWith(start)).length;
  const entries = await desk.untilEntries(
    (all) =>
      linesOf(all, 'EXIT') >= 4 + instances + served &&
      linesOf(all, 'START') + linesOf(all, 'FAIL') >= everybody,
  );
  const lines = (start: string): number => linesOf(entries, start);
  t.equal(lines('START: ctf '), lines('EXIT: ctf '), 'who has come has gone');
  t.equal(
    lines('START: ctf ') + lines('FAIL: ctf '),
    everybody,
    'everybody is in the log, served or turned away',
  );
  t.equal(await say(enter('127.9.0.1'), 'carol'), 'hello carol\n', 'and the next player plays');
});
