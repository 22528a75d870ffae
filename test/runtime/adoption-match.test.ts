// Which of our sockets a server means by what it binds.
import t from 'tap';
import { findOurs, type InternetSocket, likenessOf } from '../../src/runtime/daemon/adoption-match.ts';

const socket = (host: string, rest: Partial<InternetSocket> = {}): InternetSocket => ({
  kind: 'internet',
  socketType: 'stream',
  version: host.includes(':') ? 6 : 4,
  host,
  port: 80,
  isV6Only: false,
  ...rest,
});
const v6Only = { isV6Only: true };

t.test('what is the same, what is nearly, and what has nothing to do with ours', async (t) => {
  const table = [
    [socket('127.0.0.1'), socket('127.0.0.1'), 'same'],
    [socket('127.0.0.1'), socket('127.0.0.1', { port: 81 }), 'other'],
    [socket('127.0.0.1'), socket('127.0.0.1', { socketType: 'dgram' }), 'other'],
    [socket('127.0.0.1'), socket('127.0.0.2'), 'near'],
    [socket('127.0.0.1'), socket('0.0.0.0'), 'near'],
    [socket('127.0.0.1'), socket('::'), 'near'],
    [socket('127.0.0.1'), socket('::', v6Only), 'other'],
    [socket('127.0.0.1'), socket('::1'), 'other'],
    [socket('::ffff:127.0.0.1'), socket('127.0.0.1'), 'same'],
    [socket('::ffff:127.0.0.1'), socket('::1'), 'other'],
    [socket('0.0.0.0'), socket('0.0.0.0'), 'same'],
    [socket('0.0.0.0'), socket('127.0.0.1'), 'same'],
    [socket('0.0.0.0'), socket('::'), 'same'],
    [socket('0.0.0.0'), socket('::', v6Only), 'other'],
    [socket('0.0.0.0'), socket('::1'), 'other'],
    [socket('::'), socket('127.0.0.1'), 'same'],
    [socket('::'), socket('::1'), 'same'],
    [socket('::', v6Only), socket('127.0.0.1'), 'other'],
    [socket('::', v6Only), socket('0.0.0.0'), 'other'],
    [socket('::', v6Only), socket('::'), 'same'],
    [socket('fe80::1%eth0'), socket('fe80::1'), 'same'],
  ] as const;
  for (const [wanted, ours, likeness] of table) {
    t.equal(likenessOf(wanted, ours), likeness, `${wanted.host} and our ${ours.host}`);
  }
});

const find = (
  wanted: InternetSocket,
  ours: readonly InternetSocket[],
  given: readonly InternetSocket[] = [],
) =>
  findOurs(
    wanted,
    ours.map((each) => ({ socket: each, ours: each })),
    (each) => given.includes(each),
  );

t.test('of several the one that serves most of the same clients', async (t) => {
  const [v4, v6, dual] = [socket('0.0.0.0'), socket('::', v6Only), socket('::')];
  const [local4, local6] = [socket('127.0.0.1'), socket('::1')];
  t.equal(find(socket('::'), [v4, v6, dual]).best, dual);
  t.equal(find(socket('0.0.0.0'), [dual, v4]).best, v4);
  t.equal(find(socket('::', v6Only), [dual, v6]).best, v6);
  t.same(find(socket('::'), [v4, v6]), { best: v6, leftOut: [v4], near: undefined });
  t.equal(find(socket('::'), [local4, local6]).best, local6);
  t.equal(find(socket('0.0.0.0'), [local4, v4]).best, v4);
});

t.test('each once before one a second time', async (t) => {
  const [one, two] = [socket('127.0.0.1'), socket('127.0.0.2')];
  t.same(find(socket('0.0.0.0'), [one, two]), { best: one, leftOut: [two], near: undefined });
  t.same(find(socket('0.0.0.0'), [one, two], [one]), { best: two, leftOut: [], near: undefined });
  t.same(find(socket('0.0.0.0'), [one, two], [one, two]), { best: one, leftOut: [], near: undefined });
});

t.test('a near one is named where none is the same', async (t) => {
  const one = socket('127.0.0.1');
  t.same(find(socket('127.0.0.3'), [one]), { best: undefined, leftOut: [], near: one });
});
