// What the running server can be asked and told about its services, by whoever may.
import type { Admission, LaunchPlan, ReloadChanges, Tuning } from '../model/control.ts';
import type { Failure } from '../model/event.ts';
import type { ResolvedService } from '../model/service.ts';
import type { Host } from '../serve/host.ts';
import type { Gate } from './gate.ts';
import type { Questions } from './questions.ts';
import type { Runtime } from './running.ts';
import { createDescription, type RunningDetail } from './steering-describe.ts';
import { createExplanation } from './steering-explain.ts';
import { createPauses } from './steering-pause.ts';
import { createSignals, type SignalTarget } from './steering-signal.ts';
import { createTunings } from './steering-tune.ts';
import { createInquiry } from './steering-why.ts';
import type { States } from './watch.ts';

export type Steering = {
  /** Nobody new is let in until resume(): clients wait in the kernel's queue, and what runs goes on. */
  readonly pause: (id: string) => Failure | undefined;
  readonly resume: (id: string) => Failure | undefined;
  /** Who goes on letting clients in while the service is paused; undefined: nobody. */
  readonly pauseRemark: (id: string) => string | undefined;
  /** Changes limits until the next reload. */
  readonly tune: (id: string, tuning: Tuning) => Failure | undefined;
  /** What tune() has changed: `instances 64 -> 8`. */
  readonly tunings: (id: string) => readonly string[];
  /** Sends a signal; how many processes have got it. */
  readonly signal: (target: SignalTarget, signal: number) => number | Failure;
  /** What a reload to these services would do; nothing is done. */
  readonly plan: (wanted: readonly ResolvedService[]) => Promise<ReloadChanges>;
  /** Would a client with this address be let in now, and what decides? Nothing is counted. */
  readonly why: (id: string, address: string) => Promise<Admission | Failure>;
  /** How the service's handler is started; undefined: there is no such service. */
  readonly explain: (id: string) => LaunchPlan | undefined;
  readonly describe: (id: string) => RunningDetail | undefined;
  readonly describeAll: () => readonly RunningDetail[];
};

/** What of the runtime's functions is steered. */
export type SteeringParts = {
  readonly states: States;
  readonly gate: Gate;
  readonly questions: Questions;
  readonly host: Host;
  readonly plan: Steering['plan'];
};

export const createSteering = (
  runtime: Runtime,
  { states, gate, questions, host, plan }: SteeringParts,
): Steering => ({
  ...createPauses(runtime, states),
  ...createTunings(runtime, states),
  signal: createSignals(runtime),
  plan,
  why: createInquiry(runtime, gate, questions),
  explain: createExplanation(runtime, host),
  ...createDescription(runtime),
});

export type { RunningDetail, RunningInstance } from './steering-describe.ts';
