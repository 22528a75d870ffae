// Do the tables of the running server agree with each other and with the kernel? A look at all of them between two events.
import { readdirSync, readFileSync } from 'node:fs';
import { instancesLeft } from '../admission/limits.ts';
import type { ListenAddress } from '../model/address.ts';
import { parseAddress, showAddressBytes } from '../model/network.ts';
import { inspectSocket } from '../native/inspect.ts';
import { isLent, type RunningListener, type RunningService, type Runtime } from './running.ts';
import { isCrowded } from './visitors.ts';
import { shouldWatch } from './watch.ts';

/** What is looked at. */
export type Tables = Pick<
  Runtime,
  'services' | 'listeners' | 'instances' | 'builtins' | 'shortage' | 'isDraining' | 'isHandingOver'
>;

/** A sentence for each thing that is not as it should be; none when all is well. */
export type Findings = readonly string[];

const idOf = (service: RunningService): string => service.prepared.service.id;

/** What is wrong with a socket of ours, in the eyes of the kernel. */
const compareSocket = (listener: RunningListener): string | undefined => {
  const { address, descriptor } = listener;
  if (descriptor === undefined) return undefined;
  const found = inspectSocket(descriptor);
  if (typeof found === 'string') return `descriptor ${descriptor} is no socket of it: ${found}`;
  if (found.socketType !== address.socketType)
    return `descriptor ${descriptor} is no ${address.socketType} socket`;
  // a server that has the whole socket may have shut it down
  const mustListen = address.socketType !== 'dgram' && !isLent(listener);
  if (mustListen && !found.isListening) return `descriptor ${descriptor} does not listen`;
  return isAt(address, found)
    ? undefined
    : `descriptor ${descriptor} is bound to ${found.place}:${found.port}`;
};

const isAt = (address: ListenAddress, found: Exclude<ReturnType<typeof inspectSocket>, string>): boolean => {
  if (address.kind === 'unix') return found.family === 'unix' && found.place === address.path;
  if (address.kind !== 'internet') return true;
  // where the machine has no IPv6, what was for both is for IPv4 alone
  const isAlone = address.takesMapped && found.family === 4;
  return (
    (found.family === address.version || isAlone) &&
    usualForm(found.place) === usualForm(isAlone ? '0.0.0.0' : address.host) &&
    (address.port === 0 || found.port === address.port)
  );
};

/** As the kernel's answer is written: without a zone. */
const usualForm = (host: string): string => {
  const bytes = parseAddress(host.replace(/%.*$/, ''));
  return bytes === undefined ? host : showAddressBytes(bytes);
};

/** Descriptors that some epoll of this process watches; undefined where /proc does not tell. */
const polledDescriptors = (): ReadonlySet<number> | undefined => {
  try {
    const watched = new Set<number>();
    for (const number of readdirSync('/proc/self/fdinfo')) {
      for (const [, descriptor] of readDescriptorNotes(number).matchAll(/^tfd:\s+(\d+)/gm)) {
        watched.add(Number(descriptor));
      }
    }
    return watched;
  } catch {
    return undefined;
  }
};

const readDescriptorNotes = (number: string): string => {
  try {
    return readFileSync(`/proc/self/fdinfo/${number}`, 'utf8');
  } catch {
    // the directory's own descriptor, closed by now
    return '';
  }
};

const checkListeners = (tables: Tables): Findings => {
  const findings: string[] = [];
  const owners = new Map<number, string>();
  const polled = polledDescriptors();
  for (const [key, listener] of tables.listeners) {
    const find = (what: string): void => void findings.push(`listener ${key}: ${what}`);
    const { service, descriptor, owner, opening, isWatched } = listener;
    if (listener.key !== key) find(`calls itself ${listener.key}`);
    if (!service.listeners.has(listener)) find(`${idOf(service)} does not know it`);
    if (tables.services.get(idOf(service)) !== service) find(`its service ${idOf(service)} is gone`);
    if (isWatched !== shouldWatch(tables, listener)) find(isWatched ? 'is watched' : 'is not watched');
    const lent = owner === undefined ? undefined : tables.instances.get(owner)?.lent;
    if (owner !== undefined && lent?.listener !== listener) find(`pid ${owner} does not have it`);
    if (listener.holder?.holds(listener) === false) find('its daemon does not have it');
    if (descriptor === undefined) continue;
    if (opening.cancel !== undefined) find('is open and is to be opened');
    if (polled !== undefined && polled.has(descriptor) !== isWatched)
      find(isWatched ? 'the kernel does not watch it' : 'the kernel watches it');
    const other = owners.get(descriptor);
    if (other !== undefined) find(`has the descriptor of ${other}`);
    owners.set(descriptor, key);
    const difference = compareSocket(listener);
    if (difference !== undefined) find(difference);
  }
  return findings;
};

