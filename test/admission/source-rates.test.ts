// Rates of sources: exact for each, and in constant memory.
import t from 'tap';
import { createSourceRates, type SourceRates } from '../../src/admission/source-rates.ts';
import { milliseconds, seconds } from '../../src/model/quantity.ts';

const rate = { count: 10, window: seconds(60) };

/** How many of `tries` are admitted at this time. */
const admitted = (
  rates: SourceRates,
  source: number | string,
  tries: number,
  now: number,
  of = rate,
): number =>
  Array.from({ length: tries }, () => rates.admit('service', source, of, milliseconds(now))).filter(Boolean)
    .length;

t.test('so many exactly are admitted in a window, and again after it', (t) => {
  for (const count of [1, 2, 3, 7, 60, 1000]) {
    const rates = createSourceRates();
    const of = { count, window: seconds(60) };
    t.equal(admitted(rates, 1, count + 5, 1_000, of), count);
    t.equal(admitted(rates, 1, 1, 1_000, of), 0);
    t.equal(admitted(rates, 1, count + 5, 61_000, of), count, 'all of them after a window');
    t.ok(admitted(rates, 1, count, 91_000, of) <= Math.ceil(count / 2), 'a part of them after a part of it');
  }
  t.end();
});

t.test('sources, and services, do not count for each other', (t) => {
  const rates = createSourceRates();
  for (const source of [1, 2, '1', 'u1', 'fe80:0:', 'fe80:1:']) t.equal(admitted(rates, source, 15, 0), 10);
  t.equal(rates.admit('other', 1, rate, milliseconds(0)), true);
  t.end();
});

t.test('a changed rate begins anew', (t) => {
  const rates = createSourceRates();
  t.equal(admitted(rates, 1, 5, 0, { count: 1, window: seconds(3600) }), 1);
  t.equal(admitted(rates, 1, 5, 1_000, { count: 2, window: seconds(1) }), 2);
  t.end();
});

t.test('a million sources: no more memory, and whoever is limited stays so', (t) => {
  const rates = createSourceRates();
  t.equal(admitted(rates, 'attacker', 20, 0), 10);
  globalThis.gc?.();
  const before = process.memoryUsage();
  for (let source = 0; source < 1_000_000; source++)
    rates.admit('service', source, rate, milliseconds(source / 1000));
  t.equal(admitted(rates, 'attacker', 20, 1_000), 0, 'the flood did not wash the limit away');
  const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers;
  t.ok(grown <= 1_048_576, `${grown} bytes of buffers`);
  t.equal(admitted(rates, 'attacker', 20, 10_000_000), 10, 'and in time all is forgotten');
  t.end();
});

t.test('some thousands of sources do not disturb an honest one', (t) => {
  const rates = createSourceRates();
  for (let source = 0; source < 5_000; source++) admitted(rates, source, 10, 0);
  let refused = 0;
  for (let honest = 0; honest < 200; honest++) if (admitted(rates, `honest ${honest}`, 1, 1) === 0) refused++;
  t.ok(refused <= 4, `${refused} of 200 were refused`);
  t.end();
});
