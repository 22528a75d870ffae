// The control sockets of a running server: one of the file system for who may steer it, one of TCP for who asks whether it lives.
import type { Clock } from '../../model/clock.ts';
import type { Done } from '../../model/control.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import { type ConnectionRecord, peerOf } from '../../model/record.ts';
import { SystemError } from '../../native/addon.ts';
import type { Kernel } from '../../native/kernel.ts';
import { callerOf } from './access.ts';
import { errorText, refusal } from './answer.ts';
import type { Desk } from './desk.ts';
import type { Asker, HttpFront, Order } from './http.ts';
import { createIntake, type IntakeLimits } from './intake.ts';
import { openControlSocket, takeControlSocket } from './socket-file.ts';

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
  /** Descriptors from before an upgrade, which are ours now. */
  readonly before?: ((name: ControlKeep) => Descriptor | undefined) | undefined;
  /** Who has asked for that upgrade, and what they are told. */
  readonly askers?: readonly Asker[] | undefined;
  readonly upgraded?: Done | undefined;
};

/** What goes from one version of acceptd to the next one in an upgrade, by name. */
export const controlKeeps = ['control', 'control-http'] as const;
export type ControlKeep = (typeof controlKeeps)[number];

export type Control = {
  readonly kept: (name: ControlKeep) => Descriptor | undefined;
  /** Who has asked for an upgrade and waits. */
  readonly askers: () => readonly Asker[];
  /** Before an upgrade: nobody is accepted any more, until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Whether everybody else has been answered. */
  readonly isQuiet: () => boolean;
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

/** The answer of a request that the version before has read. */
const wholeAnswer = (status: string, body: string): Uint8Array => {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  return Buffer.from(`${head}\r\nconnection: close\r\n\r\n${body}`);
};

/** For somebody who has asked for an upgrade that came to nothing when it could not be taken back. */
export const wholeRefusal = (message: string): Uint8Array =>
  wholeAnswer('500 Internal Server Error', errorText(refusal('failed', message)));

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
  { kernel, clock, desk, onOrder, onTrouble, before, askers, upgraded }: ControlOptions,
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

  const kept = new Map<ControlKeep, Descriptor>();
  for (const { descriptor, by } of askers ?? []) {
    if (upgraded !== undefined)
      kernel.write(descriptor, wholeAnswer('200 OK', `${JSON.stringify(upgraded)}\n`));
    kernel.close(descriptor);
    onOrder({ by, what: 'POST /v1/upgrade', status: 200 });
  }
  const [oldSocket, oldProbes] = [before?.('control'), before?.('control-http')];
  if (path === undefined && oldSocket !== undefined) kernel.close(oldSocket);
  if (probes === undefined && oldProbes !== undefined) kernel.close(oldProbes);

  if (path !== undefined)
    open((limits) => {
      const { descriptor, removeFile } =
        oldSocket === undefined ? openControlSocket(kernel, path, group) : takeControlSocket(oldSocket, path);
      kept.set('control', descriptor);
      closings.push(() => {
        removeFile();
        kernel.closeListener(descriptor);
      });
      const access = { user: process.geteuid?.() ?? 0, group };
      startIntake(limits).serve(descriptor, (client) => callerOf(client.descriptor, client.record, access));
    });
  if (probes !== undefined)
    open((limits) => {
      const descriptor = oldProbes ?? openProbes(kernel, probes);
      kept.set('control-http', descriptor);
      closings.push(() => kernel.closeListener(descriptor));
      const probe = (record: ConnectionRecord) => ({ role: 'probe', peer: peerOf(record) }) as const;
      // all of them are others, and nothing is kept back for an owner
      const all = { ...limits, others: limits.connections };
      startIntake(all).serve(descriptor, ({ record }) => probe(record));
    });

  return {
    kept: (name) => kept.get(name),
    askers: () => front?.askers() ?? [],
    pause: () => {
      for (const intake of intakes) intake.pause();
    },
    resume: () => {
      for (const intake of intakes) intake.resume();
    },
    isQuiet: () => intakes.every((intake) => intake.isQuiet()) && front?.isQuiet() !== false,
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
