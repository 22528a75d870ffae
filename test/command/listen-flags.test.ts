// acceptd listen beside systemd-socket-activate: the same words, the same clients, and what the program finds.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { becomes } from '../support/becomes.ts';
import { hasProgram, searchPath } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { withOnly } from '../support/environment.ts';
import { freePorts } from '../support/ports.ts';
import { acceptd, mainModule, temporaryDirectory } from './stage.ts';

t.setTimeout(300_000);

const activate = '/usr/bin/systemd-socket-activate';
const handlers = compileHandlers('answer-one');

type Place = { readonly port: number; readonly other: number; readonly path: string; readonly out: string };

type Case = {
  readonly words: (place: Place) => readonly string[];
  readonly program: (place: Place) => readonly string[];
  readonly client: (place: Place) => Promise<unknown>;
};

/** Writes what it finds, once. */
const finder = ({ out }: Place): readonly string[] => [
  '/bin/sh',
  '-c',
  `echo "$LISTEN_FDS|$LISTEN_FDNAMES|$WORD|$PASSED|$SECRET|$TERM" >${out}.new; [ "$LISTEN_PID" = $$ ] && mv ${out}.new ${out}; exec sleep 60`,
];

const knock = (to: { readonly port: number } | { readonly path: string }, place: Place): Promise<unknown> => {
  const socket =
    'port' in to ? createConnection({ port: to.port, host: '127.0.0.1' }) : createConnection(to.path);
  socket.on('error', () => undefined).resume();
  return becomes(() => textOf(place) !== undefined).finally(() => socket.destroy());
};

const textOf = ({ out }: Place): string | undefined => {
  try {
    return readFileSync(out, 'utf8');
  } catch {
    return undefined;
  }
};

const found = async (
  to: (place: Place) => { readonly port: number } | { readonly path: string },
  place: Place,
) => {
  await knock(to(place), place);
  return textOf(place);
};

const hear = ({ port }: Place, text: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = '';
    const socket = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('data', (part) => {
      heard += String(part);
    });
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(heard));
    socket.write(text);
  });

const ask = async ({ port }: Place, text: string): Promise<string> => {
  const socket = createSocket('udp4');
  const answer = once(socket, 'message');
  socket.send(text, port, '127.0.0.1');
  const [heard] = await answer;
  socket.close();
  return String(heard);
};

/** A datagram, and then what was found. */
const poke = async (place: Place): Promise<string | undefined> => {
  const socket = createSocket('udp4');
  socket.send('x', place.port, '127.0.0.1');
  await becomes(() => textOf(place) !== undefined);
  socket.close();
  return textOf(place);
};

const at = ({ port }: Place): string => `127.0.0.1:${port}`;
const first = (place: Place) => found(({ port }) => ({ port }), place);

const cases: Readonly<Record<string, Case>> = {
  'two sockets in their order': {
    words: (place) => ['-l', at(place), '-l', `127.0.0.1:${place.other}`],
    program: finder,
    client: (place) => found(({ other }) => ({ port: other }), place),
  },
  'a unix socket, in the long form': {
    words: ({ path }) => [`--listen=${path}`],
    program: finder,
    client: (place) => found(({ path }) => ({ path }), place),
  },
  'one name': { words: (place) => ['-l', at(place), '--fdname=web'], program: finder, client: first },
  'a name for each': {
    words: (place) => ['-l', at(place), '-l', `127.0.0.1:${place.other}`, '--fdname', 'web:admin'],
    program: finder,
    client: first,
  },
  'variables, set and passed on': {
    words: (place) => ['-l', at(place), '-E', 'WORD=a b', '--setenv=PASSED'],
    program: finder,
    client: first,
  },
  'a datagram': { words: (place) => ['-d', '-l', at(place)], program: finder, client: poke },
  'a datagram, in the long form': {
    words: (place) => ['--datagram', '--listen', at(place)],
    program: finder,
    client: poke,
  },
  'stdin is the datagram socket': {
    words: (place) => ['-d', '--inetd', '-l', at(place)],
    program: () => [`${handlers}/answer-one`, '0'],
    client: (place) => ask(place, 'echoed'),
  },
  'stdin is the listener': {
    words: (place) => ['--inetd', '-l', at(place)],
    program: () => [`${handlers}/answer-one`, '0'],
    client: (place) => hear(place, 'x'),
  },
  'a program for each client, stdin is the connection': {
    words: (place) => ['-a', '--inetd', '-l', at(place), '-E', 'WORD=x'],
    program: () => ['/bin/sh', '-c', 'read line; echo "$LISTEN_FDS|$WORD|$line"'],
    client: async (place) => [await hear(place, 'one\n'), await hear(place, 'two\n')],
  },
  'a program for each client, descriptor 3 is the connection': {
    words: (place) => ['--accept', '-l', at(place), '-l', `127.0.0.1:${place.other}`],
    program: () => ['/bin/sh', '-c', 'read line <&3; echo "$LISTEN_FDS|$line" >&3'],
    client: async (place) => [
      await hear(place, 'one\n'),
      await hear({ ...place, port: place.other }, 'two\n'),
    ],
  },
};

