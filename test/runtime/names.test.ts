// Names and their confirmation, what is remembered of them, and resolvers that lie, fail or keep silent.
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Answer } from '../../src/admission/facts.ts';
import { createNames, type NameQuestion, type Names, type Resolver } from '../../src/runtime/names.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { clientRecord, unixRecord } from '../support/records.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });
const silence = (): Promise<never> => new Promise(() => undefined);

/** What is asked is counted. A word is found, an Error thrown, `silent` never answers. */
type Zone = Readonly<Record<string, string | readonly string[] | Error>>;

type Scene = {
  readonly names: Names;
  readonly clock: TestClock;
  readonly asked: string[];
  readonly zone: Map<string, Zone[string]>;
};

const createScene = (records: Zone): Scene => {
  const clock = createTestClock();
  const asked: string[] = [];
  const zone = new Map(Object.entries(records));
  const say = async (key: string): Promise<string | readonly string[]> => {
    asked.push(key);
    const reply = zone.get(key);
    if (reply === 'silent') return silence();
    if (reply === undefined) throw failure('ENOTFOUND');
    if (reply instanceof Error) throw reply;
    return reply;
  };
  const resolver: Resolver = {
    nameOf: async (address) => String(await say(address)),
    addressesOf: async (name) => [await say(name)].flat(),
  };
  return { names: createNames({ clock, resolver }), clock, asked, zone };
};

const nameQuestion: NameQuestion = { kind: 'name' };

const named = (name: string | null, isParanoid = false) => ({ kind: 'name', name, isParanoid });
const addressesOf = (of: string): NameQuestion => ({ kind: 'addresses', of });
const client = clientRecord('10.9.8.7');
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const nameOf = ({ names }: Scene, host = '10.9.8.7'): Promise<Answer> =>
  names.ask(nameQuestion, clientRecord(host));

t.test('a name counts when it has the address', async (t) => {
  const scene = createScene({
    '10.9.8.7': 'Gate.Example.',
    'gate.example': ['192.0.2.1', '10.9.8.7'],
    '10.9.8.8': 'gate.example',
    '2001:db8::1': 'six.example',
    'six.example': ['2001:DB8:0::1'],
  });
  t.strictSame(await nameOf(scene), named('gate.example'));
  t.strictSame(await nameOf(scene, '10.9.8.8'), named(null, true), 'another has that name');
  t.strictSame(await nameOf(scene, '10.9.8.9'), named(null), 'it has none');
  t.strictSame(await nameOf(scene, '2001:db8::1'), named('six.example'));
  t.strictSame(await scene.names.ask(nameQuestion, unixRecord()), named(null));
});

t.test('what is no name is none, and not asked for', async (t) => {
  for (const lie of ['10.9.8.7', 'a b', 'evil\u001b.example', '10.9.2055', 'x'.repeat(300)]) {
    const scene = createScene({ '10.9.8.7': lie, [lie]: ['10.9.8.7'] });
    t.strictSame(await nameOf(scene), named(null), JSON.stringify(lie));
    t.strictSame(scene.asked, ['10.9.8.7']);
  }
});

t.test('addresses of a name are in their usual form', async (t) => {
  const scene = createScene({
    host: ['2001:DB8::0:1', '::ffff:192.0.2.1', '192.0.2.1', 'fe80::1%eth0', 'nonsense'],
  });
  t.strictSame(await scene.names.ask(addressesOf('host'), client), {
    kind: 'addresses',
    of: 'host',
    addresses: ['2001:db8::1', '192.0.2.1', 'fe80::1'],
  });
  t.match(await scene.names.ask(addressesOf('gone'), client), { addresses: [] });
  t.match(await scene.names.ask(addressesOf('no name'), client), { addresses: [] });
  t.strictSame(scene.asked, ['host', 'gone']);
});

t.test('a resolver that does not know now is no resolver that knows there is none', async (t) => {
  for (const code of ['EAI_AGAIN', 'EAI_FAIL', 'EAI_MEMORY', 'EMFILE']) {
    const scene = createScene({ '10.9.8.7': failure(code), host: failure(code), '10.9.8.8': 'host' });
    t.strictSame(await nameOf(scene), { kind: 'unanswered' }, code);
    t.strictSame(await scene.names.ask(addressesOf('host'), client), { kind: 'unanswered' });
    t.strictSame(await nameOf(scene, '10.9.8.8'), { kind: 'unanswered' }, 'nobody confirms its name');
    scene.zone.set('10.9.8.7', 'gate').set('gate', ['10.9.8.7']);
    scene.clock.advance(9_999);
    t.strictSame(await nameOf(scene), { kind: 'unanswered' });
    scene.clock.advance(1);
    t.match(await nameOf(scene), { name: 'gate' }, 'it is asked again after ten seconds');
  }
  for (const code of ['ENOTFOUND', 'ENODATA']) {
    const scene = createScene({ '10.9.8.7': failure(code), host: failure(code) });
    t.strictSame(await nameOf(scene), named(null), code);
    t.match(await scene.names.ask(addressesOf('host'), client), { addresses: [] });
  }
});

