// What a message of a daemon changes.
import type { Descriptor } from '../../model/descriptor.ts';
import type { Event } from '../../model/event.ts';
import type { NotifyMessage } from '../../model/notify-message.ts';
import type { Milliseconds } from '../../model/quantity.ts';
import { describeErrno } from '../../native/addon.ts';
import type { NotifyReceipt } from '../../native/notify.ts';
import type { Run } from './run.ts';
import type { Store } from './store.ts';

type Said = Extract<Event, { readonly kind: 'daemon-said' }>['what'];

/** What a message can do; each is called at most once for a message. */
export type Effects = {
  readonly tell: (pid: number, what: Said, text: string) => void;
  readonly complain: (pid: number, why: string) => void;
  /** False when it is no process of the run. */
  readonly setMain: (pid: number) => boolean;
  readonly store: Store;
  readonly onWatchdog: (what: 'alive' | 'trigger') => void;
  readonly setWatchdog: (time: Milliseconds) => void;
  readonly extend: (by: Milliseconds) => void;
  readonly resetRestarts: () => void;
  readonly onReady: () => void;
  readonly onReloading: (at: bigint | undefined) => void;
  readonly onStopping: () => void;
};

const noDescriptors: readonly Descriptor[] = [];

/** Gives back the descriptors that nobody has taken. */
const keep = (
  { store, complain }: Effects,
  { store: wish }: NotifyMessage,
  { pid, descriptors }: NotifyReceipt,
): readonly Descriptor[] => {
  if (wish?.kind === 'remove') {
    if (wish.name !== undefined) store.remove(wish.name);
    return descriptors;
  }
  if (wish === undefined) return descriptors;
  const { refused } = store.add(descriptors, wish.name, wish.isPolled);
  if (refused > 0) complain(pid, `there is no room for ${refused} more descriptors to keep`);
  return noDescriptors;
};

/** In the order in which a daemon means it: who it is, what it keeps, how it is; then what it does next. */
export const heed = (
  run: Run,
  message: NotifyMessage,
  receipt: NotifyReceipt,
  effects: Effects,
): readonly Descriptor[] => {
  const { pid } = receipt;
  if (message.access !== undefined) run.access = message.access;
  if (message.mainPid !== undefined && message.mainPid !== run.main) {
    if (effects.setMain(message.mainPid)) effects.tell(pid, 'main-pid', String(message.mainPid));
    else effects.complain(pid, `MAINPID=${message.mainPid} is no process of the service`);
  }
  const left = keep(effects, message, receipt);
  if (message.status !== undefined) effects.tell(pid, 'status', message.status);
  if (message.errno !== undefined && message.errno !== 0) {
    const { code, reason } = describeErrno(message.errno);
    effects.tell(pid, 'errno', `${code}: ${reason}`);
  }
  if (message.busError !== undefined) effects.tell(pid, 'errno', message.busError);
  if (message.varlinkError !== undefined) effects.tell(pid, 'errno', message.varlinkError);
  if (message.exitStatus !== undefined) effects.tell(pid, 'errno', `exit status ${message.exitStatus}`);
  if (message.resetsRestarts) effects.resetRestarts();
  if (message.watchdogTime !== undefined) effects.setWatchdog(message.watchdogTime);
  if (message.extension !== undefined) effects.extend(message.extension);
  switch (message.state) {
    case 'ready':
      effects.onReady();
      break;
    case 'reloading':
      effects.tell(pid, 'reloading', message.status ?? '');
      effects.onReloading(message.reloadedAt);
      break;
    case 'stopping':
      effects.tell(pid, 'stopping', message.status ?? '');
      effects.onStopping();
      break;
    case undefined:
      break;
  }
  if (message.watchdog !== undefined) effects.onWatchdog(message.watchdog);
  return left;
};
