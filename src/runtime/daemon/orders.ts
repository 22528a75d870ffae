// What a daemon is asked for by name: to be there, to start anew, to read its configuration again, to be as the new
// configuration has it.
import type { DaemonStop, Failure } from '../../model/event.ts';
import { isSameService } from '../plan.ts';
import type { RunningService } from '../running.ts';
import type { Now } from './handover.ts';
import { refuseReload } from './plan.ts';
import { type DaemonEvent, isOff, isUp } from './state.ts';
import { type Outcome, promiseOf, type Wishes } from './wishes.ts';

export const createOrders = (runner: {
  readonly running: RunningService;
  /** Those who wait until it is ready, and until it has reloaded. */
  readonly ready: Wishes;
  readonly reloaded: Wishes;
  readonly isClosing: () => boolean;
  readonly stopped: () => Failure;
  readonly read: () => Now;
  readonly requestStart: (how: 'counted' | 'free') => void;
  readonly stop: (why: DaemonStop, restartsThen: boolean) => void;
  readonly retry: () => void;
  readonly dispatch: (event: DaemonEvent) => void;
}) => {
  const { running, ready, reloaded, isClosing, stopped, read, requestStart, stop, retry, dispatch } = runner;
  const id = (): string => running.prepared.service.id;

  return {
    demand: (onDone: Outcome): (() => void) => {
      const takeBack = ready.add(onDone);
      queueMicrotask(() => {
        const { state } = read();
        if (isClosing()) ready.reject(stopped());
        else if (isUp(state) || state.kind === 'remaining') ready.fulfil();
        else if (state.kind === 'off' && ready.count() > 0) requestStart('counted');
      });
      return takeBack;
    },

    restart: (): Promise<Failure | undefined> =>
      promiseOf((onDone) => {
        const { state } = read();
        if (isClosing()) onDone(stopped());
        else if (running.isPaused && isOff(state)) onDone({ code: 'EBUSY', what: `${id()} is paused` });
        else {
          ready.add(onDone);
          if (state.kind === 'off') requestStart('free');
          else stop('restart', true);
        }
      }),

    reload: (): Promise<Failure | undefined> =>
      promiseOf((onDone) => {
        const { state, plan } = read();
        const refusal = refuseReload(id(), state, plan);
        if (refusal !== undefined) onDone(refusal);
        else {
          reloaded.add(onDone);
          dispatch({ kind: 'reload' });
        }
      }),

    /** After a reload of the configuration, and at the first one. */
    sync: (isStrict: boolean): void => {
      const { service } = running.prepared;
      const { daemon } = service;
      if (daemon === undefined) return;
      if (read().state.kind === 'pausing') retry();
      const { state, plan, live, hasStarted } = read();
      if (isStrict && plan !== undefined && live !== undefined && !isSameService(plan.service, service))
        stop('reload', true);
      else if (live !== undefined) live.tellOfNew();
      else if (!daemon.onDemand && state.kind === 'off' && !(hasStarted && daemon.type === 'oneshot'))
        requestStart('counted');
    },
  };
};