t.test('nobody waits longer than five seconds, and what comes later is good for the next', async (t) => {
  let answerLate: (name: string) => void = () => undefined;
  const clock = createTestClock();
  let asked = 0;
  const resolver: Resolver = {
    nameOf: () => {
      asked += 1;
      return new Promise((resolve) => {
        answerLate = resolve;
      });
    },
    addressesOf: async () => ['10.9.8.7'],
  };
  const names = createNames({ clock, resolver });
  const answer = names.ask(nameQuestion, client);
  t.equal(names.known(nameQuestion, client), undefined);
  clock.advance(5_000);
  t.strictSame(await answer, { kind: 'unanswered' });
  t.strictSame(names.known(nameQuestion, client), { kind: 'unanswered' });
  clock.advance(10_000);
  const again = names.ask(nameQuestion, client);
  await settle();
  t.equal(asked, 1, 'it is still being asked');
  answerLate('late.example');
  t.strictSame(await again, named('late.example'));
  t.strictSame(names.known(nameQuestion, client), named('late.example'));
  t.equal(clock.waiting(), 0);
});

t.test('the same question is asked once, and its answer is known for a while', async (t) => {
  const scene = createScene({ '10.9.8.7': 'gate.example', 'gate.example': ['10.9.8.7'] });
  const { names, clock, asked, zone } = scene;
  const answers = Array.from({ length: 100 }, () => nameOf(scene));
  t.equal(clock.waiting(), 1, 'all wait together');
  await Promise.all(answers);
  t.strictSame(asked, ['10.9.8.7', 'gate.example']);
  t.strictSame(names.known(nameQuestion, client), named('gate.example'));
  t.match(names.known(addressesOf('gate.example'), client), { addresses: ['10.9.8.7'] });
  zone.clear();
  clock.advance(59_999);
  t.match(await nameOf(scene), { name: 'gate.example' });
  clock.advance(1);
  t.equal(names.known(nameQuestion, client), undefined);
  t.match(await nameOf(scene), { name: null });
  zone.set('10.9.8.7', 'gate.example').set('gate.example', ['10.9.8.7']);
  clock.advance(9_999);
  t.match(await nameOf(scene), { name: null }, 'that there is none is known for ten seconds');
  clock.advance(1);
  t.match(await nameOf(scene), { name: 'gate.example' });
});

t.test('4,096 answers are remembered, and the oldest is forgotten first', async (t) => {
  const scene = createScene({});
  const nth = (index: number): string => `10.1.${index >> 8}.${index & 255}`;
  for (let index = 0; index <= 4_096; index++) await nameOf(scene, nth(index));
  const isKnown = (index: number): boolean =>
    scene.names.known(nameQuestion, clientRecord(nth(index))) !== undefined;
  t.notOk(isKnown(0));
  t.ok(isKnown(1));
  t.ok(isKnown(4_096));
});

t.test('a flood of questions is bounded, and who finds no room is asked for next time', async (t) => {
  const clock = createTestClock();
  let asked = 0;
  const resolver: Resolver = {
    nameOf: () => {
      asked += 1;
      return silence();
    },
    addressesOf: silence,
  };
  const names = createNames({ clock, resolver });
  const nth = (index: number) => clientRecord(`10.1.${index >> 8}.${index & 255}`);
  const answers = Array.from({ length: 2_000 }, (_, index) => names.ask(nameQuestion, nth(index)));
  t.strictSame(await answers[1_999], { kind: 'unanswered' });
  t.equal(names.known(nameQuestion, nth(1_999)), undefined);
  t.equal(asked, 4);
  t.equal(clock.waiting(), 4 + 512);
  clock.advance(5_000);
  for (const answer of await Promise.all(answers)) t.strictSame(answer, { kind: 'unanswered' });
});

t.test('localhost is the loopback, whatever the resolver says or does not', async (t) => {
  for (const reply of [failure('ENOTFOUND'), failure('EAI_AGAIN'), 'silent', 'evil.example', 'localhost']) {
    const scene = createScene({ '127.0.0.1': reply, '::1': reply, localhost: ['192.0.2.1'] });
    t.match(scene.names.known(addressesOf('localhost'), client), { addresses: ['127.0.0.1', '::1'] });
    const answers = Promise.all([nameOf(scene, '127.0.0.1'), nameOf(scene, '::1')]);
    await settle();
    if (reply === 'silent') scene.clock.advance(5_000);
    for (const answer of await answers) t.strictSame(answer, named('localhost'));
  }
  const scene = createScene({ '10.9.8.7': 'localhost', localhost: ['10.9.8.7'] });
  t.strictSame(await nameOf(scene), named(null, true), 'nobody else is');
});

/** A name of an address of the loopback in hosts(5), other than localhost. */
const [, ownAddress = '', ownName = ''] =
  readFileSync('/etc/hosts', 'utf8')
    .split('\n')
    .map((line) => /^(127\.[0-9.]+)\s+(?!localhost)([a-z0-9-]+)/.exec(line))
    .find((match) => match !== null) ?? [];

t.test('the system is asked, and knows what stands in its files', async (t) => {
  const names = createNames({ clock: createTestClock() });
  for (const host of ['127.0.0.1', '::1']) {
    const answer = await names.ask(nameQuestion, clientRecord(host));
    t.match(answer, { kind: 'name', name: /^[a-z0-9.-]+$/ });
  }
  if (ownName === '') return;
  const answer = await names.ask(addressesOf(ownName), client);
  t.ok(answer.kind === 'addresses' && answer.addresses.includes(ownAddress), ownName);
});