/** Our children by the kernel's list; undefined where it has none (CONFIG_PROC_CHILDREN). */
const listChildren = (): ReadonlySet<number> | undefined => {
  try {
    const found = new Set<number>();
    for (const task of readdirSync('/proc/self/task')) {
      const children = readFileSync(`/proc/self/task/${task}/children`, 'utf8');
      for (const pid of children.split(' ')) if (pid !== '') found.add(Number(pid));
    }
    return found;
  } catch {
    return undefined;
  }
};

/** Field 4 of proc(5)'s stat, behind the name, which may hold anything. */
const parentOf = (pid: number): number | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(fields[1]);
  } catch {
    return undefined;
  }
};

const checkInstances = (tables: Tables): Findings => {
  const findings: string[] = [];
  const children = listChildren();
  for (const [pid, instance] of tables.instances) {
    const find = (what: string): void =>
      void findings.push(`instance ${pid} of ${idOf(instance.service)}: ${what}`);
    if (instance.pid !== pid) find(`calls itself ${instance.pid}`);
    // a process of a daemon may be its own child's
    if (instance.daemon !== undefined) continue;
    // the list may miss one while others end
    if (children?.has(pid) !== true && parentOf(pid) !== process.pid) find('is no child of this process');
    const { lent } = instance;
    // a listener that was closed meanwhile is still its server's
    if (lent !== undefined && lent.listener.descriptor !== undefined && lent.listener.owner !== pid)
      find(`has the socket of ${lent.listener.key}, which does not say so`);
  }
  return findings;
};

type Count = { live: number; readonly sources: Map<number | string, number>; nameless: number };

/** Answers in progress by service, as the instances and built-ins themselves say. */
const countAnswersByService = (tables: Tables): ReadonlyMap<RunningService, Count> => {
  const counts = new Map<RunningService, Count>();
  const countOf = (service: RunningService): Count => {
    const count = counts.get(service) ?? { live: 0, sources: new Map(), nameless: 0 };
    counts.set(service, count);
    return count;
  };
  for (const service of tables.services.values()) countOf(service);
  for (const { service } of tables.builtins.values()) countOf(service).live += 1;
  for (const { service, source, daemon } of tables.instances.values()) {
    if (daemon !== undefined) continue;
    const count = countOf(service);
    count.live += 1;
    if (source === undefined) count.nameless += 1;
    else count.sources.set(source, (count.sources.get(source) ?? 0) + 1);
  }
  return counts;
};

const checkUsage = (tables: Tables): Findings => {
  const findings: string[] = [];
  for (const [service, { live, sources, nameless }] of countAnswersByService(tables)) {
    const { usage, isHeld, limits } = service;
    const find = (what: string): void => void findings.push(`${idOf(service)}: ${what}`);
    // who is being asked about may have a place already
    if (usage.live < live || usage.live > live + service.visitors)
      find(`${usage.live} instances are counted and there are ${live}`);
    const bySource = [...usage.perSource.values()].reduce((sum, count) => sum + count, 0);
    if (bySource !== usage.live - nameless)
      find(`${bySource} instances are counted by source and ${usage.live - nameless} have one`);
    for (const [source, count] of sources) {
      const counted = usage.perSource.get(source) ?? 0;
      if (counted < count)
        find(`${counted} instances are counted for source ${source} and there are ${count}`);
    }
    if (isHeld && !isCrowded(service) && instancesLeft(usage, limits) > 0) find('is held and has room');
  }
  return findings;
};

const checkServices = (tables: Tables): Findings => {
  const findings: string[] = [];
  for (const [id, service] of tables.services) {
    if (idOf(service) !== id) findings.push(`${id}: calls itself ${idOf(service)}`);
    for (const listener of service.listeners) {
      if (listener.service !== service) findings.push(`${id}: listener ${listener.key} is another service's`);
      if (tables.listeners.get(listener.key) !== listener)
        findings.push(`${id}: listener ${listener.key} is not in the table`);
    }
  }
  return findings;
};

/** Takes some milliseconds for thousands of services; nothing else happens meanwhile, or the tables would change. */
export const checkConsistency = (tables: Tables): Findings => [
  ...checkServices(tables),
  ...checkListeners(tables),
  ...checkInstances(tables),
  ...checkUsage(tables),
];
