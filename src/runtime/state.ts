// What runs, as plain data for those who show it: services, listeners, instances and what holds them back.
import type { ListenAddress, Peer } from '../model/address.ts';
import { peerOf } from '../model/record.ts';
import type { ResolvedService } from '../model/service.ts';
import type { RunningListener, RunningService, Runtime } from './running.ts';

export type ListenerState = {
  readonly address: ListenAddress;
  /** undefined while it cannot be opened. */
  readonly descriptor: number | undefined;
  readonly isWatched: boolean;
  /** The server that has the whole socket now. */
  readonly owner: number | undefined;
};

/**
 * `held`: at its limit of instances, clients wait; `suspended`: beyond its rate, or its daemon pauses; `closed`: none of its sockets could be
 * opened; a member of tcpmux, which has none, is active.
 */
export type Condition = 'active' | 'held' | 'suspended' | 'closed';

export type ServiceState = {
  readonly service: ResolvedService;
  readonly condition: Condition;
  readonly listeners: readonly ListenerState[];
  /** Processes, built-ins and relays together. */
  readonly live: number;
};

export type InstanceState = {
  readonly service: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly peer: Peer | undefined;
};

export type ServerState = {
  readonly at: Date;
  readonly services: readonly ServiceState[];
  readonly instances: readonly InstanceState[];
  /** Built-ins and relays in progress, by service. */
  readonly builtins: ReadonlyMap<string, number>;
  /** The limit of descriptors. */
  readonly descriptorLimit: number;
};

const listenerState = ({
  address,
  descriptor,
  isWatched,
  owner,
  holder,
}: RunningListener): ListenerState => ({
  address,
  descriptor,
  isWatched,
  owner: owner ?? holder?.mainPid(),
});

export const conditionOf = ({
  listeners,
  isHeld,
  suspension,
  prepared,
  daemon,
}: RunningService): Condition => {
  if (suspension !== undefined || daemon?.isPausing()) return 'suspended';
  const isOpen = [...listeners].some(({ descriptor }) => descriptor !== undefined);
  if (!isOpen && prepared.service.mux === undefined) return 'closed';
  return isHeld ? 'held' : 'active';
};

export const describeState = (runtime: Runtime): ServerState => {
  const at = runtime.clock.wallClock();
  const now = runtime.clock.now();
  const builtins = new Map<string, number>();
  for (const { service } of runtime.builtins.values()) {
    const { id } = service.prepared.service;
    builtins.set(id, (builtins.get(id) ?? 0) + 1);
  }
  return {
    at,
    services: [...runtime.services.values()].map((running) => ({
      service: running.prepared.service,
      condition: conditionOf(running),
      listeners: [...running.listeners].map(listenerState),
      live: running.usage.live + (running.daemon?.processes() ?? 0),
    })),
    instances: [...runtime.instances.values()].map(({ pid, service, startedAt, record }) => ({
      service: service.prepared.service.id,
      pid,
      startedAt: new Date(at.getTime() - (now - startedAt)),
      peer: record === undefined ? undefined : peerOf(record),
    })),
    builtins,
    descriptorLimit: runtime.kernel.descriptorLimit.hard,
  };
};

/** What a person asks first: who listens, how busy it is, what holds it. */
export const describeServices = ({ services }: Runtime) =>
  [...services.values()].map(({ prepared, limits, usage, listeners: own, isHeld, suspension, daemon }) => ({
    service: prepared.service.id,
    listening: [...own].filter(({ descriptor }) => descriptor !== undefined).map(({ key }) => key),
    failed: [...own].filter(({ opening }) => opening.cancel !== undefined).map(({ key }) => key),
    live: usage.live + (daemon?.processes() ?? 0),
    limit: limits.instances,
    isHeld,
    isSuspended: suspension !== undefined || daemon?.isPausing() === true,
  }));
