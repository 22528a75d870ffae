// Reaches what is behind a relay: an address that is there, or a server of its own that is started first.
import { milliseconds } from '../model/quantity.ts';
import type { Answer } from '../model/service.ts';
import { connectAgain, connectFirst, type Outcome } from './connect.ts';
import { createSteps, nothing, type Undo } from './steps.ts';
import type { Prepared, Surface } from './surface.ts';

export type RelayAnswer = Extract<Answer, { readonly kind: 'relay' }>;

/**
 * `onDone` is called once, perhaps before this returns; `release` is to be called when the connection has ended, or at
 * once where there is none. What this gives takes the attempt back, and then `onDone` is not called.
 */
type Reach = (
  surface: Surface,
  prepared: Prepared,
  answer: RelayAnswer,
  onDone: (outcome: Outcome, release: () => void) => void,
) => Undo;

const noTime = milliseconds(0);

const reachAddress: Reach = (surface, { service }, { connectTimeout, retryFor = noTime }, onDone) =>
  connectAgain(
    surface.clock,
    { timeout: connectTimeout, retryFor },
    (tell) => connectFirst(surface, service.targets, connectTimeout, tell),
    (outcome) => onDone(outcome, nothing),
  );

/**
 * The server is asked for before each try: one that says that it is ready may refuse for a moment, or die. From the
 * first time on that it is ready it is held, so that nobody finds it idle.
 */
const reachBackend: Reach = (surface, prepared, { connectTimeout, retryFor }, onDone) => {
  const { backends, clock } = surface;
  let release = nothing;
  const demand = (tell: (outcome: Outcome) => void, proceed: () => Undo): Undo => {
    const steps = createSteps();
    steps.begin(() =>
      backends.demand(prepared, (failure) => {
        if (failure === undefined) steps.begin(proceed);
        else tell({ kind: 'down', failure });
      }),
    );
    return steps.undo;
  };
  const tell = (outcome: Outcome): void => onDone(outcome, release);
  const undo = demand(tell, () => {
    release = backends.hold(prepared);
    return connectAgain(
      clock,
      { timeout: connectTimeout, retryFor: retryFor ?? connectTimeout },
      (next) => demand(next, () => connectFirst(surface, prepared.service.targets, connectTimeout, next)),
      tell,
    );
  });
  return () => {
    undo();
    release();
  };
};

export const reachTarget: Reach = (surface, prepared, answer, onDone) =>
  (answer.backend === undefined ? reachAddress : reachBackend)(surface, prepared, answer, onDone);
