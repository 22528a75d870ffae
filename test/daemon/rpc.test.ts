// SunRPC services as their clients find them: through a real rpcbind.
import t from 'tap';
import { serviceNamed, startWith } from '../conformance/xinetd-stage.ts';
import { inside, needsRpcbind, startRpcbind } from '../support/rpcbind-server.ts';

const rpcService = (name: string, number: number, ...lines: readonly string[]): string =>
  serviceNamed(name, 0, 'type = RPC UNLISTED', `rpc_number = ${number}`, ...lines).replace(
    /^port = .*\n/m,
    '',
  );

/** Of the range for private use (RFC 5531). */
const first = 0x2000_0b00;

t.test('an RPC service is found over both families, and by its versions', needsRpcbind, async (t) => {
  const rpcbind = await startRpcbind(t);
  const acceptd = await startWith(
    t,
    [
      rpcService('waits', first, 'rpc_version = 1-2', 'socket_type = dgram', 'protocol = udp', 'wait = yes'),
      rpcService('single', first + 1, 'rpc_version = 3'),
      rpcService('old', first + 2, 'rpc_version = 1', 'wait = yes', 'flags = IPv4'),
      rpcService('new', first + 3, 'rpc_version = 1', 'wait = yes', 'v6only = yes'),
    ].join(''),
    { under: ['nsenter', '--target', String(rpcbind.pid), '--mount', '--net'] },
  );
  const isTold = (): boolean => acceptd.records.filter(({ event }) => event === 'rpc-registered').length >= 8;
  await acceptd.waitFor(isTold, 'eight registrations');
  const found = inside(rpcbind, 'rpcinfo')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([number, version, netid]) => `${Number(number) - first} ${version} ${netid}`)
    .filter((line) => /^[0-3] /.test(line));
  t.same(found.toSorted(), [
    '0 1 udp',
    '0 1 udp6',
    '0 2 udp',
    '0 2 udp6',
    '1 3 tcp',
    '1 3 tcp6',
    '2 1 tcp',
    '3 1 tcp6',
  ]);
  await acceptd.stop();
  t.notMatch(inside(rpcbind, 'rpcinfo'), new RegExp(`^ +${first} `, 'm'), 'nothing is left behind');
});
