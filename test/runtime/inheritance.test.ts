// Which socket that acceptd was started with is which endpoint's listener, and which is nobody's.
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { addressKey, type FifoAddress, type ListenAddress } from '../../src/model/address.ts';
import type { Descriptor } from '../../src/model/descriptor.ts';
import { openFifo } from '../../src/native/place.ts';
import { createInheritance, type Inheritance } from '../../src/runtime/inheritance.ts';
import { storedName } from '../../src/runtime/stored-name.ts';
import { listenAt, openEngine, unixAt } from '../support/engine.ts';
import { tcp } from '../support/services.ts';

const { kernel } = openEngine(t);
const directory = mkdtempSync(join(tmpdir(), 'acceptd-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));

const countDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** A bound socket and its port. */
const bound = (
  host: string,
  { isDual = false, socketType = 'stream' as 'stream' | 'dgram' } = {},
): readonly [Descriptor, number] => {
  const address = tcp(host, 0, { socketType });
  const descriptor = kernel.openSocket(address.version, socketType);
  if (address.version === 6) kernel.setOption(descriptor, 'IPV6_V6ONLY', isDual ? 0 : 1);
  kernel.bindInternet(descriptor, address);
  if (socketType === 'stream') kernel.listen(descriptor, 8);
  return [descriptor, kernel.portOf(descriptor)];
};

const claim = (
  inheritance: Inheritance,
  address: ListenAddress,
  siblings: readonly ListenAddress[] = [address],
): Descriptor | undefined => inheritance.claim(addressKey(address), address, siblings)?.descriptor;

const holding = (...descriptors: readonly Descriptor[]): Inheritance =>
  createInheritance(
    kernel,
    descriptors.map((descriptor, index) => ({ descriptor, name: `socket${index}` })),
  );

const closeAll = (...descriptors: readonly Descriptor[]): void => {
  for (const descriptor of descriptors) kernel.close(descriptor);
};

t.test('a socket is that of its very address and type, once', async (t) => {
  const [stream, port] = bound('127.0.0.1');
  const [datagrams, other] = bound('127.0.0.1', { socketType: 'dgram' });
  const inheritance = holding(stream, datagrams);
  t.equal(claim(inheritance, tcp('0.0.0.0', port)), undefined);
  t.equal(claim(inheritance, tcp('127.0.0.2', port)), undefined);
  t.equal(claim(inheritance, tcp('127.0.0.1', other)), undefined);
  t.equal(claim(inheritance, tcp('127.0.0.1', port, { socketType: 'dgram' })), undefined);
  t.equal(claim(inheritance, tcp('127.0.0.1', other, { socketType: 'dgram' })), datagrams);
  t.equal(claim(inheritance, tcp('127.0.0.1', port)), stream);
  t.equal(claim(inheritance, tcp('127.0.0.1', port)), undefined, "it is another one's already");
  closeAll(stream, datagrams);
});

t.test('a port that nobody has named belongs to nobody, unless it was ours under this name', async (t) => {
  const [listener] = bound('127.0.0.1');
  const address = tcp('127.0.0.1', 0);
  t.equal(claim(holding(listener), address), undefined);
  const key = `rpc ${addressKey(address)}`;
  const ours = createInheritance(kernel, [{ descriptor: listener, name: storedName(key) }]);
  t.equal(ours.claim('another', address, [address]), undefined);
  t.match(ours.claim(key, address, [address]), { descriptor: listener, keeper: 'store' });
  kernel.close(listener);
});

t.test('a connection is no listener, though it has its address', async (t) => {
  const [listener, port] = bound('127.0.0.1');
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const [accepted] = kernel.accept(listener, 1);
  if (accepted === undefined) throw new Error('nobody was accepted');
  t.equal(claim(holding(accepted.descriptor), tcp('127.0.0.1', port)), undefined);
  client.destroy();
  closeAll(accepted.descriptor, listener);
});

t.test('a socket for both versions is for who wants both', async (t) => {
  const [dual, port] = bound('::', { isDual: true });
  const v6 = tcp('::', port);
  const v4 = tcp('0.0.0.0', port);
  const both = tcp('::', port, { takesMapped: true });
  t.equal(claim(holding(dual), v6), undefined, 'clients of IPv4 would come in');
  t.equal(claim(holding(dual), both), dual);
  t.equal(claim(holding(dual), v6, [v4, v6]), dual);
  const inheritance = holding(dual);
  t.ok(inheritance.isCovered(v4, [v4, v6]));
  t.notOk(inheritance.isCovered(v4, [v4]));
  t.notOk(inheritance.isCovered(tcp('127.0.0.1', port), [tcp('127.0.0.1', port), v6]));
  kernel.close(dual);
  const [single, own] = bound('::');
  t.equal(claim(holding(single), tcp('::', own)), single);
  t.equal(claim(holding(single), tcp('::', own, { takesMapped: true })), undefined);
  t.notOk(holding(single).isCovered(tcp('0.0.0.0', own), [tcp('0.0.0.0', own), tcp('::', own)]));
  kernel.close(single);
});

t.test('what has a path, or an abstract name', async (t) => {
  const address = unixAt(join(directory, 'socket'));
  const abstract = unixAt(`@acceptd-${process.pid}`);
  const fifo: FifoAddress = { ...address, kind: 'fifo', socketType: 'fifo', path: join(directory, 'fifo') };
  const [one, other, pipe] = [listenAt(kernel, address), listenAt(kernel, abstract), openFifo(fifo)];
  const inheritance = holding(one, other, pipe);
  t.equal(claim(inheritance, { ...address, socketType: 'seqpacket' }), undefined);
  t.equal(claim(inheritance, { ...address, path: `${directory}/./socket` }), one);
  t.equal(claim(inheritance, { ...abstract, path: `${abstract.path}x` }), undefined);
  t.equal(claim(inheritance, abstract), other);
  t.equal(claim(inheritance, { ...fifo, path: address.path }), undefined);
  t.equal(claim(inheritance, fifo), pipe);
  closeAll(one, other, pipe);
});

t.test(
  'what nobody wants is described and closed, once; what is given back can be claimed again',
  async (t) => {
    const before = countDescriptors();
    const [listener, port] = bound('127.0.0.1');
    const [wanted, own] = bound('::1');
    const inheritance = holding(listener, kernel.openNull(), wanted);
    const claimed = inheritance.claim('key', tcp('::1', own), []);
    t.strictSame(inheritance.closeUnused(undefined), [
      { name: 'socket0', what: `stream socket 127.0.0.1:${port}` },
      { name: 'socket1', what: 'no socket' },
    ]);
    t.match(claimed, { descriptor: wanted, name: 'socket2', keeper: 'manager' });
    inheritance.giveBack(wanted, 'socket2');
    t.strictSame(inheritance.closeUnused(undefined), []);
    t.equal(claim(inheritance, tcp('::1', own)), wanted);
    kernel.close(wanted);
    t.equal(countDescriptors(), before);
  },
);

t.test('one of ours that is wanted no more is taken from the store', async (t) => {
  const [listener] = bound('127.0.0.1');
  const forgotten: string[] = [];
  const store = { outlivesStop: true, keep: () => true, forget: (name: string) => void forgotten.push(name) };
  const name = storedName('tcp4:127.0.0.1:1');
  createInheritance(kernel, [{ descriptor: listener, name }]).closeUnused(store);
  t.strictSame(forgotten, [name]);
});
