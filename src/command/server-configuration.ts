// The configuration of a running server: loaded, told, let in or kept out, and what came of it for whoever asked.
import type { Clock } from '../model/clock.ts';
import type { ReloadReport, ServerStatus } from '../model/control.ts';
import { type Diagnostic, isError } from '../model/diagnostic.ts';
import { createBreather } from '../model/pieces.ts';
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
  /** The next version is about to take over, and applies what is loaded now. */
  readonly isHandingOver: () => boolean;
};

/** For the version that takes over. */
export type SavedConfiguration = {
  /** What was applied last. */
  readonly loaded: Loaded;
  readonly at: Date;
  readonly refusedBecause: string | null;
  /** A reload was asked for and has not been made. */
  readonly owesReload: boolean;
};

export type ServerConfiguration = {
  /** Before take(), of the first one. */
  readonly prepare: (loaded: Loaded) => Promise<void>;
  /** Resolves when it is applied, or will not be. */
  readonly take: (loaded: Loaded) => Promise<ReloadReport>;
  /** In place of take(): what the version before us had applied; `apply` has it run here. */
  readonly takeOver: (saved: SavedConfiguration, apply: () => void) => void;
  readonly reload: () => Promise<ReloadReport>;
  /** What a reload would do; nothing is done. */
  readonly plan: () => Promise<ReloadReport>;
  readonly files: () => readonly string[];
  /** Of the last load, whatever came of it. */
  readonly filesRead: () => readonly string[];
  readonly status: () => ServerStatus['configuration'];
  readonly owesReload: () => boolean;
  readonly save: () => SavedConfiguration;
  /** Resolves when a first one is in place, and no other is about to be. */
  readonly settled: () => Promise<void>;
};

const count = (loaded: Loaded | undefined, severity: 'error' | 'warning'): number =>
  loaded?.diagnostics.filter((diagnostic) => isError(diagnostic) === (severity === 'error')).length ?? 0;

export const createConfiguration = (parts: ConfigurationParts): ServerConfiguration => {
  const { read, supervisor, log, tally, metrics, wrapping, manager, clock, isStopping, isHandingOver } =
    parts;
  const gate = createGate();
  let current: { readonly loaded: Loaded; readonly at: Date } | undefined;
  let refusedBecause: string | null = null;
  let owesReload = false;
  let filesRead: readonly string[] = [];

  const reasonAgainst = (loaded: Loaded): string | undefined =>
    isStopping() ? 'acceptd is stopping' : gate.refusalOf(loaded);

  const refuse = (why: string, { diagnostics }: Loaded): ReloadReport => ({
    outcome: 'refused',
    why,
    changes: null,
    diagnostics,
  });

  /** It is the running one, once it is applied. */
  const enter = (loaded: Loaded, at: Date): void => {
    gate.enter(loaded);
    current = { loaded, at };
    filesRead = loaded.files;
    log.setServices(loaded.services);
    tally.setServices(loaded.services.map(({ id }) => id));
    metrics?.setServices(loaded.services);
  };

  /** Thousands of mistakes are told one by one. */
  const tell = async (diagnostics: readonly Diagnostic[]): Promise<void> => {
    const breathe = createBreather();
    for (const diagnostic of diagnostics) {
      log.tell([diagnostic]);
      await breathe();
    }
  };

  const refuseNow = (loaded: Loaded): ReloadReport =>
    refuse(
      isStopping() ? 'acceptd is stopping' : 'the next version takes over, and loads the configuration',
      loaded,
    );

  const takeNow = async (loaded: Loaded): Promise<ReloadReport> => {
    if (isHandingOver()) return refuseNow(loaded);
    await tell(loaded.diagnostics);
    const why = reasonAgainst(loaded);
    if (why !== undefined) {
      refusedBecause = why;
      for (const observer of [...log.observers, tally.observer])
        observer.observe({ kind: 'reload-refused', why });
      return refuse(why, loaded);
    }
    refusedBecause = null;
    const changes = await supervisor.apply(loaded.services, () => enter(loaded, clock.wallClock()));
    if (changes === undefined) return refuseNow(loaded);
    return { outcome: 'applied', why: null, changes, diagnostics: loaded.diagnostics };
  };

  let onTaken = (): void => undefined;
  const hasTaken = new Promise<void>((resolve) => {
    onTaken = resolve;
  });
  let last: Promise<void> = Promise.resolve();

  /** A reload that is asked for while the first one is taken comes after it. */
  const take = (loaded: Loaded): Promise<ReloadReport> => {
    const report = last.then(() => takeNow(loaded)).finally(onTaken);
    const isOver = (): void => undefined;
    last = report.then(isOver, isOver);
    return report;
  };

  const prepare = async ({ services }: Loaded): Promise<void> => {
    await Promise.all([wrapping.prepare(services), supervisor.examine(services)]);
  };

  const load = createReloader(async () => {
    const loaded = await read();
    filesRead = loaded.files;
    await prepare(loaded);
    return loaded;
  }, take);

  return {
    prepare,
    take,
    takeOver: (saved, apply) => {
      ({ refusedBecause } = saved);
      enter(saved.loaded, saved.at);
      apply();
      onTaken();
    },
    reload: async () => {
      log.startReload();
      manager.enterReloading();
      owesReload = true;
      const report = await load();
      // what came while the next version was to take over is made by whoever serves then
      owesReload = isHandingOver();
      manager.leaveReloading();
      return report;
    },
    plan: async () => {
      const loaded = await read();
      await supervisor.examine(loaded.services);
      const why = reasonAgainst(loaded);
      if (why !== undefined) return refuse(why, loaded);
      const { diagnostics, services } = loaded;
      return {
        outcome: 'planned',
        why: null,
        changes: await supervisor.steering.plan(services),
        diagnostics,
      };
    },
    settled: async () => {
      await hasTaken;
      await last;
    },
    owesReload: () => owesReload,
    save: () => {
      if (current === undefined) throw new Error('no configuration is in place');
      return { ...current, refusedBecause, owesReload };
    },
    files: () => current?.loaded.files ?? [],
    filesRead: () => filesRead,
    status: () => ({
      files: current?.loaded.files ?? [],
      loadedAt: (current?.at ?? clock.wallClock()).toISOString(),
      errors: count(current?.loaded, 'error'),
      warnings: count(current?.loaded, 'warning'),
      refusedBecause,
    }),
  };
};
