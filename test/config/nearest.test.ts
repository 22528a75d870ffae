// Words that somebody probably meant.
import t from 'tap';
import { nearestWord } from '../../src/config/nearest.ts';

t.test('a word is near when it takes few edits', async (t) => {
  const words = ['stream', 'dgram', 'tcp', 'udp', 'user', 'wait', 'nowait'];
  for (const [word, nearest] of [
    ['strem', 'stream'],
    ['STREAM', 'stream'],
    ['tpc', 'tcp'],
    ['usr', 'user'],
    ['wiat', 'wait'],
    ['nowiat', 'nowait'],
    ['x', undefined],
    ['', undefined],
    ['completely', undefined],
    ['a'.repeat(1000), undefined],
  ] as const) {
    t.equal(nearestWord(word, words), nearest, word);
  }
});
