// What runs, for those who watch it: endpoints with their queues, what holds a service, and who is answered now.
import { type ListenAddress, showAddress, showPeer } from '../model/address.ts';
import type { EndpointStatus, InstanceStatus, ServiceCondition, ServiceSummary } from '../model/control.ts';
import { peerOf } from '../model/record.ts';
import {
  type BuiltinInstance,
  type Instance,
  isLent,
  type RunningListener,
  type RunningService,
  type Runtime,
} from './running.ts';
import { conditionOf } from './state.ts';

export type RunningInstance = {
  /** undefined of what acceptd answers itself. */
  readonly pid: number | undefined;
  readonly what: InstanceStatus['what'];
  readonly peer: string | undefined;
  readonly startedAt: Date;
};

export type RunningDetail = Pick<
  ServiceSummary,
  'service' | 'endpoints' | 'condition' | 'live' | 'limit' | 'waiting'
> & {
  /** `file:line`. */
  readonly origin: string;
  readonly instances: readonly RunningInstance[];
};

const unixProtocols = { stream: 'unix', dgram: 'unix-dgram', seqpacket: 'unix-seqpacket' } as const;

const protocolOf = (address: ListenAddress): EndpointStatus['protocol'] => {
  switch (address.kind) {
    case 'internet':
      return address.socketType === 'stream' ? 'tcp' : 'udp';
    case 'unix':
      return unixProtocols[address.socketType];
    case 'vsock':
    case 'fifo':
      return address.kind;
  }
};

const endpointState = (listener: RunningListener): EndpointStatus['state'] => {
  if (listener.descriptor === undefined) return 'closed';
  if (isLent(listener)) return 'lent';
  return listener.isWatched ? 'listening' : 'held-back';
};

/** Of TCP the kernel says how many; of the others at most that somebody waits. */
const waitingAt = ({ kernel }: Runtime, { address, descriptor }: RunningListener): number | null => {
  if (descriptor === undefined) return 0;
  const length = kernel.queueLength(descriptor);
  return length === 0 || protocolOf(address) === 'tcp' ? length : null;
};

const describeEndpoint = (runtime: Runtime, listener: RunningListener): EndpointStatus => ({
  address: showAddress(listener.address),
  protocol: protocolOf(listener.address),
  state: endpointState(listener),
  waiting: waitingAt(runtime, listener),
});

const showCondition = ({ isDraining }: Runtime, service: RunningService): ServiceCondition => {
  if (isDraining) return 'draining';
  return service.isPaused ? 'paused' : conditionOf(service);
};

const whatIs = ({ pid, service, daemon, lent }: Instance): InstanceStatus['what'] => {
  if (daemon !== undefined) return service.daemon?.mainPid() === pid ? 'daemon' : 'command';
  return lent === undefined ? 'handler' : 'server';
};

type Answering = Pick<Instance | BuiltinInstance, 'record' | 'startedAt'>;

export const createDescription = (runtime: Runtime) => {
  const { clock, services, instances, builtins } = runtime;

  const describeInstance = (
    { record, startedAt }: Answering,
    pid: number | undefined,
    what: InstanceStatus['what'],
  ): RunningInstance => ({
    pid,
    what,
    peer: record && showPeer(peerOf(record)),
    startedAt: new Date(clock.wallClock().getTime() - (clock.now() - startedAt)),
  });

  /** One look at all of them, however many services are asked about. */
  const instancesOf = (isAsked: (service: RunningService) => boolean) => {
    const found = new Map<RunningService, RunningInstance[]>();
    const add = (service: RunningService, instance: () => RunningInstance): void => {
      if (!isAsked(service)) return;
      const known = found.get(service);
      if (known === undefined) found.set(service, [instance()]);
      else known.push(instance());
    };
    for (const each of instances.values())
      add(each.service, () => describeInstance(each, each.pid, whatIs(each)));
    for (const each of builtins.values())
      add(each.service, () => describeInstance(each, undefined, each.what));
    return found;
  };

  const describeOne = (service: RunningService, running: readonly RunningInstance[]): RunningDetail => {
    const { id, origin } = service.prepared.service;
    return {
      service: id,
      origin: `${origin.file}:${origin.line}`,
      endpoints: [...service.listeners].map((listener) => describeEndpoint(runtime, listener)),
      condition: showCondition(runtime, service),
      live: service.usage.live + (service.daemon?.processes() ?? 0),
      limit: service.limits.instances ?? null,
      waiting: service.visitors - service.toldVisitors,
      instances: running,
    };
  };

  return {
    describe: (id: string): RunningDetail | undefined => {
      const service = services.get(id);
      if (service === undefined) return undefined;
      return describeOne(service, instancesOf((each) => each === service).get(service) ?? []);
    },
    describeAll: (): readonly RunningDetail[] => {
      const running = instancesOf(() => true);
      return [...services.values()].map((service) => describeOne(service, running.get(service) ?? []));
    },
  };
};
