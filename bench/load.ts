// Runs the load client against one server and reads what it found.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Measurement, Percentiles } from './sample.ts';

const run = promisify(execFile);

export type Load = {
  readonly port: number;
  readonly clients: number;
  /** Milliseconds: connections that begin in it are not measured. */
  readonly warmUp: number;
  readonly duration: number;
  /** What the handler answers; any other length counts as an error. */
  readonly bytes: number;
};

const mostConnections = 200000;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isPercentiles = (value: unknown): value is Percentiles =>
  isRecord(value) && ['p50', 'p90', 'p99', 'p99.9'].every((name) => typeof value[name] === 'number');

const isMeasurement = (value: unknown): value is Measurement => {
  if (!isRecord(value)) return false;
  const { connections, rate, firstByte, endOfFile, errors } = value;
  return (
    typeof connections === 'number' &&
    typeof rate === 'number' &&
    isPercentiles(firstByte) &&
    isPercentiles(endOfFile) &&
    isRecord(errors) &&
    Object.values(errors).every((count) => typeof count === 'number')
  );
};

export const measure = async (program: string, load: Load): Promise<Measurement> => {
  const numbers = [load.port, load.clients, load.warmUp, load.duration, mostConnections, load.bytes];
  const { stdout } = await run(program, numbers.map(String), { timeout: 60000 });
  const measurement: unknown = JSON.parse(stdout);
  if (!isMeasurement(measurement)) throw new Error(`the load client printed something else: ${stdout}`);
  return measurement;
};
