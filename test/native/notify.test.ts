// The notify socket: messages with the pid and user of who sends them, descriptors that are never lost sight of.
import { execFileSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { type Descriptor, descriptorOf } from '../../src/model/descriptor.ts';
import { isSameFile, openNotify, receiveNotify, sendNotify } from '../../src/native/notify.ts';
import { hasProgram, isRoot, searchPath } from '../support/command.ts';
import { openEngine, readable, recipeOf } from '../support/engine.ts';

const { kernel, ended } = openEngine(t);
const systemdNotify = '/usr/bin/systemd-notify';
const without = hasProgram(systemdNotify) ? false : 'there is no systemd-notify';

const countDescriptors = (): number => readdirSync('/proc/self/fd').length;
const isCloseOnExec = (descriptor: Descriptor): boolean =>
  /^flags:\s*0?2\d{6}$/m.test(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'));

const receive = async (descriptor: Descriptor) => {
  await readable(kernel, descriptor);
  const receipt = receiveNotify(descriptor);
  if (receipt === undefined) throw new Error('there is no message');
  return receipt;
};

t.test('each socket has a name of its own that is in no directory, and ends with its descriptor', (t) => {
  const before = countDescriptors();
  const [one, other] = [openNotify(kernel), openNotify(kernel)];
  t.match(one.address, /^@[0-9a-f]+$/);
  t.not(one.address, other.address);
  t.ok(isCloseOnExec(one.descriptor));
  t.equal(receiveNotify(one.descriptor), undefined, 'nobody has said anything');
  kernel.close(one.descriptor);
  t.throws(() => sendNotify(one.address, 'READY=1', []), { code: 'ECONNREFUSED' });
  kernel.close(other.descriptor);
  t.equal(countDescriptors(), before);
  t.end();
});

t.test(
  'systemd-notify is heard, and its barrier ends when its descriptor is closed',
  { skip: without },
  async (t) => {
    const { descriptor, address } = openNotify(kernel);
    const recipe = recipeOf(kernel, systemdNotify, {
      arguments: ['systemd-notify', '--ready', '--status=at work'],
      environment: [`NOTIFY_SOCKET=${address}`],
      layout: ['null', 'null', 'null'],
    });
    const pid = kernel.spawn(recipe, kernel.openNull(), undefined, 'give');
    const message = await receive(descriptor);
    t.match(message, { uid: process.getuid?.(), gid: process.getgid?.(), isCut: false, descriptors: [] });
    t.strictSame(message.text.split('\n').sort(), ['READY=1', 'STATUS=at work']);
    const barrier = await receive(descriptor);
    t.equal(barrier.text, 'BARRIER=1');
    t.equal(barrier.descriptors.length, 1);
    for (const each of barrier.descriptors) kernel.close(each);
    t.equal((await ended(pid)).status, 0);
    kernel.close(descriptor);
  },
);

const asNobody = isRoot ? without : 'only root can start a program as somebody else';
t.test('who sends is told by the kernel', { skip: asNobody }, async (t) => {
  const { descriptor, address } = openNotify(kernel);
  const recipe = recipeOf(kernel, systemdNotify, {
    arguments: ['systemd-notify', '--no-block', 'STATUS=from nobody'],
    environment: [`NOTIFY_SOCKET=${address}`],
    layout: ['null', 'null', 'null'],
    credentials: { uid: 65_534, gid: 65_533, groups: [] },
  });
  const pid = kernel.spawn(recipe, kernel.openNull(), undefined, 'give');
  t.match(await receive(descriptor), { pid, uid: 65_534, gid: 65_533, text: 'STATUS=from nobody' });
  await ended(pid);
  kernel.close(descriptor);
});

t.test('as many descriptors as a message can have belong to who receives it', (t) => {
  const before = countDescriptors();
  const { descriptor, address } = openNotify(kernel);
  const sent = Array.from({ length: 253 }, () => kernel.openNull());
  sendNotify(address, 'FDSTORE=1', sent);
  const receipt = receiveNotify(descriptor);
  const got = receipt?.descriptors ?? [];
  t.match(receipt, { text: 'FDSTORE=1', pid: process.pid, hasLostDescriptors: false });
  t.equal(new Set([...got, ...sent]).size, 506, 'all are new numbers');
  t.ok(got.every(isCloseOnExec));
  t.ok(
    got.every((each) => each < 48 || each >= 1024),
    'and stand where they cost no handler anything',
  );
  t.ok(got.every((each, index) => isSameFile(each, sent[index] ?? each)));
  t.throws(() => sendNotify(address, 'FDSTORE=1', [...sent, descriptor]), { code: 'E2BIG' });
  for (const each of [...got, ...sent, descriptor]) kernel.close(each);
  t.equal(countDescriptors(), before);
  t.end();
});

/** Takes all descriptors there are but so many. */
const fillTable = (left: number): readonly Descriptor[] => {
  execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=2048:'], { env: { PATH: searchPath } });
  const taken: Descriptor[] = [];
  try {
    while (taken.length < 4096) taken.push(kernel.openNull());
  } catch {
    // EMFILE: that was the last one
  }
  for (const each of taken.splice(0, left)) kernel.close(each);
  return taken;
};

t.test('where our table is full what does not fit is told and nothing leaks', (t) => {
  const { descriptor, address } = openNotify(kernel);
  const sent = Array.from({ length: 20 }, () => kernel.openNull());
  sendNotify(address, 'FDSTORE=1', sent);
  const before = countDescriptors();
  const taken = fillTable(3);
  const receipt = receiveNotify(descriptor);
  for (const each of taken) kernel.close(each);
  t.match(receipt, { text: 'FDSTORE=1', hasLostDescriptors: true });
  t.equal(receipt?.descriptors.length, 3);
  for (const each of receipt?.descriptors ?? []) kernel.close(each);
  t.equal(countDescriptors(), before);
  for (const each of [...sent, descriptor]) kernel.close(each);
  t.end();
});

t.test('a message that is too long is cut behind a whole line', (t) => {
  const { descriptor, address } = openNotify(kernel);
  const line = `STATUS=${'x'.repeat(92)}\n`;
  const exact = `${line.repeat(40)}${'y'.repeat(96)}`;
  sendNotify(address, exact, []);
  t.match(receiveNotify(descriptor), { text: exact, isCut: false }, '4096 bytes are not too long');
  sendNotify(address, `${line.repeat(40)}MAINPID=${'1'.repeat(100)}`, []);
  t.match(receiveNotify(descriptor), { text: line.repeat(40), isCut: true });
  sendNotify(address, 'z'.repeat(9000), []);
  t.match(receiveNotify(descriptor), { text: '', isCut: true });
  kernel.close(descriptor);
  t.end();
});

t.test('any bytes are a message, and one after the other', (t) => {
  const { descriptor, address } = openNotify(kernel);
  const texts = ['', '\0', 'READY=1\0X', '\u{1f600}=\u00e9', '\n\n=\n'];
  for (const text of texts) sendNotify(address, text, []);
  t.strictSame(
    texts.map(() => receiveNotify(descriptor)?.text),
    texts,
  );
  t.equal(receiveNotify(descriptor), undefined);
  kernel.close(descriptor);
  t.end();
});

t.test('what cannot be told has a reason', (t) => {
  t.throws(() => sendNotify('vsock:2:9999', 'READY=1', []), {
    code: 'EAFNOSUPPORT',
    message: 'cannot notify vsock:2:9999: only a unix socket can be notified',
  });
  t.throws(() => sendNotify('', 'READY=1', []), { code: 'EAFNOSUPPORT' });
  t.throws(() => sendNotify('/nowhere/notify', 'READY=1', []), { code: 'ENOENT' });
  t.throws(() => sendNotify(`/${'x'.repeat(200)}`, 'READY=1', []), { code: 'ENAMETOOLONG' });
  const { descriptor, address } = openNotify(kernel);
  t.throws(
    () => {
      for (let count = 0; count < 100_000; count++) sendNotify(address, 'READY=1', []);
    },
    { code: 'EAGAIN' },
    'a reader that does not read holds up nobody',
  );
  kernel.close(descriptor);
  t.throws(() => receiveNotify(descriptor), { code: 'EBADF' });
  t.end();
});

t.test('two descriptors of one open file are told from two openings', (t) => {
  const path = '/proc/self/exe';
  const [one, other] = [descriptorOf(openSync(path, 'r')), descriptorOf(openSync(path, 'r'))];
  t.equal(isSameFile(one, one), true);
  t.equal(isSameFile(one, other), false);
  kernel.close(one);
  kernel.close(other);
  t.throws(() => isSameFile(one, other), { code: 'EBADF' });
  t.end();
});
