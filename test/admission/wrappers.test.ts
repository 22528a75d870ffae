// The verdict of hosts.allow and hosts.deny where tcpdmatch cannot tell: what is asked, what options do, what fails closed.
import { test } from 'tap';
import { netgroupKey, noWrapperFacts, type WrapperFacts } from '../../src/admission/wrapper-facts.ts';
import type { WrapperJudgement } from '../../src/admission/wrapper-verdict.ts';
import { judgeWrappers } from '../../src/admission/wrappers.ts';
import { parsePatternFile, parseWrapperTable } from '../../src/config/wrappers/table.ts';
import { parseBanner } from '../../src/config/wrappers/template.ts';
import { noWrapperRules, type WrapperRules } from '../../src/model/wrapper-rules.ts';
import { clientRecord, unixRecord } from '../support/records.ts';

const rulesOf = (allow: string, deny = '', rest: Partial<WrapperRules> = {}): WrapperRules => ({
  ...noWrapperRules,
  allow: parseWrapperTable(allow, 'hosts.allow', 'allow').table,
  deny: parseWrapperTable(deny, 'hosts.deny', 'deny').table,
  ...rest,
});

const client = clientRecord('192.0.2.1', 4711, { host: '198.51.100.9', port: 79 });

const judge = (
  rules: WrapperRules,
  facts: Partial<WrapperFacts> = {},
  record: Parameters<typeof judgeWrappers>[1]['record'] = client,
): WrapperJudgement =>
  judgeWrappers(rules, { daemon: 'in.fingerd', record, facts: { ...noWrapperFacts, ...facts }, pid: 77 });

/** In short: the verdict, or what is asked. */
const verdict = (...asked: Parameters<typeof judge>): string => {
  const judgement = judge(...asked);
  return judgement.kind === 'ask' ? `ask ${judgement.question.kind}` : judgement.kind;
};

const effectsOf = (...asked: Parameters<typeof judge>) => {
  const judgement = judge(...asked);
  return judgement.kind === 'ask' ? judgement.question : judgement.effects;
};

test('a name is asked for only where the verdict depends on it', async (t) => {
  const rules = rulesOf('ALL: .example.org, 192.0.2. EXCEPT evil.example.org\n', 'ALL: ALL\n');
  t.equal(verdict(rules, {}, clientRecord('10.0.0.1')), 'ask name');
  t.equal(verdict(rules, { name: 'a.example.org' }, clientRecord('10.0.0.1')), 'allow');
  t.equal(verdict(rules, { name: null }, clientRecord('10.0.0.1')), 'deny');
  // the address is in the list whatever the name is, but the exception has to be told
  t.equal(verdict(rules), 'ask name');
  t.equal(verdict(rulesOf('ALL: .example.org, 192.0.2.\n', 'ALL: ALL\n')), 'allow');
  t.equal(verdict(rulesOf('sshd: .example.org\n', 'ALL: 192.0.2.0/24\n')), 'deny', 'of another daemon');
  t.equal(verdict(rulesOf('ALL: [::1], 10.\n')), 'allow', 'none of these is a name');
});

test('a user is asked for only where the host matches', async (t) => {
  const rules = rulesOf('ALL: root@192.0.2.1, ALL@10.0.0.1\n', 'ALL: ALL\n');
  t.equal(verdict(rules), 'ask user');
  t.equal(verdict(rules, { user: 'Root' }), 'allow');
  t.equal(verdict(rules, { user: null }), 'deny');
  t.equal(verdict(rules, {}, clientRecord('192.0.2.2')), 'deny');
  t.equal(verdict(rules, {}, clientRecord('10.0.0.1')), 'allow', 'any user will do');
  t.equal(verdict(rulesOf('', 'ALL: UNKNOWN@ALL\n'), {}, unixRecord()), 'deny', 'nobody can be asked');
});

test('a name that its address does not have is paranoid, and none is unknown', async (t) => {
  const rules = rulesOf('ALL: UNKNOWN\n', 'ALL: PARANOID\n');
  t.equal(verdict(rules), 'ask name');
  t.equal(verdict(rules, { name: null, isParanoid: true }), 'deny');
  const unknown = judge(rules, { name: null });
  t.match(unknown, { kind: 'allow', rule: { file: 'hosts.allow', line: 1 } });
  t.match(judge(rules, { name: 'a.example' }), { kind: 'allow', rule: undefined });
  t.equal(verdict(rulesOf('', 'ALL: KNOWN\n'), { name: null, isParanoid: true }), 'allow');
  t.equal(verdict(rulesOf('', 'ALL: LOCAL\n'), { name: null, isParanoid: true }), 'allow');
});

