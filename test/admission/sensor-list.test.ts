// Who has called a sensor: kept out for a time, for longer when it calls again, in bounded number.
import t from 'tap';
import { createSensorList } from '../../src/admission/sensor-list.ts';
import { milliseconds as at, seconds } from '../../src/model/quantity.ts';
import { clientRecord, unixRecord } from '../support/records.ts';

const client = clientRecord('10.9.8.7');
const other = clientRecord('10.9.8.8');
const minute = seconds(60);

/** One of many clients. */
const nth = (index: number) => clientRecord(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);

t.test('a client is kept out for its time, from any port, and nobody else is', async (t) => {
  const list = createSensorList();
  t.notOk(list.holds(client, at(0)));
  t.ok(list.trap(client, at(0), minute));
  t.ok(list.holds(clientRecord('10.9.8.7', 1), at(59_999)));
  t.notOk(list.holds(other, at(1)));
  t.notOk(list.holds(client, at(60_000)));
  t.equal(list.size(at(60_000)), 0);
});

t.test('without a time nobody is kept out', async (t) => {
  const list = createSensorList();
  t.notOk(list.trap(client, at(0), undefined));
  t.notOk(list.trap(client, at(0), seconds(0)) && list.holds(client, at(0)));
  t.notOk(list.holds(client, at(0)));
});

t.test('a repeated call makes it longer, never shorter', async (t) => {
  const list = createSensorList();
  list.trap(client, at(0), minute);
  t.notOk(list.trap(client, at(30_000), minute), 'it is no new one');
  t.ok(list.holds(client, at(89_999)));
  t.notOk(list.trap(client, at(31_000), seconds(1)));
  t.ok(list.holds(client, at(89_999)));
  t.notOk(list.trap(client, at(32_000), 'forever'));
  t.ok(list.holds(client, at(1e12)));
  t.notOk(list.trap(client, at(33_000), minute));
  t.ok(list.holds(client, at(1e12)));
  t.equal(list.size(at(33_000)), 1);
});

t.test('IPv6 clients are told apart to the last bit, unix peers are never kept out', async (t) => {
  const list = createSensorList();
  list.trap(clientRecord('2001:db8::1'), at(0), 'forever');
  t.ok(list.holds(clientRecord('2001:db8::1'), at(1)));
  t.notOk(list.holds(clientRecord('2001:db8::2'), at(1)));
  t.notOk(list.trap(unixRecord(), at(0), 'forever'));
  t.notOk(list.holds(unixRecord(), at(0)));
});

t.test('a dump says who is kept out and for how long', async (t) => {
  const list = createSensorList();
  list.trap(client, at(0), minute);
  list.trap(clientRecord('2001:db8::1'), at(0), 'forever');
  t.strictSame(list.entries(at(1_000)), [
    { address: '10.9.8.7', left: 59_000 },
    { address: '2001:db8::1', left: 'forever' },
  ]);
  t.strictSame(list.entries(at(60_000)), [{ address: '2001:db8::1', left: 'forever' }]);
});

t.test('a full list lets in whoever would be let in first', async (t) => {
  const list = createSensorList();
  list.trap(client, at(0), 'forever');
  for (let index = 0; index < 10_239; index++) list.trap(nth(index), at(index), minute);
  t.equal(list.size(at(10_239)), 10_240);
  t.ok(list.trap(other, at(10_240), seconds(70)));
  t.equal(list.size(at(10_240)), 10_240);
  t.notOk(list.holds(nth(0), at(10_240)), 'the first of the minute');
  t.ok(list.holds(nth(1), at(10_240)));
  t.ok(list.holds(client, at(10_240)));
  t.notOk(list.trap(nth(20_000), at(10_240), seconds(1)), 'which may be the new one');
  t.notOk(list.holds(nth(20_000), at(10_240)));
  for (let index = 0; index < 100_000; index++) list.trap(nth(index + 70_000), at(20_000), minute);
  t.equal(list.size(at(20_000)), 10_240);
  t.ok(list.holds(client, at(20_000)), 'a flood does not free who is kept out for good');
  t.ok(list.holds(nth(169_999), at(20_000)));
  t.equal(list.size(at(1e9)), 1, 'and all others are forgotten in time');
});

t.test('a list full of those who are kept out for good forgets the first of them', async (t) => {
  const list = createSensorList();
  for (let index = 0; index <= 10_240; index++) list.trap(nth(index), at(0), 'forever');
  t.equal(list.size(at(0)), 10_240);
  t.notOk(list.holds(nth(0), at(0)));
  t.ok(list.holds(nth(10_240), at(0)));
});
