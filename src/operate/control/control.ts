// The control sockets of a running server: one of the file system for who may steer it, one of TCP for who asks whether it lives.
import type { Clock } from '../../model/clock.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import { type ConnectionRecord, peerOf } from '../../model/record.ts';
import { SystemError } from '../../native/addon.ts';
import type { Kernel } from '../../native/kernel.ts';
import { callerOf } from './access.ts';
import type { Desk } from './desk.ts';
import type { HttpFront, Order } from './http.ts';
import { createIntake, type IntakeLimits } from './intake.ts';
import { openControlSocket } from './socket-file.ts';

export type ProbeAddress = { readonly version: 4 | 6; readonly host: string; readonly port: number };

export type ControlPlaces = {
  /** undefined: there is no control socket. */
  readonly path: string | undefined;
  /** The number of a group that may look. */
  readonly group: number | undefined;
  /** Where /livez, /readyz and /metrics are answered over TCP. */
  readonly probes: ProbeAddress | undefined;
};

export type ControlOptions = {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly desk: Desk;
  readonly onOrder: (order: Order) => void;
  /** A socket that cannot be opened is told and done without. */
  readonly onTrouble: (what: string) => void;
};

export type Control = {
  /** Answers that are being written may end within `patience`; the file is removed. */
  readonly end: (patience: Milliseconds) => Promise<void>;
};

const backlog = 64;
const mostConnections = 64;
/** Of few descriptors, most are the services'. */
const descriptorShare = 16;
const fewest = 4;

const limitsFor = (descriptors: number): IntakeLimits => {
  const connections = Math.max(fewest, Math.min(mostConnections, Math.floor(descriptors / descriptorShare)));
  return { connections, others: Math.floor(connections / 2), surplus: Math.floor(connections / 4) };
};

const openProbes = (kernel: Kernel, { version, host, port }: ProbeAddress): Descriptor => {
  const descriptor = kernel.openSocket(version, 'stream');
  try {
    kernel.setOption(descriptor, 'SO_REUSEADDR', 1);
    kernel.bindInternet(descriptor, {
      kind: 'internet',
      socketType: 'stream',
      version,
      host,
      port,
      takesMapped: true,
      isOptional: false,
    });
    kernel.listen(descriptor, backlog);
    kernel.setBlocking(descriptor, false);
    return kernel.raise(descriptor);
  } catch (error) {
    kernel.close(descriptor);
    throw error;
  }
};

export const openControl = (
  { path, group, probes }: ControlPlaces,
  { kernel, clock, desk, onOrder, onTrouble }: ControlOptions,
): Control => {
  const closings: (() => void)[] = [];
  const intakes: ReturnType<typeof createIntake>[] = [];
  let front: HttpFront | undefined;

  const loadFront = async (): Promise<HttpFront> => {
    const { createFront } = await import('./http.ts');
    front ??= createFront({ clock, desk, onOrder });
    return front;
  };
  const onFailed = (error: unknown): void =>
    onTrouble(
      `cannot answer at the control socket: ${error instanceof Error ? error.message : String(error)}`,
    );

  const open = (start: (limits: IntakeLimits) => void): void => {
    try {
      start(limitsFor(kernel.descriptorLimit.hard));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      onTrouble(error.message);
    }
  };
  const startIntake = (limits: IntakeLimits): ReturnType<typeof createIntake> => {
    const intake = createIntake(kernel, clock, limits, loadFront, onFailed);
    intakes.push(intake);
    return intake;
  };

  if (path !== undefined)
    open((limits) => {
      const { descriptor, removeFile } = openControlSocket(kernel, path, group);
      closings.push(() => {
        removeFile();
        kernel.closeListener(descriptor);
      });
      const access = { user: process.geteuid?.() ?? 0, group };
      startIntake(limits).serve(descriptor, (client) => callerOf(client.descriptor, client.record, access));
    });
  if (probes !== undefined)
    open((limits) => {
      const descriptor = openProbes(kernel, probes);
      closings.push(() => kernel.closeListener(descriptor));
      const probe = (record: ConnectionRecord) => ({ role: 'probe', peer: peerOf(record) }) as const;
      // all of them are others, and nothing is kept back for an owner
      const all = { ...limits, others: limits.connections };
      startIntake(all).serve(descriptor, ({ record }) => probe(record));
    });

  return {
    end: async (patience) => {
      for (const intake of intakes) intake.end();
      for (const close of closings) close();
      let cancel = (): void => undefined;
      const late = new Promise<void>((resolve) => {
        cancel = clock.after(patience, resolve);
      });
      await Promise.race([front?.end(), late]);
      cancel();
      front?.cut();
    },
  };
};