test('a client whose address nobody knows matches ALL and UNKNOWN alone', async (t) => {
  const judgeUnknown = (deny: string): string => {
    const judgement = judgeWrappers(rulesOf('', deny), {
      daemon: 'x',
      record: undefined,
      facts: noWrapperFacts,
      pid: 1,
    });
    return judgement.kind;
  };
  t.equal(judgeUnknown('ALL: ALL\n'), 'deny');
  t.equal(judgeUnknown('ALL: UNKNOWN\n'), 'deny');
  t.equal(judgeUnknown('ALL: KNOWN, LOCAL, 10., 0.0.0.0/0.0.0.0, [::]/0, .\n'), 'allow');
});

test('our end of the connection is an address, a name, a port', async (t) => {
  t.equal(verdict(rulesOf('', 'in.fingerd@198.51.100.9: ALL\n')), 'deny');
  t.equal(verdict(rulesOf('', 'in.fingerd@198.51.100.8: ALL\n')), 'allow');
  t.equal(verdict(rulesOf('', '79: ALL\n')), 'deny');
  t.equal(verdict(rulesOf('', '80: ALL\n')), 'allow');
  const named = rulesOf('', 'ALL@www.example: ALL\n');
  t.equal(verdict(named), 'ask server-name');
  t.equal(verdict(named, { serverName: 'WWW.example' }), 'deny');
  t.equal(verdict(named, { serverName: null, isServerParanoid: true }), 'allow');
  t.equal(verdict(rulesOf('', 'ALL@www.example: 10.\n')), 'allow', 'not for a client that is not meant');
});

test('a netgroup is asked for with the name', async (t) => {
  const rules = rulesOf('ALL: @friends\n', 'ALL: ALL\n');
  t.equal(verdict(rules), 'ask name');
  t.match(judge(rules, { name: 'A.example' }), { question: { group: 'friends', host: 'a.example' } });
  const netgroups = new Map([[netgroupKey('friends', 'a.example'), true]]);
  t.equal(verdict(rules, { name: 'A.example', netgroups }), 'allow');
});

test('pattern files count, may name each other in a circle, and keep out where they cannot be read', async (t) => {
  const patterns = (text: string) => parsePatternFile(text, 'file').patterns;
  const files = new Map<string, ReturnType<typeof patterns> | 'unreadable'>([
    ['/one', patterns('10. /two')],
    ['/two', patterns('/one 192.0.2.1')],
    ['/secret', 'unreadable'],
  ]);
  t.equal(verdict(rulesOf('', 'ALL: /one\n', { files })), 'deny');
  t.equal(verdict(rulesOf('', 'ALL: /one\n', { files }), {}, clientRecord('11.0.0.1')), 'allow');
  t.equal(verdict(rulesOf('ALL: /absent\n', 'ALL: ALL\n', { files })), 'deny');
  t.match(judge(rulesOf('ALL: /secret\n', '', { files })), { kind: 'deny', rule: { line: 1 } });
  t.equal(verdict(rulesOf('sshd: /secret\nALL: ALL\n', '', { files })), 'allow', 'of another daemon');
  t.equal(verdict(rulesOf('ALL: 192.0.2. /secret\n', '', { files })), 'allow', 'it does not matter');
});

test('a file that cannot be read keeps everybody out, whatever the other says', async (t) => {
  const endsAt = { file: 'hosts.allow', line: 1, column: 1 };
  const unreadable = { rules: [], ending: 'unreadable' as const, endsAt };
  t.match(judge(rulesOf('', '', { allow: unreadable })), { kind: 'deny', rule: endsAt });
  t.equal(verdict(rulesOf('ALL: 192.0.2.1\n', '', { deny: unreadable })), 'allow', 'hosts.allow comes first');
  t.equal(verdict(rulesOf('ALL: 10.\n', '', { deny: unreadable })), 'deny');
});

test('what makes no sense keeps out who would have to be held against it', async (t) => {
  t.equal(verdict(rulesOf('ALL: [2001:db8::]/x\n'), {}, clientRecord('2001:db8::1')), 'deny');
  t.equal(verdict(rulesOf('ALL: [fe80::1%eth0]\n'), {}, clientRecord('fe80::1')), 'deny');
  t.equal(verdict(rulesOf('ALL: [fe80::1%0]\n', 'ALL: ALL\n'), {}, clientRecord('fe80::1')), 'allow');
});