const isGone = (exitCode: number | null, signal: string | null): boolean =>
  exitCode !== null || signal !== null;

/** Where no name is told, acceptd gives that of the program, and systemd-socket-activate none. */
const withoutNames = (answer: unknown): unknown =>
  typeof answer === 'string' ? answer.replace(/^(\d+)\|(sh(:sh)*)?\|/, '$1||') : answer;

/** What one of them makes of a case. */
const play = async (t: Test, command: readonly string[], each: Case): Promise<unknown> => {
  const [port = 0, other = 0] = await freePorts(2);
  const directory = temporaryDirectory(t);
  const place = { port, other, path: join(directory, 'socket'), out: join(directory, 'out') };
  const environment = { PATH: searchPath, PASSED: 'along', SECRET: 'kept', TERM: 'dumb' };
  const words = [...command, ...each.words(place), '--', ...each.program(place)];
  const child = spawn('env', withOnly(environment, words), {
    env: { PATH: searchPath },
    stdio: ['ignore', 'ignore', 'pipe'],
    // ends with what it has started
    detached: true,
  });
  let said = '';
  child.stderr.on('data', (part) => {
    said += String(part);
  });
  const ended = once(child, 'exit');
  try {
    const isListening = (): boolean =>
      each.words(place).filter((word) => /^(-l|--listen)/.test(word)).length <=
      (said.match(/[Ll]istening on/g)?.length ?? 0);
    await becomes(() => isListening() || isGone(child.exitCode, child.signalCode));
    return await each.client(place);
  } finally {
    if (child.pid !== undefined && !isGone(child.exitCode, child.signalCode))
      process.kill(-child.pid, 'SIGKILL');
    await ended;
  }
};

for (const [name, each] of Object.entries(cases)) {
  t.test(name, { skip: hasProgram(activate) ? false : 'needs systemd-socket-activate' }, async (t) => {
    const theirs = await play(t, [activate], each);
    const ours = await play(t, [process.execPath, mainModule, 'listen', '--drain', '0'], each);
    t.ok(theirs !== undefined && theirs !== '', String(theirs));
    t.strictSame(withoutNames(ours), withoutNames(theirs));
  });
}

t.test('what cannot be meant is told in one line that says what to write', async (t) => {
  const program = ['--', '/bin/cat'];
  const mistakes: readonly (readonly [string[], number, RegExp])[] = [
    [['-l', '127.0.0.1:7'], 64, /no program; write it after --/],
    [['-l', '127.0.0.1:7', '/bin/cat'], 64, /no program; write it after --/],
    [['-l', '127.0.0.1:99999', ...program], 78, /99999/],
    [['-l', '127.0.0.1:0x', ...program], 78, /0x/],
    [['-l', ...program], 64, /following: l/],
    [['-l', '7', '--fdname', ...program], 64, /fdname/],
    [['-l', '7', '--frobnicate', ...program], 64, /frobnicate/],
    [['-l', '7', '--accept', '--now', ...program], 64, /--now is for a daemon/],
    [['-l', '7', '-l', '8', '--inetd', ...program], 64, /only one socket can be stdin; add --accept/],
    [['-l', 'no.such.host.invalid:7', ...program], 78, /no\.such\.host\.invalid/],
    [['-l', '127.0.0.1:7', '-E', '=x', ...program], 78, /=x/],
    [['-l', '127.0.0.1:7', '--fdname', 'a\u0001b', ...program], 78, /name/],
    [['-l', 'vsock:x:y', ...program], 78, /vsock/],
  ];
  for (const [words, status, said] of mistakes) {
    const { code, stderr } = await acceptd('listen', ...words);
    t.equal(code, status, `${words.join(' ')}: ${stderr}`);
    t.match(stderr, said, words.join(' '));
  }
});
