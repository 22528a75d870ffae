// What is said about a client that is only asked about is what would happen to it, and the entry that is named decides.
import fc from 'fast-check';
import t from 'tap';
import { admitClient, roomFor } from '../../src/admission/admit.ts';
import { explainClient } from '../../src/admission/explain.ts';
import type { Step } from '../../src/admission/explain-access.ts';
import { explainLimits } from '../../src/admission/explain-limits.ts';
import type { Question } from '../../src/admission/facts.ts';
import { type Circumstances, compileRules, type Judgement, judgeClient } from '../../src/admission/judge.ts';
import { createUsage, enterInstance } from '../../src/admission/limits.ts';
import { createSourceRates } from '../../src/admission/source-rates.ts';
import { noWrapperFacts, type WrapperFacts } from '../../src/admission/wrapper-facts.ts';
import { parseWrapperTable } from '../../src/config/wrappers/table.ts';
import type { Access, ClientPattern } from '../../src/model/access.ts';
import type { Limits } from '../../src/model/limits.ts';
import { networkOf, parseAddress } from '../../src/model/network.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import { noWrapperRules, type WrapperRules } from '../../src/model/wrapper-rules.ts';
import { clientRecord, unixRecord } from '../support/records.ts';
import { noLimits } from '../support/services.ts';

const network = (text: string): ClientPattern => {
  const [address = '', prefix] = text.split('/');
  const bytes = parseAddress(address) ?? new Uint8Array(4);
  return {
    kind: 'network',
    network: networkOf(bytes, prefix === undefined ? bytes.length * 8 : Number(prefix)),
  };
};

const patterns = fc.array(
  fc.oneof(
    fc
      .constantFrom('0.0.0.0/0', '10.0.0.0/8', '10.9.0.0/16', '10.9.8.7', '::/0', '2001:db8::/32')
      .map(network),
    fc.constantFrom('a.example', 'b.example').map((name): ClientPattern => ({ kind: 'host', name })),
    fc.constantFrom('.example', '.deep.example').map((suffix): ClientPattern => ({ kind: 'domain', suffix })),
  ),
  { maxLength: 4 },
);

const rule = (text: string): WrapperRules['allow'] => parseWrapperTable(text, 'hosts', 'deny').table;

const wrapperRules = fc.constantFrom<WrapperRules | undefined>(
  undefined,
  noWrapperRules,
  { ...noWrapperRules, deny: rule('ALL: 10.\n') },
  { ...noWrapperRules, allow: rule('probe: .example\n'), deny: rule('ALL: ALL\n') },
  { ...noWrapperRules, deny: rule('probe: a@ALL\n') },
);

const accesses: fc.Arbitrary<Access> = fc.record({
  onlyFrom: fc.option(patterns, { nil: undefined }),
  noAccess: patterns,
  times: fc.constantFrom([], [{ from: 480, to: 1020 }], [{ from: 1320, to: 360 }]),
  maxLoad: fc.constantFrom(undefined, 1, 3),
  wrapperName: fc.constantFrom(undefined, 'probe'),
});

const questions: readonly Question[] = [
  { kind: 'name' },
  { kind: 'addresses', of: 'a.example' },
  { kind: 'addresses', of: 'b.example' },
];

const addressesOf = fc.constantFrom(undefined, [], ['10.9.8.7'], ['2001:db8::1']);

const facts: fc.Arbitrary<WrapperFacts> = fc
  .record({
    name: fc.constantFrom(undefined, null, 'www.example', 'x.deep.example', 'else.where'),
    a: addressesOf,
    b: addressesOf,
    unanswered: fc.subarray([...questions]),
  })
  .map(({ name, a, b, unanswered }) => ({
    ...noWrapperFacts,
    name,
    unanswered,
    addresses: new Map(
      [['a.example', a] as const, ['b.example', b] as const].flatMap(([of, found]) =>
        found === undefined ? [] : [[of, found] as const],
      ),
    ),
  }));

const records = fc.constantFrom(
  clientRecord('10.9.8.7'),
  clientRecord('10.1.2.3'),
  clientRecord('192.0.2.1'),
  clientRecord('2001:db8::1'),
  clientRecord('::1'),
  unixRecord(),
);

const circumstances: fc.Arbitrary<Circumstances> = fc
  .record({
    minute: fc.integer({ min: 0, max: 1439 }),
    load: fc.constantFrom(0, 1, 2, 4),
    isTrapped: fc.boolean(),
    rules: wrapperRules,
  })
  .map(({ minute, load, isTrapped, rules }) => ({
    date: () => new Date(2026, 0, 1, 0, minute),
    loadAverage: () => load,
    isTrapped: () => isTrapped,
    wrapperRules: () => rules,
    withOwnEnd: (record) => record,
  }));

const verdictOf = (steps: readonly Step[]): Judgement['kind'] => {
  if (steps.some(({ result }) => result === 'refuses')) return 'refuse';
  return steps.some(({ result }) => result === 'unknown') ? 'ask' : 'admit';
};

const saying = { where: 'test.conf:1', isStranger: false };

t.test('any rules and any client: what is said is what is done', async (t) => {
  fc.assert(
    fc.property(accesses, records, facts, circumstances, (access, record, known, around) => {
      const rules = compileRules(access);
      const steps = explainClient(rules, record, known, around, saying);
      const done = judgeClient(rules, record, known, around);
      const at = steps.findIndex(({ result }) => result === 'refuses');
      return verdictOf(steps) === done.kind && (at === -1 || at === steps.length - 1) && steps.length > 0;
    }),
    { numRuns: 3000 },
  );
  t.pass('3000 of them');
});

