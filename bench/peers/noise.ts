// How busy the machine is with other work: looked at between the rounds, when all servers here are asleep.
import { cpus } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { summarize } from './statistics.ts';

type Times = { readonly busy: number; readonly all: number };

const readTimes = (): Times => {
  const totals = cpus().map(({ times }) => ({
    idle: times.idle,
    all: times.user + times.nice + times.sys + times.irq + times.idle,
  }));
  const all = totals.reduce((sum, cpu) => sum + cpu.all, 0);
  return { all, busy: all - totals.reduce((sum, cpu) => sum + cpu.idle, 0) };
};

// The kernel counts in ticks of 10 ms, so that a shorter look sees nothing.
const lookTime = 150;

/** From 0 to 1, of all processors. */
export const readForeignLoad = async (): Promise<number> => {
  const before = readTimes();
  await wait(lookTime);
  const after = readTimes();
  return after.all === before.all ? 0 : (after.busy - before.busy) / (after.all - before.all);
};

const tolerable = 0.1;

export const describeNoise = (loads: readonly number[]): string => {
  const load = summarize(loads);
  if (load === undefined) return '';
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const text = `Other work took ${percent(load.median)} of the processors in the median round, ${percent(load.most)} in the worst.`;
  return load.median > tolerable ? `${text} That is too much to rely on these figures.` : text;
};
