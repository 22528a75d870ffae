// What status says: what runs, what was counted, and what /proc knows of the processes.

import type { Clock } from '../../model/clock.ts';
import {
  controlVersion,
  type InstanceStatus,
  type ServerStatus,
  type ServiceDetail,
  type ServiceSummary,
} from '../../model/control.ts';
import type { RunningDetail, RunningInstance } from '../../runtime/steering.ts';
import type { Supervisor } from '../../runtime/supervisor.ts';
import type { Ending } from '../ending.ts';
import type { ServiceTally, Tally } from '../tally.ts';
import {
  countOwnDescriptors,
  mostProcesses,
  readEach,
  readMemory,
  readOwnPrivateMemory,
  readProcessorTime,
} from './process-files.ts';

/** Where it is known. */
export type Described = {
  readonly supervisor: Pick<Supervisor, 'steering' | 'kernel'>;
  readonly tally: Pick<Tally, 'of'>;
  readonly clock: Clock;
  readonly version: string;
  /** When the process began, how often its code was exchanged, and how often it came back after a crash. */
  readonly history: () => Pick<ServerStatus, 'startedAt' | 'upgrades' | 'restarts'>;
  readonly configuration: { readonly status: () => ServerStatus['configuration'] };
  readonly ending: Pick<Ending, 'isStopping'>;
  readonly log: { readonly lostRecords: () => number };
};

const pidsOf = (instances: readonly RunningInstance[]): readonly number[] =>
  instances.flatMap(({ pid }) => pid ?? []);

/** Of all its processes; null where none runs, or too many do to be read. */
const memoryOf = (
  { instances }: RunningDetail,
  memory: ReadonlyMap<number, number>,
  isRead: (pid: number) => boolean,
): number | null => {
  const pids = pidsOf(instances);
  if (pids.length === 0 || !pids.every(isRead)) return null;
  return pids.reduce((sum, pid) => sum + (memory.get(pid) ?? 0), 0);
};

const handlerTimes = (tally: ServiceTally | undefined): ServiceSummary['handlerTimes'] => {
  const times = tally?.handlerTimes;
  const count = times?.count() ?? 0;
  if (times === undefined || count === 0) return null;
  return { count, p50: times.quantile(0.5) ?? 0, p99: times.quantile(0.99) ?? 0 };
};

const summarise = (
  { origin: _origin, instances: _instances, ...running }: RunningDetail,
  tally: ServiceTally | undefined,
  memory: number | null,
): ServiceSummary => ({
  ...running,
  accepted: tally?.accepted ?? 0,
  served: tally?.served ?? 0,
  failed: tally?.failed ?? 0,
  refused: [...(tally?.refusedBy.values() ?? [])].reduce((sum, count) => sum + count, 0),
  refusedBy: Object.fromEntries(tally?.refusedBy ?? []),
  lastError: tally?.lastError ?? null,
  handlerTimes: handlerTimes(tally),
  memory,
});

const state = ({ ending }: Described): ServerStatus['state'] =>
  ending.isStopping() ? 'draining' : 'running';

export const describeServer = async (parts: Described): Promise<ServerStatus> => {
  const running = parts.supervisor.steering.describeAll();
  const pids = running.flatMap(({ instances }) => pidsOf(instances));
  const read = new Set(pids.slice(0, mostProcesses));
  const [memory, privateMemory, openDescriptors] = await Promise.all([
    readEach(pids, readMemory),
    readOwnPrivateMemory(),
    countOwnDescriptors(),
  ]);
  const isRead = (pid: number): boolean => read.has(pid);
  return {
    version: controlVersion,
    acceptd: parts.version,
    pid: process.pid,
    state: state(parts),
    configuration: parts.configuration.status(),
    ...parts.history(),
    memory: { resident: process.memoryUsage.rss(), private: privateMemory },
    descriptors: { open: openDescriptors, limit: parts.supervisor.kernel.descriptorLimit.hard },
    lostRecords: parts.log.lostRecords(),
    services: running.map((each) =>
      summarise(each, parts.tally.of(each.service), memoryOf(each, memory, isRead)),
    ),
  };
};

/** Instances that are listed one by one. */
const mostListed = 200;

export const describeService = async (parts: Described, id: string): Promise<ServiceDetail | undefined> => {
  const { steering } = parts.supervisor;
  const running = steering.describe(id);
  if (running === undefined) return undefined;
  const { origin, instances } = running;
  const pids = pidsOf(instances);
  const read = new Set(pids.slice(0, mostProcesses));
  const [memory, times] = await Promise.all([readEach(pids, readMemory), readEach(pids, readProcessorTime)]);
  const now = parts.clock.wallClock().getTime();
  const showInstance = ({ pid, what, peer, startedAt }: RunningInstance): InstanceStatus => ({
    pid: pid ?? null,
    what,
    peer: peer ?? null,
    startedAt: startedAt.toISOString(),
    age: Math.max(0, now - startedAt.getTime()) / 1000,
    cpu: pid === undefined ? null : (times.get(pid) ?? null),
    memory: pid === undefined ? null : (memory.get(pid) ?? null),
  });
  const tally = parts.tally.of(id);
  return {
    ...summarise(
      running,
      tally,
      memoryOf(running, memory, (pid) => read.has(pid)),
    ),
    origin,
    instances: instances.slice(0, mostListed).map(showInstance),
    more: Math.max(0, instances.length - mostListed),
    recent: tally?.recent ?? [],
    tuned: steering.tunings(id),
  };
};
