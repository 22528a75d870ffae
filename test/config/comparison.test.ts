// A proof that finds nothing must be one that would: every way in which a conversion may be wrong is found.
import t from 'tap';
import { differencesOf, findMismatches } from '../../src/config/comparison.ts';
import type { Loss, WrittenService } from '../../src/config/conversion.ts';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { exactService, normalService } from '../../src/config/normal-form.ts';
import type { Service } from '../../src/model/service.ts';

const read = (text: string): readonly Service[] =>
  parseConfiguration(text, 'test.conf', defaultLoadOptions).services.map(({ service }) => service);

const loss = (...fields: readonly string[]): Loss => ({ fields, message: 'it is so', advice: undefined });

const messages = (
  written: readonly Partial<WrittenService>[],
  from: readonly Service[],
  found: readonly Service[],
): readonly string[] =>
  findMismatches(
    from.map((service, index) => ({ service, parts: 1, losses: [], ...written[index] })),
    found,
    exactService,
  ).map(({ service, message }) => `${service.id}: ${message}`);

const services = read('a on port = 1, exec = /x, user = u; b on port = 2, exec = /x;');

t.test('the same is the same', async (t) => {
  t.same(messages([], services, services), []);
});

t.test('what differs and was not announced is told with both values', async (t) => {
  const other = read('a on port = 1, exec = /x, user = v, nice = 5; b on port = 2, exec = /x;');
  t.same(messages([], services, other), [
    'a/tcp: credentials.user was "u" and is "v"',
    'a/tcp: process.nice was null and is 5',
  ]);
  t.same(messages([{ losses: [loss('credentials.user', 'process')] }], services, other), []);
});

t.test('what was announced and is not there is told', async (t) => {
  t.same(messages([{ losses: [loss('limits.rate')] }], services, services), [
    'a/tcp: limits.rate is announced as lost, and is not',
  ]);
  t.same(messages([{ losses: [loss()] }], services, services), [], 'behaviour has no field');
});

t.test('a service that is missing, or that nobody wrote, is told', async (t) => {
  t.same(messages([], services, services.slice(0, 1)), ['b/tcp: it is not there']);
  t.same(messages([{ parts: 0 }], services, services.slice(1)), []);
  t.same(messages([], services.slice(0, 1), services), ['b/tcp: nobody wrote it']);
});

t.test('the parts of one service must be alike', async (t) => {
  const [whole] = read('a on listen = tcp4:*:1 tcp6:*:1, exec = /x, id = a;');
  const parts = read(
    'a on protocol = tcp4, port = 1, exec = /x, id = a; a on protocol = tcp6, port = 1, exec = /x, id = c;',
  );
  const unlike = read(
    'a on protocol = tcp4, port = 1, exec = /x, id = a; a on protocol = tcp6, port = 1, exec = /y, id = c;',
  );
  const from = whole === undefined ? [] : [whole];
  t.same(messages([{ parts: 2 }], from, parts), []);
  t.same(messages([{ parts: 2 }], from, unlike), [
    'a: its addresses have become services that are not alike',
  ]);
});

t.test('a value of another kind is one difference', async (t) => {
  t.same(
    differencesOf({ answer: { kind: 'a', x: 1 } }, { answer: { kind: 'b', y: 1 } }).map(({ field }) => field),
    ['answer'],
  );
});

t.test('different words for one thing are no difference', async (t) => {
  const same = (left: string, right: string): void => {
    const [first, second] = [left, right].map((text) =>
      read(text).map((service) => normalService(service, (name) => (name === 'http' ? 80 : undefined))),
    );
    t.same(differencesOf(first, second), [], `${left} | ${right}`);
  };
  const entry = (keys: string): string => `a on exec = /x, id = a, ${keys};`;
  same(entry('port = 080'), entry('port = http'));
  same(
    entry('port = 80, bind = 127.0.0.1'),
    entry('port = 80, listen = tcp4:127.0.0.1:80').replace('port = 80, ', ''),
  );
  same(entry('port = 80'), entry('listen = tcp4:*:80 tcp6:*:80'));
  same(entry('port = 80, chdir = /, umask = 022'), entry('port = 80'));
  same(
    entry('port = 80, access_times = 22:00-02:00'),
    entry('port = 80, access_times = 22:00-23:59 0:00-2:00'),
  );
  same(entry('port = 80, instances = 0, on_limit = refuse'), entry('port = 80, instances = 0'));
  same(entry('port = 80, only_from = ::/0'), entry('port = 80, only_from = ::/0 0.0.0.0/0'));
  const [one, other] = [entry('port = 80, only_from = ::/0'), entry('port = 80, only_from = 0.0.0.0/0')].map(
    (text) => read(text).map((service) => normalService(service, () => undefined)),
  );
  t.equal(differencesOf(one, other).length, 1);
});
