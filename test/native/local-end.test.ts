// The address of ours that a client has called.
import t from 'tap';
import { showAddressBytes } from '../../src/model/network.ts';
import { localOf } from '../../src/native/local-end.ts';
import { connectTo, listenAt, loopback, openEngine } from '../support/engine.ts';
import { unixRecord } from '../support/records.ts';

const { kernel } = openEngine(t);

t.test('it is found of the connection, and the record that was there stays as it is', async (t) => {
  const listener = listenAt(kernel, { ...loopback(4), host: '0.0.0.0' });
  const port = kernel.portOf(listener);
  const { client, accepted } = await connectTo(kernel, listener, { host: '127.0.0.9', port });
  const before = accepted.record.slice();
  const filled = localOf(accepted.descriptor, accepted.record);
  t.equal(showAddressBytes(filled.subarray(40, 44)), '127.0.0.9');
  t.equal(new DataView(filled.buffer).getUint16(8, true), port);
  t.strictSame(filled.slice(24, 40), before.slice(24, 40));
  t.strictSame(accepted.record.slice(), before);
  client.destroy();
  kernel.close(accepted.descriptor);
  kernel.close(listener);
});

t.test('a unix socket has none', async (t) => {
  const record = unixRecord();
  t.strictSame(localOf(kernel.standardError, record).slice(), record.slice());
});
