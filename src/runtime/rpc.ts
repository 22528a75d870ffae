// Keeps rpcbind in line with what listens: registered when it does, taken back when it no longer does.
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/event.ts';
import type { Kernel } from '../native/kernel.ts';
import { createRpcbind, type RpcProtocol } from './rpcbind.ts';
import type { RunningListener } from './running.ts';

type Registration = {
  readonly service: string;
  readonly program: number;
  readonly version: number;
  readonly protocol: RpcProtocol;
  readonly port: number;
};

export type RpcRegistrar = {
  /** Makes what is registered fit these listeners; one change at a time, in the background. */
  readonly sync: (listeners: Iterable<RunningListener>) => void;
  /** Resolves when nothing is under way; rpcbind has a deadline for each answer. */
  readonly settle: () => Promise<void>;
};

const keyOf = ({ program, version, protocol, port }: Registration): string =>
  `${program} ${version} ${protocol} ${port}`;

export const createRpcRegistrar = (kernel: Kernel, clock: Clock, observer: Observer): RpcRegistrar => {
  const rpcbind = createRpcbind({ clock });
  let registered = new Map<string, Registration>();
  let work = Promise.resolve();

  const registrationsOf = ({ address, service, descriptor }: RunningListener): readonly Registration[] => {
    const { rpc, id } = service.prepared.service;
    if (rpc === undefined || descriptor === undefined || address.kind !== 'internet') return [];
    const base = address.socketType === 'stream' ? 'tcp' : 'udp';
    const port = kernel.portOf(descriptor);
    const { program, lowVersion, highVersion } = rpc;
    // clients of IPv4 do not look below the name of IPv6, though its socket takes them too
    const protocols: RpcProtocol[] = [];
    if (address.version === 4 || address.takesMapped) protocols.push(base);
    if (address.version === 6) protocols.push(`${base}6`);
    const versions = Array.from({ length: highVersion - lowVersion + 1 }, (_, index) => lowVersion + index);
    return versions.flatMap((version) =>
      protocols.map((protocol) => ({ service: id, program, version, protocol, port })),
    );
  };

  const change = async (wanted: ReadonlyMap<string, Registration>): Promise<void> => {
    // rpcbind forgets a version over all protocols at once, so what stays of it is registered again
    const forgotten = new Set<string>();
    for (const [key, { program, version }] of registered) {
      const both = `${program} ${version}`;
      if (wanted.has(key) || forgotten.has(both)) continue;
      forgotten.add(both);
      await rpcbind.unregister(program, version);
    }
    for (const [key, registration] of wanted) {
      const { service, program, version, protocol, port } = registration;
      if (registered.has(key) && !forgotten.has(`${program} ${version}`)) continue;
      const failure = await rpcbind.register(program, version, protocol, port);
      if (failure === undefined)
        observer.observe({ kind: 'rpc-registered', service, program, version, port });
      else observer.observe({ kind: 'rpc-failed', service, program, failure });
    }
    registered = new Map(wanted);
  };

  return {
    sync: (listeners) => {
      const wanted = new Map([...listeners].flatMap(registrationsOf).map((each) => [keyOf(each), each]));
      if (wanted.size > 0 || registered.size > 0) work = work.then(() => change(wanted));
    },
    settle: () => work,
  };
};
