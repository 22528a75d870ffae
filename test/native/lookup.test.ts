// Names of the system to numbers.
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { lookupAccount, lookupGroup, lookupPort, lookupRpcProgram } from '../../src/native/lookup.ts';

t.test('an account has its numbers and all its groups', async (t) => {
  t.match(await lookupAccount('root'), { name: 'root', uid: 0, gid: 0, home: '/root' });
  t.strictSame(await lookupAccount(0), await lookupAccount('root'));
  const [name = '', , uid, gid, , home, shell] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('nobody:'))
      ?.split(':') ?? [];
  t.strictSame(await lookupAccount(name), {
    name,
    uid: Number(uid),
    gid: Number(gid),
    groups: [Number(gid)],
    home,
    shell,
  });
});

t.test('a group has its number', async (t) => {
  t.equal(await lookupGroup('root'), 0);
});

t.test('names that nobody has are undefined', async (t) => {
  for (const name of ['', 'no such name', 'x'.repeat(2000), 'root:x', '0']) {
    t.equal(await lookupAccount(name), undefined);
    t.equal(await lookupGroup(name), undefined);
    t.equal(await lookupPort(name, 'tcp'), undefined);
    t.equal(await lookupRpcProgram(name), undefined);
  }
  t.equal(await lookupAccount(4_000_000_001), undefined);
});

const has = (file: string): false | string => (existsSync(file) ? false : `there is no ${file} here`);

t.test('a port belongs to a protocol', { skip: has('/etc/services') }, async (t) => {
  t.equal(await lookupPort('ftp', 'tcp'), 21);
  t.equal(await lookupPort('tftp', 'udp'), 69);
  t.equal(await lookupPort('tftp', 'tcp'), undefined);
});

t.test('an RPC program has its number and aliases', { skip: has('/etc/rpc') }, async (t) => {
  t.equal(await lookupRpcProgram('portmapper'), 100_000);
  t.equal(await lookupRpcProgram('rpcbind'), await lookupRpcProgram('portmapper'));
});

t.test('many look-ups at once are all answered', async (t) => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => lookupAccount('root')));
  t.ok(answers.every((answer) => answer?.uid === 0));
});