const now = new Date(2026, 0, 1, 12, 0);
const quiet: Circumstances = {
  date: () => now,
  loadAverage: () => 0.5,
  isTrapped: () => false,
  wrapperRules: () => undefined,
  withOwnEnd: (record) => record,
};
const plain: Access = {
  onlyFrom: undefined,
  noAccess: [],
  times: [],
  maxLoad: undefined,
  wrapperName: undefined,
};

const lastOf = (
  access: Partial<Access>,
  host: string,
  around: Partial<Circumstances> = {},
  known = noWrapperFacts,
) =>
  explainClient(
    compileRules({ ...plain, ...access }),
    clientRecord(host),
    known,
    { ...quiet, ...around },
    saying,
  ).at(-1);

t.test('the entry that decides is named, with the place of its service', async (t) => {
  const onlyFrom = ['192.0.2.0/24', '10.0.0.0/8'].map(network);
  t.match(lastOf({ onlyFrom }, '10.9.8.7'), { test: 'only_from 10.0.0.0/8 (test.conf:1)', result: 'passes' });
  t.match(lastOf({ onlyFrom }, '11.0.0.1'), {
    test: 'only_from (test.conf:1)',
    result: 'refuses',
    why: /none of its 2 entries/,
  });
  t.match(lastOf({ onlyFrom: [] }, '11.0.0.1'), { result: 'refuses', why: /nobody/ });
  t.match(lastOf({ onlyFrom, noAccess: [network('10.9.8.7')] }, '10.9.8.7'), {
    test: 'no_access 10.9.8.7 (test.conf:1)',
    result: 'refuses',
  });
  const domain: ClientPattern = { kind: 'domain', suffix: '.example' };
  t.match(lastOf({ onlyFrom: [domain] }, '10.9.8.7'), {
    test: 'only_from .example (test.conf:1)',
    result: 'unknown',
  });
  t.match(lastOf({ onlyFrom: [domain] }, '10.9.8.7', {}, { ...noWrapperFacts, name: 'www.example' }), {
    result: 'passes',
    why: '10.9.8.7 is www.example',
  });
  t.match(lastOf({ times: [{ from: 1320, to: 360 }] }, '10.9.8.7'), {
    test: 'access_times 22:00-06:00 (test.conf:1)',
    result: 'refuses',
    why: 'it is 12:00',
  });
  t.match(lastOf({ maxLoad: 0.5 }, '10.9.8.7'), { test: 'max_load 0.5 (test.conf:1)', result: 'refuses' });
  const rules = { ...noWrapperRules, deny: rule('sshd: ALL\nprobe: 10.\n') };
  t.match(lastOf({ wrapperName: 'probe' }, '10.9.8.7', { wrapperRules: () => rules }), {
    test: 'hosts.allow and hosts.deny for probe',
    result: 'refuses',
    why: 'the rule at hosts:2',
  });
  t.match(lastOf({}, '10.9.8.7', { isTrapped: () => true }), { test: 'sensors', result: 'refuses' });
});

const limitsOf: fc.Arbitrary<Limits> = fc
  .record({
    instances: fc.constantFrom(undefined, 1, 3),
    perSource: fc.constantFrom(undefined, 1, 2),
    perSourceRate: fc.constantFrom(undefined, { count: 2, window: milliseconds(1000) }),
    rate: fc.constantFrom(undefined, { count: 2, window: milliseconds(1000), pause: milliseconds(1000) }),
    onRate: fc.constantFrom('wait' as const, 'hold' as const, 'close' as const),
    onLimit: fc.constantFrom('hold' as const, 'refuse' as const),
  })
  .map((chosen) => ({ ...noLimits, ...chosen }));

t.test(
  'any limits and any clients before: what is said is what is done, and nothing is counted by saying it',
  async (t) => {
    const arrivals = fc.array(
      fc.record({ source: fc.constantFrom(1, 2), pause: fc.constantFrom(0, 100, 600) }),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(limitsOf, arrivals, fc.boolean(), (limits, clients, hasQueue) => {
        const usage = createUsage();
        const rates = createSourceRates();
        let time = 0;
        for (const { source, pause } of clients) {
          time += pause;
          const at = milliseconds(time);
          const request = { service: 'one', limits, source };
          const said = explainLimits(request, usage, rates, at, hasQueue);
          const again = explainLimits(request, usage, rates, at, hasQueue);
          const room = hasQueue ? roomFor(usage, limits, at) : { kind: 'room' };
          const done =
            room.kind === 'room' ? admitClient(request, usage, rates, at) : ({ kind: 'hold' } as const);
          if (done.kind === 'admit') enterInstance(usage, source);
          const reason = done.kind === 'refuse' ? done.reason : room.kind === 'hold' ? 'instances' : 'rate';
          if (said.verdict !== done.kind || again.verdict !== done.kind) return false;
          if (done.kind !== 'admit' && (said.reason !== reason || said.steps.at(-1)?.result !== 'refuses'))
            return false;
        }
        return true;
      }),
      { numRuns: 2000 },
    );
    t.pass('2000 of them');
  },
);
