// What an administrator sees of a mistake.
import t from 'tap';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { showDiagnostic } from '../../src/model/diagnostic.ts';

const shownOf = (text: string): readonly string[] =>
  parseConfiguration(text, 'x.conf', { ...defaultLoadOptions, language: 'xinetd' }).diagnostics.map(
    showDiagnostic,
  );

t.test('of a long line the part around the mistake is shown', async (t) => {
  const [shown = ''] = shownOf(`service a ${'x '.repeat(5_000)}{ oops\n}\n`);
  const [head = '', source = '', mark = ''] = shown.split('\n');
  t.match(head, /^x\.conf:1:\d+: /);
  t.ok(shown.length < 1_000, `${shown.length} characters`);
  t.equal(source.slice(mark.indexOf('^'), mark.lastIndexOf('^') + 1), 'x');
});

t.test('a word of any length leaves what is wrong and what to do readable', async (t) => {
  const [shown = ''] = shownOf(`${'y'.repeat(100_000)}\n`);
  t.ok(shown.length < 2_000, `${shown.length} characters`);
  t.match(shown, /begins no entry; /);
});

t.test('what is no text is told so, once a line', async (t) => {
  const shown = shownOf('\u0000\u0001 \uFFFD\n');
  t.match(shown, [/^x\.conf:1:1: error: this is not text in UTF-8; /]);
});

t.test('the mark stands below what is meant where characters before it are escaped', async (t) => {
  const [shown = ''] = shownOf('service \u0007a\u0007 b\n{\n}\n').filter((each) => each.includes('one name'));
  const [, source = '', mark = ''] = shown.split('\n');
  t.equal(source.slice(mark.indexOf('^'), mark.lastIndexOf('^') + 1), 'b');
});
