// What nobody answers about a client that is asked about: the wait is short, silence is an answer, and no command is run.
import t from 'tap';
import { type Circumstances, compileRules, judgeClient } from '../../src/admission/judge.ts';
import type { WrapperFacts, WrapperQuestion } from '../../src/admission/wrapper-facts.ts';
import { parseWrapperTable } from '../../src/config/wrappers/table.ts';
import type { Access } from '../../src/model/access.ts';
import { seconds } from '../../src/model/quantity.ts';
import { noWrapperRules, type WrapperRules } from '../../src/model/wrapper-rules.ts';
import { findOut } from '../../src/runtime/steering-questions.ts';
import { createTestClock } from '../support/clock.ts';
import { clientRecord } from '../support/records.ts';

type Reply = (facts: WrapperFacts) => Promise<WrapperFacts | undefined>;

const inquire = (access: Partial<Access>, reply: Reply, wrapperRules?: WrapperRules) => {
  const clock = createTestClock();
  const asked: WrapperQuestion['kind'][] = [];
  const rules = compileRules({
    onlyFrom: undefined,
    noAccess: [],
    times: [],
    maxLoad: undefined,
    wrapperName: undefined,
    ...access,
  });
  const around: Circumstances = {
    date: clock.wallClock,
    loadAverage: () => 0,
    isTrapped: () => false,
    wrapperRules: () => wrapperRules,
    withOwnEnd: (record) => record,
  };
  const outcome = findOut({
    clock,
    patience: seconds(1),
    judge: (facts) => ({ judgement: judgeClient(rules, clientRecord('10.9.8.7'), facts, around), facts }),
    ask: (question, facts) => {
      asked.push(question.kind);
      return reply(facts);
    },
  });
  return { clock, asked, outcome };
};

const domain: Access['onlyFrom'] = [{ kind: 'domain', suffix: '.example' }];
const never: Reply = () => new Promise(() => undefined);
const silence: Reply = async () => undefined;

t.test('a name that is answered decides', async (t) => {
  const { outcome, asked, clock } = inquire({ onlyFrom: domain }, async (facts) => ({
    ...facts,
    name: 'www.example',
  }));
  t.equal((await outcome).judgement.kind, 'admit');
  t.strictSame(asked, ['name']);
  t.equal(clock.waiting(), 0, 'no timer is left');
});

t.test('nobody waits longer than the patience for all questions', async (t) => {
  const { outcome, clock } = inquire({ onlyFrom: domain }, never);
  clock.advance(999);
  const early = await Promise.race([outcome, Promise.resolve('waits')]);
  t.equal(early, 'waits');
  clock.advance(1);
  t.equal((await outcome).judgement.kind, 'ask');
});

t.test('that nobody answers keeps out, as it does with a real client', async (t) => {
  t.match((await inquire({ onlyFrom: domain }, silence).outcome).judgement, {
    kind: 'refuse',
    cause: 'unanswered',
  });
  t.match((await inquire({ noAccess: domain }, silence).outcome).judgement, { kind: 'refuse' });
});

t.test('commands are not run, and the machine of the client is not asked for its user', async (t) => {
  for (const rule of ['ALL: ALL: aclexec /bin/false', 'ALL: alice@ALL']) {
    const deny = parseWrapperTable(`${rule}\n`, 'hosts.deny', 'deny').table;
    const { outcome, asked } = inquire({ wrapperName: 'one' }, never, { ...noWrapperRules, deny });
    t.equal((await outcome).judgement.kind, 'ask', rule);
    t.strictSame(asked, []);
  }
});
