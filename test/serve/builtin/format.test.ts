// The formats alone, where a connection adds nothing.
import t from 'tap';
import { chargenLine } from '../../../src/serve/builtin/chargen.ts';
import { daytimeReply } from '../../../src/serve/builtin/daytime.ts';
import { answerQueries, identReply } from '../../../src/serve/builtin/ident.ts';
import { timeReply } from '../../../src/serve/builtin/time.ts';

t.test('daytime pads the day with a space and the rest with zeros', async (t) => {
  t.equal(String(daytimeReply(new Date(2026, 10, 21, 1, 39, 23))), 'Sat Nov 21 01:39:23 2026\r\n');
  t.equal(String(daytimeReply(new Date(2027, 0, 3, 0, 0, 0))), 'Sun Jan  3 00:00:00 2027\r\n');
});

t.test('time counts from 1900 and goes round in 2036', async (t) => {
  t.same(timeReply(new Date(0)), Buffer.from('83aa7e80', 'hex'));
  t.same(timeReply(new Date('2036-02-07T06:28:15.999Z')), Buffer.from('ffffffff', 'hex'));
  t.same(timeReply(new Date('2036-02-07T06:28:16Z')), Buffer.from('00000000', 'hex'));
});

t.test('the 96th line of chargen is the first again', async (t) => {
  t.same(chargenLine(95), chargenLine(0));
  t.same(chargenLine(95 * 7 + 3), chargenLine(3));
  t.equal(chargenLine(0).length, 74);
  t.match(String(chargenLine(0)), / !"#.*fg\r\n$/);
});

t.test('an ident query is two numbers and a comma', async (t) => {
  t.equal(identReply('1,1'), '1 , 1 : ERROR : HIDDEN-USER\r\n');
  t.equal(identReply('0022\t,\t7'), '22 , 7 : ERROR : HIDDEN-USER\r\n');
  for (const line of ['', '1', '1,', ',1', '1;1', '1,1 x', 'a,b', '0x1,1', '1.5,1']) {
    t.equal(identReply(line), undefined, line);
  }
});

t.test('a line of ident may be as long as 511 characters', async (t) => {
  const padded = (length: number): string => `1,${' '.repeat(length - 3)}2`;
  t.match(answerQueries(`${padded(511)}\n`), { rest: '' });
  t.match(answerQueries(`${padded(512)}\n`), { replies: '', rest: undefined });
  t.match(answerQueries(padded(511)), { replies: '' });
  t.match(answerQueries(padded(512)), { rest: undefined });
});
