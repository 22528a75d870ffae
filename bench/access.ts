// node dist/bench/access.js: what a client costs who is judged by lists, short and long, and what making them ready costs.
import { type CompiledAccess, compileAccess, judgeAccess } from '../src/admission/access-list.ts';
import { noFacts } from '../src/admission/facts.ts';
import { compileSourceFilter } from '../src/admission/source-filter.ts';
import type { Access } from '../src/model/access.ts';
import { networkOf } from '../src/model/network.ts';
import type { ConnectionRecord } from '../src/model/record.ts';
import { clientRecord } from '../test/support/records.ts';
import { renderTable } from './peers/table.ts';

const sizes = [0, 10, 100, 1_000, 10_000];
const judgements = 500_000;
const rounds = 9;

/** The same numbers in each run: a linear congruence. */
const createRandom = (): (() => number) => {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
};
const random = createRandom();

/** IPv6 ones in 2001::/16, so that their first words do not tell them apart at once. */
const anyAddress = (version: 4 | 6): Uint8Array => {
  const bytes = Uint8Array.from({ length: version === 4 ? 4 : 16 }, () => random() * 256);
  if (version === 6) bytes.set([0x20, 0x01]);
  return bytes;
};

const accessOf = (version: 4 | 6, size: number): Access => ({
  onlyFrom:
    size === 0
      ? undefined
      : Array.from({ length: size }, () => ({
          kind: 'network',
          network: networkOf(anyAddress(version), version === 4 ? 28 : 64),
        })),
  noAccess: [],
  times: [],
  maxLoad: undefined,
  wrapperName: undefined,
});

/** In milliseconds of this process's own time: others on the machine count less so. */
const timeOf = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

const clientsOf = (version: 4 | 6): readonly ConnectionRecord[] =>
  Array.from({ length: 1_024 }, () => {
    const bytes = anyAddress(version);
    const text = Buffer.from(bytes)
      .toString('hex')
      .replace(/(....)(?=.)/g, '$1:');
    return clientRecord(version === 4 ? bytes.join('.') : text);
  });

/** Nanoseconds of one judgement, of the best of some rounds. */
const judgementTime = (compiled: CompiledAccess, clients: readonly ConnectionRecord[]): number => {
  let allowed = 0;
  const round = (): number =>
    timeOf(() => {
      for (let count = 0; count < judgements; count++) {
        const client = clients[count % clients.length];
        if (client !== undefined && judgeAccess(compiled, client, noFacts) === 'allow') allowed++;
      }
    });
  const best = Math.min(...Array.from({ length: rounds }, round));
  if (allowed < 0) throw new Error('never');
  return (best * 1e6) / judgements;
};

const rows: string[][] = [];
for (const version of [4, 6] as const) {
  const clients = clientsOf(version);
  const lists = sizes.map((size) => accessOf(version, size));
  const compiled = lists.map(compileAccess);
  // once for all, so that each is measured with the same machine code
  for (const each of compiled) judgementTime(each, clients);
  const times = compiled.map((each) => judgementTime(each, clients));
  sizes.forEach((size, index) => {
    const list = lists[index] ?? accessOf(version, size);
    const time = times[index] ?? 0;
    const filter = compileSourceFilter(list, noFacts);
    rows.push([
      `IPv${version}`,
      size.toLocaleString('en'),
      `${time.toFixed(0)} ns`,
      (time / (times[0] ?? time)).toFixed(1),
      `${timeOf(() => compileAccess(list)).toFixed(1)} ms`,
      filter.kind === 'program' ? `${filter.program.length / 8}` : filter.kind,
    ]);
  });
}
const header = ['', 'rules', 'one judgement', 'ratio', 'made ready in', "kernel's filter"];
console.log(renderTable({ header, rows }));
