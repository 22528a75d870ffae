// What a resolver says is a name only if a host can be called so.
import t from 'tap';
import { parseHostName } from '../../src/model/host-name.ts';

t.test('names are in lower case and without the dot at their end', async (t) => {
  const pairs = [
    ['Gate.Example.COM.', 'gate.example.com'],
    ['localhost', 'localhost'],
    ['a-b.c_d.xn--p1ai', 'a-b.c_d.xn--p1ai'],
    ['1.0.0.10.dyn.example', '1.0.0.10.dyn.example'],
    ['beef.cafe', 'beef.cafe'],
    [`${'a'.repeat(63)}.org`, `${'a'.repeat(63)}.org`],
  ] as const;
  for (const [said, name] of pairs) t.equal(parseHostName(said), name, said);
});

t.test('what no host can be called is none, addresses in any form too', async (t) => {
  const wrong = [
    '',
    '.',
    '..',
    '.example',
    'a..b',
    'a b',
    'a\nb',
    'evil\u001b[2J.example',
    'a/../b',
    '-a.example',
    'a-.example',
    'ex%ample',
    'bücher.example',
    `${'a'.repeat(64)}.org`,
    `${'a.'.repeat(127)}org`,
    '10.9.8.7',
    '10.1',
    '0x7f.0x1',
    '1',
    '::1',
    '2001:db8::1',
  ];
  for (const each of wrong) t.equal(parseHostName(each), undefined, JSON.stringify(each));
});
