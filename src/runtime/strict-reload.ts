// After a strict reload, whoever could not come any more goes: asked first (TERM), and made to after a while (KILL).
import { type Milliseconds, seconds } from '../model/quantity.ts';
import type { Gate } from './gate.ts';
import { type Questions, withoutAnswer } from './questions.ts';
import { type Instance, listAnswers, type Runtime } from './running.ts';

/** Between TERM and KILL. */
const grace: Milliseconds = seconds(5);

export const createStrictReload = (runtime: Runtime, gate: Gate, questions: Questions) => {
  const { kernel, clock, observer } = runtime;

  const isAlive = (instance: Instance): boolean => runtime.instances.get(instance.pid) === instance;

  const end = (instances: readonly Instance[], signal: 'TERM' | 'KILL'): void => {
    const living = instances.filter(isAlive);
    if (living.length === 0) return;
    observer.observe({ kind: 'terminating', instances: living.length, signal });
    for (const { pid } of living) kernel.kill(pid, `SIG${signal}`);
    if (signal === 'TERM') clock.after(grace, () => end(living, 'KILL'));
  };

  /** Its service is gone, or has lost the listener that it serves. */
  const isOrphan = ({ service, lent }: Instance): boolean =>
    runtime.services.get(service.prepared.service.id) !== service ||
    (lent !== undefined && lent.listener.descriptor === undefined);

  /** Asks what must be asked about its client; who cannot be told is not let in again either. */
  const isUnwelcome = async ({ service, record }: Instance): Promise<boolean> => {
    if (record === undefined) return false;
    let { judgement, facts } = gate.judge(service, record, undefined);
    while (judgement.kind === 'ask') {
      const answered = await questions.ask(
        judgement.question,
        { service, record, connection: undefined },
        facts,
      );
      const known = answered ?? withoutAnswer(judgement, facts);
      ({ judgement, facts } = gate.judge(service, record, undefined, known));
    }
    return judgement.kind === 'refuse' && judgement.reason === 'access';
  };

  /** To be called when a new configuration is applied. */
  return (): void => {
    const all = listAnswers(runtime.instances);
    // daemons have ends of their own
    end(all.filter(isOrphan), 'TERM');
    for (const instance of all) {
      if (isOrphan(instance)) continue;
      void isUnwelcome(instance).then((isUnwelcomeNow) => {
        if (isUnwelcomeNow) end([instance], 'TERM');
      });
    }
  };
};
