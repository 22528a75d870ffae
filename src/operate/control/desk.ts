// What a running server can be asked and told, whoever asks: the control socket is one way to this desk.
import type {
  Admission,
  Done,
  LaunchPlan,
  LogRecord,
  ReloadReport,
  ServerStatus,
  ServiceDetail,
  Tuning,
} from '../../model/control.ts';
import type { Failure } from '../../model/event.ts';

/** Why an order was not carried out: `ENOENT` there is no such service or process, `ENOTSUP` it cannot be done with it. */
export type Outcome = Done | Failure;

export const isFailure = (outcome: Outcome): outcome is Failure => 'code' in outcome;

export type Desk = {
  readonly status: () => Promise<ServerStatus>;
  readonly service: (id: string) => Promise<ServiceDetail | undefined>;
  /** Resolves when the new configuration is in place, or is refused. `isDry`: only says what would change. */
  readonly reload: (isDry: boolean) => Promise<ReloadReport>;
  readonly pause: (id: string) => Promise<Outcome>;
  readonly resume: (id: string) => Promise<Outcome>;
  /** The daemon of a service, or everything of it that runs; resolves when it is ready again. */
  readonly restart: (id: string) => Promise<Outcome>;
  /** The daemon of a service reads its own configuration again; resolves when it has. */
  readonly reloadService: (id: string) => Promise<Outcome>;
  readonly set: (id: string, tuning: Tuning) => Promise<Outcome>;
  /** A process that acceptd started, or all of a service; the signal by its number. */
  readonly kill: (
    target: { readonly service: string } | { readonly pid: number },
    signal: number,
  ) => Promise<Outcome>;
  /** The end of the server has begun when this resolves. Seconds; undefined: as the command line says, without drain at once. */
  readonly stop: (how: {
    readonly drain: number | undefined;
    readonly delay: number | undefined;
  }) => Promise<Outcome>;
  /** Resolves when the new code answers under the same pid, or why it does not: then the old one goes on. */
  readonly upgrade: () => Promise<Outcome>;
  /** `address`: an IP address, with or without a port; nobody is asked about it longer than a second. */
  readonly why: (id: string, address: string) => Promise<Admission | Failure>;
  readonly explain: (id: string) => LaunchPlan | undefined;
  /** Records from now on, of one service or of all; the function it gives ends it. */
  readonly follow: (service: string | undefined, onRecord: (record: LogRecord) => void) => () => void;
  /** It runs and its loop turns. */
  readonly isAlive: () => boolean;
  /** Clients may come: it does not drain, and every listener is open. What is in the way, or undefined. */
  readonly notReady: () => string | undefined;
  /** Prometheus text, or OpenMetrics where `accept` (an Accept header) prefers it; undefined where metrics are off. */
  readonly metrics: (accept: string) => Promise<{ readonly type: string; readonly text: string } | undefined>;
};
