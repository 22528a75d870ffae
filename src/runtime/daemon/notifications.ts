// The notify socket of one run of a daemon: who may say something there, and what was said.
import type { NotifyAccess } from '../../model/daemon.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { type NotifyMessage, parseNotify } from '../../model/notify-message.ts';
import { milliseconds } from '../../model/quantity.ts';
import { SystemError } from '../../native/addon.ts';
import { type NotifyReceipt, receiveNotify } from '../../native/notify.ts';
import type { Runtime } from '../running.ts';
import type { NotifySocket, OpenNotifySocket } from './notify-socket.ts';
import { isAlive } from './signals.ts';

/** Of one daemon in one turn of the loop. */
const batch = 32;
/** Between two complaints about messages that do not count. */
const quietTime = milliseconds(10_000);

/** What a run says of itself to find out whether a sender is one of its own. */
export type Senders = {
  readonly access: () => NotifyAccess;
  readonly mainPid: () => number | undefined;
  /** Of the command beside it. */
  readonly commandPid: () => number | undefined;
  readonly isMember: (pid: number) => boolean;
  /** Whom its processes run as. */
  readonly uid: number;
};

export type Notifications = {
  /** For NOTIFY_SOCKET. */
  readonly address: string;
  readonly descriptor: Descriptor;
  /** Reads what there is: before its sender's end is acted upon. */
  readonly drain: () => void;
  readonly close: () => void;
};

/** systemd-notify(1) of root speaks in the name of its parent, which it takes for a shell: here that is acceptd itself. */
const isCommand = ({ commandPid }: Senders, pid: number): boolean =>
  commandPid() !== undefined && (pid === commandPid() || pid === process.pid);

/** Why a sender is not listened to, or undefined. */
const objection = (senders: Senders, { pid, uid }: NotifyReceipt): string | undefined => {
  const access = senders.access();
  if (access === 'none') return 'the service takes no messages';
  if (pid === senders.mainPid()) return undefined;
  if (access === 'main')
    return `only the main process may say something, which is ${senders.mainPid() ?? 'none now'}`;
  if (isCommand(senders, pid)) return undefined;
  if (access === 'exec') return 'only the main process and the commands beside it may say something';
  if (senders.isMember(pid)) return undefined;
  // a program that has said one thing and ended, as systemd-notify(1) does
  const isGone = pid === 0 || !isAlive(pid);
  if (isGone && (uid === 0 || uid === senders.uid)) return undefined;
  return 'the sender is no process of the service';
};

/**
 * `onMessage` gets what counts; descriptors that it does not take (gives back) are closed. Throws SystemError when there
 * is no socket to be had.
 */
export const openNotifications = (
  { kernel, clock, observer }: Pick<Runtime, 'kernel' | 'clock' | 'observer'>,
  service: () => string,
  senders: Senders,
  onMessage: (message: NotifyMessage, receipt: NotifyReceipt) => readonly Descriptor[],
  socket: NotifySocket,
  /** What the run has already. */
  existing?: OpenNotifySocket,
): Notifications => {
  let isOpen = true;
  let quietUntil = clock.now();

  const closeAll = (descriptors: readonly Descriptor[]): void => {
    for (const each of descriptors) kernel.close(each);
  };

  const complain = (pid: number, why: string): void => {
    if (clock.now() < quietUntil) return;
    quietUntil = milliseconds(clock.now() + quietTime);
    observer.observe({ kind: 'notify-ignored', service: service(), pid, why });
  };

  const take = (receipt: NotifyReceipt): void => {
    const why = objection(senders, receipt);
    if (why !== undefined) {
      complain(receipt.pid, why);
      closeAll(receipt.descriptors);
      return;
    }
    const message = parseNotify(receipt.text);
    // closing is the answer that a barrier waits for: all that was said before it has been heard
    if (message.isBarrier) {
      closeAll(receipt.descriptors);
      return;
    }
    if (message.faults.length > 0) complain(receipt.pid, `${message.faults.join(', ')} cannot be understood`);
    if (receipt.isCut) complain(receipt.pid, 'its end is missing: it was longer than 4096 bytes');
    closeAll(onMessage(message, receipt));
  };

  const read = (): void => {
    try {
      for (let count = 0; count < batch && isOpen; count++) {
        const receipt = receiveNotify(descriptor);
        if (receipt === undefined) return;
        take(receipt);
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      complain(0, error.message);
    }
  };

  const { descriptor, address } = socket.take(read, existing);
  return {
    address,
    descriptor,
    drain: () => {
      if (isOpen) read();
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      socket.rest();
    },
  };
};
