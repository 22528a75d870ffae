// What is exported of acceptd's own process, under the names that every exporter uses.
import { readdir, readFile } from 'node:fs/promises';
import { type Metric, single } from './metric.ts';

export type ProcessSource = {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly resident: number;
  readonly virtual: number;
  readonly heapUsed: number;
  readonly openDescriptors: number;
  readonly descriptorLimit: number;
  readonly startedAt: number;
};

/** Never changes, whatever the clock does. */
const startedAt = Date.now() / 1_000 - process.uptime();

/** `VmSize:    1234 kB` in bytes; 0 where it is not told. */
const kibibytes = (status: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1_024;

/** On libuv's threads: with thousands of listeners the list of descriptors is long. */
export const readProcess = async (descriptorLimit: number): Promise<ProcessSource> => {
  const [descriptors, status] = await Promise.all([
    readdir('/proc/self/fd'),
    readFile('/proc/self/status', 'latin1'),
  ]);
  const { user, system } = process.cpuUsage();
  return {
    userSeconds: user / 1e6,
    systemSeconds: system / 1e6,
    resident: kibibytes(status, 'VmRSS'),
    virtual: kibibytes(status, 'VmSize'),
    heapUsed: process.memoryUsage().heapUsed,
    // the one of the list itself is closed
    openDescriptors: descriptors.length - 1,
    descriptorLimit,
    startedAt,
  };
};

export const processMetrics: readonly Metric<ProcessSource>[] = [
  single(
    'counter',
    'process_cpu_seconds_total',
    'User and system time of acceptd itself.',
    ({ userSeconds, systemSeconds }) => userSeconds + systemSeconds,
  ),
  single('gauge', 'process_resident_memory_bytes', 'Resident memory.', ({ resident }) => resident),
  single('gauge', 'process_virtual_memory_bytes', 'Virtual memory.', (source) => source.virtual),
  single('gauge', 'process_open_fds', 'Open descriptors.', ({ openDescriptors }) => openDescriptors),
  single('gauge', 'process_max_fds', 'The limit of descriptors.', ({ descriptorLimit }) => descriptorLimit),
  single(
    'gauge',
    'process_start_time_seconds',
    'When the process was started.',
    (source) => source.startedAt,
  ),
  single('gauge', 'nodejs_heap_size_used_bytes', 'Memory of JavaScript.', ({ heapUsed }) => heapUsed),
];
