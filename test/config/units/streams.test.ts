// What the three standard descriptors are, by all that a unit may say of them.
import t from 'tap';
import { readService } from './service.ts';

const streams = (text: string, role: 'accept' | 'sockets' = 'accept') => {
  const { part, messages } = readService(`ExecStart=/bin/a\n${text}`, { role });
  const { stdin, stdout, stderr, hasFd3 } = part?.surroundings ?? {};
  return { stdin, stdout, stderr, hasFd3, activation: part?.daemon?.activation, messages };
};
const lines = (...values: readonly (string | undefined)[]): string =>
  ['StandardInput', 'StandardOutput', 'StandardError']
    .flatMap((key, index) => (values[index] === undefined ? [] : [`${key}=${values[index]}`]))
    .join('\n');

t.test('a connection is the stream that says socket, and descriptor 3 where none does', async (t) => {
  const file = { path: '/tmp/f', how: 'append' };
  for (const [written, stdin, stdout, stderr, hasFd3] of [
    [[], 'null', 'log', 'log', true],
    [['null'], 'null', 'log', 'log', true],
    [['socket'], 'client', 'client', 'client', false],
    [['socket', 'journal'], 'client', 'log', 'log', false],
    [['socket', undefined, 'journal'], 'client', 'client', 'log', false],
    [['socket', 'null', 'socket'], 'client', 'null', 'client', false],
    [['socket', 'inherit', 'null'], 'client', 'client', 'null', false],
    [[undefined, 'socket'], 'null', 'client', 'client', false],
    [[undefined, 'socket', 'journal'], 'null', 'client', 'log', false],
    [[undefined, undefined, 'socket'], 'null', 'log', 'client', false],
    [[undefined, 'inherit'], 'null', 'null', 'null', true],
    [[undefined, 'null'], 'null', 'null', 'null', true],
    [[undefined, 'append:/tmp/f'], 'null', file, file, true],
    [[undefined, 'append:/tmp/f', 'journal'], 'null', file, 'log', true],
    [['socket', undefined, 'append:/tmp//f'], 'client', 'client', file, false],
    [
      ['file:/tmp/f', 'file:/tmp/f'],
      { path: '/tmp/f', how: 'read' },
      { path: '/tmp/f', how: 'write' },
      { path: '/tmp/f', how: 'write' },
      true,
    ],
    [
      [undefined, 'truncate:/tmp/f', 'inherit'],
      'null',
      { path: '/tmp/f', how: 'truncate' },
      { path: '/tmp/f', how: 'truncate' },
      true,
    ],
  ] as const) {
    t.same(
      streams(lines(...written)),
      { stdin, stdout, stderr, hasFd3, activation: undefined, messages: [] },
      written.join(' ') || 'nothing written',
    );
  }
});

t.test('a server of all sockets has them from 3 on, or its only one as a stream', async (t) => {
  t.match(streams('', 'sockets'), { stdin: 'null', hasFd3: false, activation: 'listen-fds' });
  t.match(streams('StandardInput=socket', 'sockets'), { stdin: 'client', activation: 'inetd' });
  t.match(streams('StandardOutput=socket', 'sockets'), { stdout: 'client', activation: 'inetd' });
  const two = readService('ExecStart=/bin/a\nStandardInput=socket', { socketCount: 2 });
  t.match(two.messages.join(), '3:15: error: it has 2 sockets, and can be its stream only where it is one');
  const backend = readService('ExecStart=/bin/a\nStandardInput=socket', { role: 'backend' });
  t.match(backend.messages.join(), 'it has no socket, as a relay is before it');
});

t.test('what goes to others than the log goes to the log, and is told', async (t) => {
  for (const word of ['kmsg', 'journal+console', 'kmsg+console', 'tty']) {
    const { stdout, messages } = streams(`StandardOutput=${word}`);
    t.equal(stdout, 'log');
    t.match(messages.join(), '3:16: warning: ');
  }
});

t.test('what is no stream is an error', async (t) => {
  for (const [text, message] of [
    ['StandardInput=tty', "'tty' is no input here"],
    ['StandardInput=fd:web', "'fd:web' is no input here"],
    ['StandardInput=data', 'there is no StandardInputText='],
    ['StandardInputText=hello', 'text for the standard input is not written'],
    ['StandardInput=sokcet', "'sokcet' is no input"],
    ['StandardOutput=fd:web', "'fd:web' is no output here"],
    ['StandardOutput=file:log', "'log' is no absolute path"],
    ['StandardError=nothing', "'nothing' is no output"],
  ] as const) {
    t.match(streams(text).messages.join(), `error: ${message}`);
  }
});
