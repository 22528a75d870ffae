// Becomes what the version before us was: its services, listeners, instances and conversations, as it has written them down.
import { leaveInstance, type Source } from '../../admission/limits.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { milliseconds } from '../../model/quantity.ts';
import { takeOver } from '../../native/exec.ts';
import type { Prepared } from '../../serve/surface.ts';
import { openHandlerLog } from '../handler-log.ts';
import type { Inherited } from '../inheritance.ts';
import type { Instance, RunningListener, RunningService, Runtime } from '../running.ts';
import type { ServiceParts } from './parts.ts';
import type { SavedBuiltin, SavedInstance, SavedListener, SavedRuntime, SavedService } from './saved.ts';

/**
 * What is saved takes its place here. There is no way back, so a part that cannot be had is done without: what is given back
 * says which, in words, and its sockets are kept for whoever claims them at the next load.
 */
export const restoreRuntime = (
  runtime: Runtime,
  parts: ServiceParts,
  saved: SavedRuntime,
): readonly string[] => {
  const { kernel, clock, observer } = runtime;
  const { states, services, listeners, answers, lifetimes, daemons } = parts;
  const all: (RunningService | undefined)[] = [];
  const lost: string[] = [];
  const rescued: Inherited[] = [];

  /** False where it has come to nothing. */
  const attempt = (what: () => string, act: () => void): boolean => {
    try {
      act();
      return true;
    } catch (error) {
      lost.push(`${what()}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  };

  const serviceAt = (index: number): RunningService => {
    const found = all[index];
    if (found === undefined) throw new Error('its service is not there');
    return found;
  };
  const idAt = (index: number): string => saved.services[index]?.service.id ?? `service ${index}`;
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
    if (each.suspendedUntil !== undefined) states.beginSuspension(running, left(each.suspendedUntil));
    if (log !== undefined)
      attempt(
        () => `the log of ${each.service.id}`,
        () => {
          running.log = services.reviveLog(running, log);
        },
      );
    attempt(
      () => `the directories of ${each.service.id}`,
      () => running.directories.restore(each.service, each.directories),
    );
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

  /** Its place is another's. */
  const freePlace = (index: number, source: Source | undefined): void => {
    const service = all[index];
    if (service !== undefined) leaveInstance(service.usage, source);
  };
  const close = (descriptor: Descriptor | undefined): void => {
    if (descriptor !== undefined)
      attempt(
        () => `descriptor ${descriptor}`,
        () => kernel.close(descriptor),
      );
  };

  for (const descriptor of descriptorsOf(saved))
    attempt(
      () => `descriptor ${descriptor}`,
      () => takeOver([descriptor], []),
    );
  takeOver([], pidsOf(saved));

  for (const [index, each] of saved.services.entries()) {
    attempt(
      () => `the service ${idAt(index)}`,
      () => restoreService(each),
    );
    if (all.length === index) all.push(undefined);
  }
  for (const each of saved.listeners) {
    const isThere = attempt(
      () => `the listener ${each.key}`,
      () => restoreListener(each),
    );
    if (isThere || each.descriptor === undefined) continue;
    runtime.listeners.delete(each.key);
    rescued.push({ descriptor: each.descriptor, name: each.inheritedName, isOurs: each.keeper === 'nobody' });
  }
  for (const each of saved.instances) {
    const isThere = attempt(
      () => `pid ${each.pid} of ${idAt(each.service)}, which goes on`,
      () => restoreInstance(each),
    );
    if (isThere) continue;
    runtime.instances.delete(each.pid);
    freePlace(each.service, each.source);
  }
  for (const { service, log } of saved.endingLogs)
    attempt(
      () => `the log of ${service}, which is gone`,
      () => {
        // whoever writes there is known no more: a line without an end waits for the end of all
        const ending = openHandlerLog(kernel, observer, service, () => false, log);
        runtime.endingLogs.set(ending, service);
      },
    );
  attempt(
    () => 'who is kept out by a sensor',
    () => runtime.sensors.restore(saved.sensors),
  );
  attempt(
    () => 'how many have come from where',
    () => {
      if (saved.sourceRates !== undefined) runtime.sourceRates.restore(saved.sourceRates);
    },
  );
  for (const [index, { daemon }] of saved.services.entries())
    if (daemon !== undefined)
      attempt(
        () =>
          `the daemon of ${idAt(index)}${daemon.pids.length === 0 ? '' : `, whose processes go on: ${daemon.pids.join(', ')}`}`,
        () => daemons.restore(serviceAt(index), daemon),
      );
  attempt(
    () => 'sockets that nobody wants now',
    () => parts.inheritance.restore([...saved.inherited, ...rescued]),
  );

  // a client may have said by now which member of tcpmux he wants
  attempt(() => 'what is known of all services', parts.onServices);
  for (const each of saved.builtins) {
    const { service: index, answered, source, talk, ...begun } = each;
    const isThere = attempt(
      () => `a client of ${idAt(index)}, who is served by acceptd itself`,
      () => {
        const service = serviceAt(index);
        // a reload may have changed the service while it was answered as it had been
        const prepared: Prepared =
          answered === service.prepared.service ? service.prepared : { service: answered, recipe: undefined };
        answers.goOn({ service, ...begun }, prepared, source, talk);
      },
    );
    if (isThere) continue;
    freePlace(index, source);
    for (const descriptor of descriptorsOfTalk(each)) close(descriptor);
  }
  for (const { service: index, through, descriptor, record, heard } of saved.clients) {
    const enter = through === 'mux' ? parts.enterMux : parts.enter;
    const isThere = attempt(
      () => `a client of ${idAt(index)} who waits`,
      () => enter(serviceAt(index), { descriptor, record }, heard),
    );
    if (!isThere) close(descriptor);
  }
  states.updateAll();
  return lost;
};

const descriptorsOfTalk = ({ talk: { client, rest } }: SavedBuiltin): readonly Descriptor[] =>
  rest.kind === 'flow' ? [rest.flow.first, rest.flow.second] : [client.descriptor];

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
    ...saved.builtins.flatMap(descriptorsOfTalk),
  ].filter(isDescriptor);

const pidsOf = (saved: SavedRuntime): readonly number[] => [
  ...saved.instances.map(({ pid }) => pid),
  ...saved.services.flatMap(({ daemon }) => daemon?.pids ?? []),
  ...saved.others,
];
