// Signals to what acceptd has started, and to nothing else.
import type { Failure } from '../model/event.ts';
import type { Runtime } from './running.ts';
import { noSuchService } from './steering-failures.ts';

/** SIGRTMAX. */
const lastSignal = 64;

export type SignalTarget = { readonly service: string } | { readonly pid: number };

export const createSignals = ({ kernel, services, instances }: Runtime) => {
  /** Handlers lead sessions of their own, and all that is in them gets it; a daemon knows who belongs to it. */
  const signalService = (id: string, signal: number): number | Failure => {
    const service = services.get(id);
    if (service === undefined) return noSuchService(id);
    let told = service.daemon?.signal(signal) ?? 0;
    for (const instance of [...instances.values()]) {
      if (instance.service !== service || instance.daemon !== undefined) continue;
      if (kernel.kill(instance.pid, signal)) told += 1;
    }
    return told;
  };

  const signalProcess = (pid: number, signal: number): number | Failure => {
    if (!instances.has(pid)) return { code: 'ESRCH', what: `pid ${pid} is nothing that acceptd has started` };
    if (kernel.kill(pid, signal)) return 1;
    return { code: 'ESRCH', what: `pid ${pid} has ended, or acceptd may not signal it` };
  };

  return (target: SignalTarget, signal: number): number | Failure => {
    if (!Number.isInteger(signal) || signal < 1 || signal > lastSignal)
      return { code: 'EINVAL', what: `a signal is a number from 1 to ${lastSignal}, not ${signal}` };
    return 'service' in target ? signalService(target.service, signal) : signalProcess(target.pid, signal);
  };
};
