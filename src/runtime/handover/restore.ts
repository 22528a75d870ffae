// Becomes what the version before us was: its services, listeners, instances and conversations, as it has written them down.
import type { Descriptor } from '../../model/descriptor.ts';
import { milliseconds } from '../../model/quantity.ts';
import { takeOver } from '../../native/exec.ts';
import type { Prepared } from '../../serve/surface.ts';
import { openHandlerLog } from '../handler-log.ts';
import type { Instance, RunningListener, RunningService, Runtime } from '../running.ts';
import type { ServiceParts } from './parts.ts';
import type { SavedInstance, SavedListener, SavedRuntime, SavedService } from './saved.ts';

export const restoreRuntime = (runtime: Runtime, parts: ServiceParts, saved: SavedRuntime): void => {
  const { kernel, clock, observer } = runtime;
  const { states, services, listeners, answers, lifetimes, daemons } = parts;
  const all: RunningService[] = [];
  const serviceAt = (index: number): RunningService => {
    const found = all[index];
    if (found === undefined) throw new Error(`there is no service number ${index}`);
    return found;
  };
  const left = (until: number) => milliseconds(Math.max(0, until - clock.now()));

  const restoreService = (each: SavedService): void => {
    const running = services.revive(each.service, each.isRetired);
    all.push(running);
    const { usage, log } = each;
    Object.assign(running.usage, { live: usage.live, bucket: usage.bucket });
    for (const [source, count] of usage.perSource) running.usage.perSource.set(source, count);
    running.limits = each.limits;
    running.isHeld = each.isHeld;
    running.isPaused = each.isPaused;
    if (log !== undefined) running.log = services.reviveLog(running, log);
    running.directories.restore(each.service, each.directories);
    if (each.suspendedUntil !== undefined) states.beginSuspension(running, left(each.suspendedUntil));
  };

  const restoreListener = (each: SavedListener): void => {
    const { key, address, service, respawning, ...rest } = each;
    const listener = listeners.add(key, address, serviceAt(service));
    Object.assign(listener, rest);
    const { until, ...doubt } = respawning;
    Object.assign(listener.respawning, doubt);
    if (until !== undefined) beginRespawning(listener, until);
  };

  const beginRespawning = (listener: RunningListener, until: number): void => {
    listener.respawning.until = milliseconds(until);
    listener.respawning.cancel = clock.after(left(until), () => {
      listener.respawning.cancel = undefined;
      states.update(listener);
    });
  };

  const lentOf = ({ lent }: SavedInstance): Instance['lent'] => {
    const listener = lent && runtime.listeners.get(lent.key);
    return lent && listener && { listener, waiting: lent.waiting };
  };

  const restoreInstance = (each: SavedInstance): void => {
    const { pid, source, record, startedAt, end } = each;
    const service = serviceAt(each.service);
    const lent = lentOf(each);
    runtime.instances.set(pid, { pid, service, source, record, startedAt, lent, daemon: undefined });
    if (end !== undefined) lifetimes.restore(pid, service.prepared.service.lifetime, end);
  };

  for (const each of saved.services) restoreService(each);
  for (const each of saved.listeners) restoreListener(each);
  for (const each of saved.instances) restoreInstance(each);
  for (const { service, log } of saved.endingLogs)
    runtime.endingLogs.set(
      // whoever writes there is known no more: a line without an end waits for the end of all
      openHandlerLog(kernel, observer, service, () => false, log),
      service,
    );
  runtime.sensors.restore(saved.sensors);
  if (saved.sourceRates !== undefined) runtime.sourceRates.restore(saved.sourceRates);
  saved.services.forEach(({ daemon }, index) => {
    if (daemon !== undefined) daemons.restore(serviceAt(index), daemon);
  });
  takeOver(descriptorsOf(saved), pidsOf(saved));
  parts.inheritance.restore(saved.inherited);

  for (const { service: index, answered, source, talk, ...begun } of saved.builtins) {
    const service = serviceAt(index);
    // a reload may have changed the service while it was answered as it had been
    const prepared: Prepared =
      answered === service.prepared.service ? service.prepared : { service: answered, recipe: undefined };
    answers.goOn({ service, ...begun }, prepared, source, talk);
  }
  for (const { service: index, through, descriptor, record, heard } of saved.clients) {
    const enter = through === 'mux' ? parts.enterMux : parts.enter;
    enter(serviceAt(index), { descriptor, record }, heard);
  }
  states.updateAll();
};

const isDescriptor = (descriptor: Descriptor | undefined): descriptor is Descriptor =>
  descriptor !== undefined;

/** Everything that goes over by its number. */
export const descriptorsOf = (saved: SavedRuntime): readonly Descriptor[] =>
  [
    ...saved.listeners.map(({ descriptor }) => descriptor),
    ...saved.services.flatMap(({ log, daemon }) => [log?.ours, log?.theirs, ...(daemon?.descriptors ?? [])]),
    ...saved.endingLogs.map(({ log }) => log.ours),
    ...saved.inherited.map(({ descriptor }) => descriptor),
    ...saved.clients.map(({ descriptor }) => descriptor),
    ...saved.builtins.flatMap(({ talk: { client, rest } }) =>
      rest.kind === 'flow' ? [rest.flow.first, rest.flow.second] : [client.descriptor],
    ),
  ].filter(isDescriptor);

const pidsOf = (saved: SavedRuntime): readonly number[] => [
  ...saved.instances.map(({ pid }) => pid),
  ...saved.services.flatMap(({ daemon }) => daemon?.pids ?? []),
  ...saved.others,
];
