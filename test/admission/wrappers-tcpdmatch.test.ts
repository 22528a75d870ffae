// hosts.allow and hosts.deny mean the same to acceptd and to tcpdmatch, which is libwrap: verdicts on generated cases.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import { netgroupKey, noWrapperFacts, type WrapperFacts } from '../../src/admission/wrapper-facts.ts';
import { judgeWrappers } from '../../src/admission/wrappers.ts';
import type { WrapperRules } from '../../src/model/wrapper-rules.ts';
import { machine } from '../../src/operate/machine.ts';
import { loadWrapperRules } from '../../src/operate/wrapper-load.ts';
import { clientRecord } from '../support/records.ts';
import {
  hostsFile,
  namedClients,
  netgroupFile,
  netgroups,
  type WrapperCase,
  wrapperCase,
} from './arbitrary-wrappers.ts';

const tcpdmatch = '/usr/sbin/tcpdmatch';
const seed = 20_000_531;
const caseCount = 600;

const directory = mkdtempSync(join(tmpdir(), 'acceptd-wrappers-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

const places = {
  patterns: ['some', 'loop', 'absent'].map((name) => join(directory, name)),
  banners: join(directory, 'banners'),
};
writeFileSync(join(directory, 'some'), '10.1.2.3 .org\n[2001:db8:1::]/48\n\n @friends 192.0.2.2*\n');
writeFileSync(join(directory, 'loop'), `198.51.100. ${join(directory, 'some')}\n`);
mkdirSync(places.banners);
writeFileSync(join(places.banners, 'sshd'), 'Hello %c\n');

const run = (command: string): string =>
  execFileSync('/bin/sh', ['-c', command], { cwd: directory, encoding: 'utf8' });

/** Names are looked up only in our own /etc, in a mount namespace; without that, clients are numbers alone. */
const prepareNames = (): string | undefined => {
  const etc = join(directory, 'etc');
  mkdirSync(etc);
  writeFileSync(join(etc, 'hosts'), hostsFile);
  writeFileSync(join(etc, 'netgroup'), netgroupFile);
  writeFileSync(join(etc, 'nsswitch.conf'), 'hosts: files\nnetgroup: files\npasswd: files\ngroup: files\n');
  for (const name of ['passwd', 'group']) copyFileSync(`/etc/${name}`, join(etc, name));
  const enter = `unshare --mount --net sh -c 'mount --bind ${etc} /etc && exec sh "$1"' sh`;
  try {
    run(`echo true > probe && ${enter} probe 2>/dev/null`);
    return enter;
  } catch {
    return undefined;
  }
};

/** What tcpdmatch says of each case; one shell goes through all. */
const askTcpdmatch = (cases: readonly WrapperCase[], enter: string): readonly string[] => {
  cases.forEach(({ allow, deny }, index) => {
    const place = join(directory, `case-${index}`);
    mkdirSync(place);
    if (allow !== undefined) writeFileSync(join(place, 'hosts.allow'), allow);
    if (deny !== undefined) writeFileSync(join(place, 'hosts.deny'), deny);
  });
  writeFileSync(join(directory, 'inetd.conf'), 'sshd stream tcp nowait root /usr/sbin/tcpd sshd\n');
  const lines = cases.map(({ daemon, server, user, client }, index) => {
    const who = user === undefined ? client : `${user}@${client}`;
    const what = server === undefined ? daemon : `${daemon}@${server}`;
    return `cd ${directory}/case-${index}; ${tcpdmatch} -d -i ../inetd.conf ${what} ${who} 2>/dev/null | sed -n 's/.*access: *//p'; echo .`;
  });
  writeFileSync(join(directory, 'all'), lines.join('\n'));
  return run(`${enter} all`)
    .split('.\n')
    .map((said) => said.trim())
    .slice(0, cases.length);
};

const words = { allow: 'granted', deny: 'denied', twist: 'delegated' } as const;

const factsOf = ({ user, client, server }: WrapperCase): WrapperFacts => {
  const named = namedClients.find(({ written }) => written === client);
  const serverName = namedClients.find(({ host, name }) => host === server && name !== 'paranoid');
  return {
    ...noWrapperFacts,
    user: user ?? null,
    name: named === undefined || named.name === 'paranoid' ? null : named.name,
    isParanoid: named?.name === 'paranoid',
    serverName: serverName?.name ?? null,
  };
};

/** The verdict; netgroups and commands are answered when they are asked for. */
const judge = (rules: WrapperRules, asked: WrapperCase): string => {
  let facts = factsOf(asked);
  const { client, server, daemon } = asked;
  const host = namedClients.find(({ written }) => written === client)?.host ?? client;
  const local = server === undefined ? undefined : { host: server, port: 99 };
  const record = client === 'unknown' ? undefined : clientRecord(host, 40_000, local);
  for (let questions = 0; questions < 50; questions++) {
    const judgement = judgeWrappers(rules, { daemon, record, facts, pid: 1 });
    if (judgement.kind !== 'ask') return words[judgement.kind];
    const { question } = judgement;
    if (question.kind === 'netgroup') {
      const isMember = netgroups[question.group]?.(question.host) ?? false;
      const key = netgroupKey(question.group, question.host);
      facts = { ...facts, netgroups: new Map([...facts.netgroups, [key, isMember]]) };
    } else if (question.kind === 'command') {
      // tcpdmatch runs none and takes them to succeed
      facts = { ...facts, commands: new Map([...facts.commands, [question.command, true]]) };
    } else {
      throw new Error(`${question.kind} was asked, though it is known`);
    }
  }
  throw new Error('too many questions');
};

const compare = async (t: Test, hasNames: boolean, enter: string): Promise<void> => {
  const cases = fc.sample(wrapperCase(places, hasNames), { seed, numRuns: caseCount });
  const said = askTcpdmatch(cases, enter);
  const counts = { granted: 0, denied: 0, delegated: 0 };
  const differing: unknown[] = [];
  for (const [index, each] of cases.entries()) {
    const place = join(directory, `case-${index}`);
    const paths = { allow: join(place, 'hosts.allow'), deny: join(place, 'hosts.deny') };
    const { rules } = await loadWrapperRules(paths, machine);
    const verdict = judge(rules, each);
    const theirs = said[index];
    if (theirs === 'granted' || theirs === 'denied' || theirs === 'delegated') counts[theirs] += 1;
    if (verdict !== theirs) differing.push({ ...each, ours: verdict, theirs });
  }
  t.same(differing.slice(0, 5), [], `${differing.length} of ${cases.length} differ`);
  // a test of nothing but refusals would show nothing
  for (const [word, count] of Object.entries(counts)) t.ok(count >= caseCount / 100, `${count} ${word}`);
};

test('generated rules and clients get the verdict of tcpdmatch', {
  skip: !existsSync(tcpdmatch) && "Debian's package tcpd is not installed",
}, async (t) => {
  const enter = prepareNames();
  if (enter === undefined) t.comment('no mount namespace: clients without names only');
  await compare(t, enter !== undefined, enter ?? 'sh');
});
