// Opening hours, by local time.
import t from 'tap';
import { isWithin } from '../../src/admission/access-times.ts';

const at = (text: string): Date => {
  const [hour = 0, minute = 0, second = 0] = text.split(':').map(Number);
  return new Date(2026, 10, 25, hour, minute, second);
};
const minutes = (text: string): number => {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  return hour * 60 + minute;
};
/** Of these times, those at which a service with these ranges is open. */
const open = (ranges: string, times: string): string => {
  const parsed = ranges.split(' ').map((range) => {
    const [from = '', to = ''] = range.split('-');
    return { from: minutes(from), to: minutes(to) };
  });
  return times
    .split(' ')
    .filter((time) => isWithin(parsed, at(time)))
    .join(' ');
};

t.test('without ranges a service is always open', async (t) => {
  t.ok(isWithin([], at('03:00')));
});

t.test('the first and the last minute are in a range, to their end', async (t) => {
  t.equal(
    open('08:30-17:00', '08:29:59 08:30 12:00 17:00:00 17:00:59 17:01 00:00'),
    '08:30 12:00 17:00:00 17:00:59',
  );
  t.equal(open('12:00-12:00', '11:59 12:00:30 12:01'), '12:00:30');
});

t.test('a range goes over midnight, and up to 24:00', async (t) => {
  t.equal(open('22:00-06:00', '21:59 22:00 23:59 00:00 06:00 06:01 12:00'), '22:00 23:59 00:00 06:00');
  t.equal(open('12:00-24:00', '11:59 12:00 23:59:59 00:00'), '12:00 23:59:59');
  t.equal(open('00:00-24:00', '00:00 12:00 23:59'), '00:00 12:00 23:59');
  t.equal(open('24:00-01:00', '23:59 00:00 01:00 01:01'), '00:00 01:00');
});

t.test('each of several ranges counts', async (t) => {
  t.equal(open('08:00-09:00 20:00-21:00', '07:59 08:30 12:00 20:30 22:00'), '08:30 20:30');
});