test('options change the verdict and come as effects, in their order', async (t) => {
  const said = effectsOf(
    rulesOf(
      'ALL: ALL: severity auth.debug: setenv WHO %u at %h: spawn echo a\\:b %a %r: umask 027: nice: linger 5: keepalive: deny\n',
    ),
    { user: 'eve;rm *', name: 'h.example' },
  );
  t.strictSame(said, [
    { kind: 'severity', facility: 'auth', level: 'debug' },
    { kind: 'setenv', name: 'WHO', value: 'eve_rm__ at h.example' },
    { kind: 'spawn', command: 'echo a:b 192.0.2.1 4711' },
    { kind: 'umask', mask: 0o27 },
    { kind: 'nice', increment: 10 },
    { kind: 'linger', seconds: 5 },
    { kind: 'keepalive' },
  ]);
  t.equal(verdict(rulesOf('ALL: ALL: deny\n')), 'deny');
  t.equal(verdict(rulesOf('', 'ALL: ALL: allow\n')), 'allow');
  t.match(judge(rulesOf('', 'ALL: ALL: twist exec x %d %p\n')), {
    kind: 'twist',
    effects: [{ kind: 'twist', command: 'exec x in.fingerd 77' }],
  });
  t.match(judge(rulesOf('ALL: ALL: spawn x: frobnicate: spawn y\n')), {
    kind: 'deny',
    effects: [{ kind: 'spawn', command: 'x' }],
  });
});

test('expansions show what is known and ask only for what they name', async (t) => {
  const spawn = (template: string, facts: Partial<WrapperFacts> = {}): string => {
    const judgement = judge(rulesOf(`ALL: ALL: spawn ${template}\n`), facts);
    if (judgement.kind === 'ask') return `ask ${judgement.question.kind}`;
    const [effect] = judgement.effects;
    return effect?.kind === 'spawn' ? effect.command : '';
  };
  t.equal(
    spawn('%a %A %c %d %h %H %p %r %R %s %%'),
    '192.0.2.1 198.51.100.9 192.0.2.1 in.fingerd 192.0.2.1 198.51.100.9 77 4711 79 in.fingerd@198.51.100.9 %',
  );
  t.equal(
    spawn('%c %h %s', { name: 'h.example', user: 'joe', serverName: 'www.example' }),
    'joe@h.example h.example in.fingerd@www.example',
  );
  t.equal(spawn('%n'), 'ask name');
  t.equal(spawn('%n', { name: null, isParanoid: true }), 'paranoid');
  t.equal(spawn('%N'), 'ask server-name');
  t.equal(spawn('%u'), 'ask user');
  t.equal(spawn('%u %c', { user: null }), 'unknown 192.0.2.1');
  t.equal(spawn('100%'), '100%');
});

test('rfc931 asks for the user with its own patience', async (t) => {
  const rules = rulesOf('ALL: ALL: rfc931 3\n');
  t.match(judge(rules), { kind: 'ask', question: { kind: 'user', patience: 3_000 } });
  t.equal(verdict(rules, { user: null }), 'allow');
  t.equal(verdict(rules, {}, unixRecord()), 'allow');
});

test('a command of aclexec that fails keeps out in hosts.allow, and does not match in hosts.deny', async (t) => {
  const allow = rulesOf('ALL: ALL: setenv A b: aclexec check %a: allow\n');
  t.match(judge(allow), {
    question: { kind: 'command', command: 'check 192.0.2.1', effects: [{ kind: 'setenv', name: 'A' }] },
  });
  const deny = rulesOf('', 'ALL: ALL: aclexec check %a\n');
  const answered = (success: boolean) => ({ commands: new Map([['check 192.0.2.1', success]]) });
  t.equal(verdict(allow, answered(true)), 'allow');
  t.equal(verdict(allow, answered(false)), 'deny');
  t.equal(verdict(deny, answered(true)), 'deny');
  t.equal(verdict(deny, answered(false)), 'allow');
});

test('user and group become numbers; a name that does not exist keeps out', async (t) => {
  const users = new Map([['games', { uid: 5, gid: 60, groups: [60, 61] }]]);
  const groups = new Map([['kmem', 15]]);
  const rules = (options: string) => rulesOf(`ALL: ALL: ${options}\n`, '', { users, groups });
  t.strictSame(effectsOf(rules('user games')), [{ kind: 'credentials', uid: 5, gid: 60, groups: [60, 61] }]);
  t.strictSame(effectsOf(rules('user games.kmem')), [{ kind: 'credentials', uid: 5, gid: 15, groups: [15] }]);
  t.strictSame(effectsOf(rules('group kmem')), [
    { kind: 'credentials', uid: undefined, gid: 15, groups: [15] },
  ]);
  for (const options of ['user nobody', 'user games.none', 'user none.kmem', 'group none']) {
    t.equal(verdict(rules(options)), 'deny', options);
  }
});

test('a banner is said with its expansions, by the name of the daemon', async (t) => {
  const banners = new Map([
    [
      '/b',
      new Map([
        ['in.fingerd', parseBanner('Hello %h: caf\xe9\n100%\n')],
        ['who', parseBanner('%n')],
      ]),
    ],
  ]);
  const rules = rulesOf('', 'ALL: ALL: banners /b\n', { banners });
  const [effect] = judge(rules).kind === 'deny' ? (effectsOf(rules) as readonly unknown[]) : [];
  t.match(effect, { kind: 'banner', text: Buffer.from('Hello 192.0.2.1: caf\xe9\r\n100%\r\n', 'latin1') });
});
