// The difference between what listens and what should.
import t from 'tap';
import type { ListenAddress } from '../../src/model/address.ts';
import { runAtOnce } from '../../src/model/pieces.ts';
import type { ResolvedService } from '../../src/model/service.ts';
import { isSameService, listenerKey, type Plan, planListeners } from '../../src/runtime/plan.ts';
import { resolved, tcp } from '../support/services.ts';

const running = (
  services: readonly ResolvedService[],
): ReadonlyMap<string, { readonly address: ListenAddress }> =>
  new Map(
    services.flatMap((service) =>
      service.addresses.map((address) => [listenerKey(service, address), { address }] as const),
    ),
  );

const planAtOnce = (...parts: Parameters<typeof planListeners>): Plan => runAtOnce(planListeners(...parts));

const keys = (entries: readonly { readonly key: string }[]): readonly string[] =>
  entries.map(({ key }) => key);

t.test('the same address stays, whatever else is different', (t) => {
  const before = resolved('old', [tcp('127.0.0.1', 79)]);
  const after = resolved('new', [tcp('127.0.0.1', 79)], { mode: 'whole-socket' });
  const plan = planAtOnce(running([before]), [after]);
  t.strictSame([keys(plan.keep), plan.open, plan.close], [['tcp4:127.0.0.1:79'], [], []]);
  t.equal(plan.keep[0]?.service, after);
  t.end();
});

t.test('what is new is opened, what is gone is closed', (t) => {
  const plan = planAtOnce(running([resolved('a', [tcp('127.0.0.1', 1)])]), [
    resolved('b', [tcp('127.0.0.1', 2)]),
  ]);
  t.strictSame(
    plan.open.map(({ replaces }) => replaces),
    [[]],
  );
  t.strictSame(
    plan.close.map(({ key, successor }) => [key, successor]),
    [['tcp4:127.0.0.1:1', undefined]],
  );
  t.end();
});

t.test('a listener that overlaps one that goes is its successor', (t) => {
  for (const [from, to, isOverlap] of [
    [tcp('0.0.0.0', 79), tcp('127.0.0.1', 79), true],
    [tcp('127.0.0.1', 79), tcp('0.0.0.0', 79), true],
    [tcp('::', 79, { takesMapped: true }), tcp('0.0.0.0', 79), true],
    [tcp('::', 79, { takesMapped: true }), tcp('::', 79), true],
    [tcp('::', 79), tcp('0.0.0.0', 79), false],
    [tcp('127.0.0.1', 79), tcp('127.0.0.2', 79), false],
    [tcp('0.0.0.0', 79), tcp('127.0.0.1', 80), false],
    [tcp('0.0.0.0', 79), tcp('127.0.0.1', 79, { socketType: 'dgram' }), false],
  ] as const) {
    const after = resolved('after', [to]);
    const plan = planAtOnce(running([resolved('before', [from])]), [after]);
    t.strictSame(
      [plan.open[0]?.replaces.length, plan.close[0]?.successor],
      isOverlap ? [1, after] : [0, undefined],
      `${from.host}:${from.port} -> ${to.host}:${to.port}`,
    );
  }
  t.end();
});

t.test('of two services with one address the first has it', (t) => {
  const services = [resolved('one', [tcp('127.0.0.1', 79)]), resolved('two', [tcp('127.0.0.1', 79)])];
  const plan = planAtOnce(new Map(), services);
  t.strictSame(
    plan.open.map(({ service }) => service.id),
    ['one'],
  );
  t.end();
});

t.test('any free port is another one for each service', (t) => {
  const services = [resolved('one', [tcp('0.0.0.0', 0)]), resolved('two', [tcp('0.0.0.0', 0)])];
  t.equal(planAtOnce(new Map(), services).open.length, 2);
  t.equal(planAtOnce(running(services), services).keep.length, 2);
  t.end();
});

// with a time that grew with their square, tap's own limit for a file would end these two
t.test('10,000 services can all change their addresses', (t) => {
  const many = (host: string): readonly ResolvedService[] =>
    Array.from({ length: 10_000 }, (_, index) => resolved(`service ${index}`, [tcp(host, 1 + index)]));
  const plan = planAtOnce(running(many('0.0.0.0')), many('127.0.0.1'));
  t.ok(plan.open.every(({ replaces }) => replaces.length === 1));
  t.ok(plan.close.every(({ successor }) => successor !== undefined));
  t.end();
});

t.test('10,000 addresses of one port', (t) => {
  const many = (net: number): readonly ResolvedService[] =>
    Array.from({ length: 10_000 }, (_, index) =>
      resolved(`service ${index}`, [tcp(`10.${net}.${index >> 8}.${index & 255}`, 79)]),
    );
  const plan = planAtOnce(running(many(1)), many(2));
  t.equal(plan.open.length, 10_000);
  t.end();
});

t.test('a place in the file is no difference between services', (t) => {
  const service = resolved('one', [tcp('127.0.0.1', 79)]);
  t.ok(isSameService(service, { ...service, origin: { file: 'other', line: 7, column: 1 } }));
  t.notOk(isSameService(service, { ...service, mode: 'whole-socket' }));
  t.end();
});
