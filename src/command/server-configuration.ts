// The configuration of a running server: loaded, told, let in or kept out, and what came of it for whoever asked.
import type { Clock } from '../model/clock.ts';
import type { ReloadReport, ServerStatus } from '../model/control.ts';
import { isError } from '../model/diagnostic.ts';
import type { Metrics } from '../operate/metrics/metrics.ts';
import { createGate, createReloader, type Loaded } from '../operate/reload.ts';
import type { ServiceManager } from '../operate/service-manager.ts';
import type { Tally } from '../operate/tally.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import type { ServerLog } from './server-log.ts';
import type { Wrapping } from './wrapping.ts';

export type ConfigurationParts = {
  readonly read: () => Promise<Loaded>;
  readonly supervisor: Pick<Supervisor, 'apply' | 'examine' | 'steering'>;
  readonly log: ServerLog;
  readonly tally: Pick<Tally, 'setServices' | 'observer'>;
  readonly metrics: Pick<Metrics, 'setServices'> | undefined;
  readonly wrapping: Wrapping;
  readonly manager: Pick<ServiceManager, 'enterReloading' | 'leaveReloading'>;
  readonly clock: Clock;
  readonly isStopping: () => boolean;
};

export type ServerConfiguration = {
  /** Before take(), of the first one. */
  readonly prepare: (loaded: Loaded) => Promise<void>;
  readonly take: (loaded: Loaded) => ReloadReport;
  readonly reload: () => Promise<ReloadReport>;
  /** What a reload would do; nothing is done. */
  readonly plan: () => Promise<ReloadReport>;
  readonly files: () => readonly string[];
  readonly status: () => ServerStatus['configuration'];
};

const count = (loaded: Loaded | undefined, severity: 'error' | 'warning'): number =>
  loaded?.diagnostics.filter((diagnostic) => isError(diagnostic) === (severity === 'error')).length ?? 0;

export const createConfiguration = (parts: ConfigurationParts): ServerConfiguration => {
  const { read, supervisor, log, tally, metrics, wrapping, manager, clock, isStopping } = parts;
  const gate = createGate();
  let current: { readonly loaded: Loaded; readonly at: Date } | undefined;
  let refusedBecause: string | null = null;

  const reasonAgainst = (loaded: Loaded): string | undefined =>
    isStopping() ? 'acceptd is stopping' : gate.refusalOf(loaded);

  const refuse = (why: string, { diagnostics }: Loaded): ReloadReport => ({
    outcome: 'refused',
    why,
    changes: null,
    diagnostics,
  });

  const take = (loaded: Loaded): ReloadReport => {
    log.tell(loaded.diagnostics);
    const why = reasonAgainst(loaded);
    if (why !== undefined) {
      refusedBecause = why;
      for (const observer of [...log.observers, tally.observer])
        observer.observe({ kind: 'reload-refused', why });
      return refuse(why, loaded);
    }
    gate.enter(loaded);
    refusedBecause = null;
    current = { loaded, at: clock.wallClock() };
    log.setServices(loaded.services);
    tally.setServices(loaded.services.map(({ id }) => id));
    metrics?.setServices(loaded.services);
    const changes = supervisor.apply(loaded.services);
    return { outcome: 'applied', why: null, changes, diagnostics: loaded.diagnostics };
  };

  const prepare = async ({ services }: Loaded): Promise<void> => {
    await Promise.all([wrapping.prepare(services), supervisor.examine(services)]);
  };

  const load = createReloader(async () => {
    const loaded = await read();
    await prepare(loaded);
    return loaded;
  }, take);

  return {
    prepare,
    take,
    reload: async () => {
      log.startReload();
      manager.enterReloading();
      const report = await load();
      manager.leaveReloading();
      return report;
    },
    plan: async () => {
      const loaded = await read();
      await supervisor.examine(loaded.services);
      const why = reasonAgainst(loaded);
      if (why !== undefined) return refuse(why, loaded);
      const { diagnostics, services } = loaded;
      return { outcome: 'planned', why: null, changes: supervisor.steering.plan(services), diagnostics };
    },
    files: () => current?.loaded.files ?? [],
    status: () => ({
      files: current?.loaded.files ?? [],
      loadedAt: (current?.at ?? clock.wallClock()).toISOString(),
      errors: count(current?.loaded, 'error'),
      warnings: count(current?.loaded, 'warning'),
      refusedBecause,
    }),
  };
};
