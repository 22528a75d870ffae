// How much of a service may be used at once and how fast: settings, not counters.
import type { Milliseconds } from './quantity.ts';

/**
 * `count` starts in `window`, as a token bucket that holds `count`; beyond it the service is suspended for
 * `pause` and comes back by itself (its sockets stay bound).
 */
export type Rate = { readonly count: number; readonly window: Milliseconds; readonly pause: Milliseconds };

export type Limits = {
  /** Instances at once, for a whole-socket service those on each of its sockets; undefined is no limit. */
  readonly instances: number | undefined;
  /** Instances at once for one source network. */
  readonly perSource: number | undefined;
  /** Starts for one source network. A source that exceeds it is refused; the service goes on. */
  readonly perSourceRate: { readonly count: number; readonly window: Milliseconds } | undefined;
  /** Length in bits of what counts as one source. Mapped IPv4 addresses count as IPv4. */
  readonly sourcePrefix: { readonly v4: number; readonly v6: number };
  readonly rate: Rate | undefined;
  /**
   * While a service is suspended for its rate: `hold` leaves clients in the kernel's queue; `wait` does so unless clients
   * beyond the number of instances are refused, then those are too; `close` turns the one that was too many away and
   * closes the listeners, so that the kernel refuses the next ones.
   */
  readonly onRate: 'wait' | 'hold' | 'close';
  /** How often a start is tried again, 5 s apart, where no process can be made; the client waits meanwhile. */
  readonly startRetries: number;
  /** At `instances`: `hold` leaves clients in the kernel's queue; `refuse` accepts and closes. */
  readonly onLimit: 'hold' | 'refuse';
};
