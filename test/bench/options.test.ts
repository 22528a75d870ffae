import { test } from 'tap';
import { readOptions } from '../../bench/peers/options.ts';

const names = {
  servers: ['floor', 'acceptd'],
  handlers: ['empty', 'static'],
  scenarios: ['clients', 'burst'],
};

const read = (...commandLine: readonly string[]) => readOptions(commandLine, names);

test('servers and handlers are chosen by name, one by one or together', async (t) => {
  const { servers, handlers } = read('--only', 'floor/static', '--only', 'acceptd', '--only', '/static');
  t.same([servers, handlers], [['floor', 'acceptd'], ['static']]);
  t.same(read('--scenarios', 'burst,clients').scenarios, ['burst', 'clients']);
  t.same(read().servers, [], 'none named: all');
});

test('what cannot be is told in words', async (t) => {
  t.throws(() => read('--only', 'inetd'), /--only knows no "inetd"; there are floor, acceptd/);
  t.throws(() => read('--only', 'floor/perl'), /--only knows no "perl"; there are empty, static/);
  t.throws(() => read('--scenarios', 'clients,rain'), /--scenarios knows no "rain"/);
  t.throws(() => read('--rounds', '0'), /--rounds takes a number from 1 to 1000, not "0"/);
  t.throws(() => read('--duration', 'long'), /--duration takes a number from 10 to 60000, not "long"/);
  t.throws(() => read('--warm-up', ''), /--warm-up takes a number/);
  t.throws(() => read('--fast'), /--fast/);
});
