// Writes the running server down for the version that takes its place. Nothing is changed by it.
import type { RunningService, Runtime } from '../running.ts';
import type { ServiceParts } from './parts.ts';
import type {
  SavedBuiltin,
  SavedClient,
  SavedInstance,
  SavedListener,
  SavedRuntime,
  SavedService,
} from './saved.ts';

/** What is told apart by its place in the list: those of the configuration, and those that are gone from it. */
const listServices = (runtime: Runtime): readonly RunningService[] => {
  const all = new Set(runtime.services.values());
  for (const { service } of runtime.instances.values()) all.add(service);
  for (const { service } of runtime.talks.values()) all.add(service);
  for (const { service } of runtime.visitors) all.add(service);
  return [...all];
};

export const saveRuntime = (
  runtime: Runtime,
  { daemons, lifetimes, commands, inheritance }: ServiceParts,
  /** Who was surrendered, by service. */
  waiting: readonly (Omit<SavedClient, 'service'> & { readonly service: RunningService })[],
): SavedRuntime => {
  const all = [...new Set([...listServices(runtime), ...waiting.map(({ service }) => service)])];
  const placeOf = new Map(all.map((service, index) => [service, index]));
  const indexOf = (service: RunningService): number => placeOf.get(service) ?? -1;
  const current = new Set(runtime.services.values());

  const saveService = (running: RunningService): SavedService => {
    const { prepared, usage, limits, isHeld, isPaused, suspendedUntil, log, directories } = running;
    return {
      service: prepared.service,
      isRetired: !current.has(running),
      usage,
      limits,
      isHeld,
      isPaused,
      suspendedUntil,
      log: log?.save(),
      directories: directories.save(prepared.service),
      daemon: daemons.save(running),
    };
  };

  const listeners = [...runtime.listeners.values()].map((listener): SavedListener => {
    const { service, respawning, holder, opening, isWatched, isAsking, isChanging, ...rest } = listener;
    const { failures, trustedUntil, cancel, until } = respawning;
    return {
      ...rest,
      service: indexOf(service),
      respawning: { failures, trustedUntil, until: cancel === undefined ? undefined : until },
    };
  });

  const instances = [...runtime.instances.values()].flatMap((instance): readonly SavedInstance[] => {
    const { pid, service, source, record, startedAt, lent, daemon } = instance;
    // with its daemon
    if (daemon !== undefined) return [];
    return [
      {
        pid,
        service: indexOf(service),
        source,
        record,
        startedAt,
        lent: lent && { key: lent.listener.key, waiting: lent.waiting },
        end: lifetimes.save(pid),
      },
    ];
  });

  const builtins = [...runtime.builtins].flatMap(
    ([stop, { service, what, record, startedAt }]): readonly SavedBuiltin[] => {
      const running = runtime.talks.get(stop);
      const talk = running?.talk.save();
      if (running === undefined || talk === undefined) return [];
      const { source } = running;
      const answered = running.talk.service;
      return [{ service: indexOf(service), what, record, startedAt, answered, source, talk }];
    },
  );

  return {
    services: all.map(saveService),
    listeners,
    instances,
    clients: waiting.map((client) => ({ ...client, service: indexOf(client.service) })),
    builtins,
    endingLogs: [...runtime.endingLogs].flatMap(([each, service]) => {
      const log = each.save();
      return log === undefined ? [] : [{ service, log }];
    }),
    sensors: runtime.sensors.save(),
    sourceRates: runtime.sourceRates.save(),
    inherited: inheritance.save(),
    others: commands.pids(),
  };
};
