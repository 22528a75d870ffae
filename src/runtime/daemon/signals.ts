// Signals by number and by name.
import { constants } from 'node:os';

const names = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** `SIGTERM`; of a real-time signal its number. */
export const signalName = (signal: number): string => names.get(signal) ?? `signal ${signal}`;

/** False when the process is gone. */
export const sendSignal = (pid: number, signal: number): boolean => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
};

export const isAlive = (pid: number): boolean => sendSignal(pid, 0);
