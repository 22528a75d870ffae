// What the options of hosts.allow and hosts.deny change of an answer: another recipe, and what is done beside it.
import { getPriority } from 'node:os';
import type { LayoutEntry, RecipeRequest } from '../model/recipe.ts';
import type { SyslogFacility, SyslogLevel } from '../model/service-log.ts';
import type { WrapperEffect } from '../model/wrapper-effect.ts';

import type { Host } from './host.ts';

/** How loud the line of the log is that tells of the verdict. */
export type Severity = { readonly facility: SyslogFacility | undefined; readonly level: SyslogLevel };

export type AffectedAnswer = {
  /** The handler as it is to be started; of a twist the shell that takes its place. */
  readonly request: RecipeRequest;
  /** Commands that run beside it, in order: whatever the verdict is, and nobody waits for them. */
  readonly commands: readonly RecipeRequest[];
  /** Said to the client before anything else; empty for nothing. */
  readonly banner: Uint8Array;
  /** For kernel.setOption() on the connection; where it fails the client is served all the same. */
  readonly socketOptions: readonly { readonly name: 'SO_KEEPALIVE' | 'SO_LINGER'; readonly value: number }[];
  /** undefined: as usual. */
  readonly severity: Severity | undefined;
};

const shell = '/bin/sh';
const everywhere = (entry: LayoutEntry): readonly LayoutEntry[] => [entry, entry, entry];

/** What speaks of descriptor 3, which a shell does not get. */
const isAboutListening = (variable: string): boolean => /^LISTEN_(?:FDS|FDNAMES|PID|PIDFDID)=/.test(variable);

const shellRequest = (
  request: RecipeRequest,
  command: string,
  layout: readonly LayoutEntry[],
): RecipeRequest => ({
  ...request,
  file: shell,
  arguments: ['sh', '-c', command],
  environment: request.environment.filter((variable) => !isAboutListening(variable)),
  pidVariables: [],
  hasPidfdVariable: false,
  layout,
});

/** A command with /dev/null as its descriptors, with the user, the limits and the environment of the handler. */
export const commandRequest = (request: RecipeRequest, command: string): RecipeRequest =>
  shellRequest(request, command, everywhere('null'));

const setVariable = (request: RecipeRequest, name: string, value: string): RecipeRequest => ({
  ...request,
  environment: [...request.environment.filter((each) => !each.startsWith(`${name}=`)), `${name}=${value}`],
  addressVariables: request.addressVariables.filter((variable) => variable.name !== name),
});

const lowestNice = -20;
const highestNice = 19;

const addNice = (request: RecipeRequest, increment: number): RecipeRequest => {
  const nice = (request.nice ?? getPriority()) + increment;
  return { ...request, nice: Math.max(lowestNice, Math.min(highestNice, nice)) };
};

type CredentialsEffect = Extract<WrapperEffect, { readonly kind: 'credentials' }>;

const setCredentials = (request: RecipeRequest, effect: CredentialsEffect, host: Host): RecipeRequest => {
  const uid = effect.uid ?? request.credentials?.uid ?? host.uid;
  const { gid, groups } = effect;
  // without privilege even what is so already cannot be set
  const isOwn = host.uid !== 0 && uid === host.uid && gid === host.gid;
  return { ...request, credentials: isOwn ? undefined : { uid, gid, groups } };
};

/** What the handler itself becomes by an effect. */
const applyEffect = (request: RecipeRequest, effect: WrapperEffect, host: Host): RecipeRequest => {
  switch (effect.kind) {
    case 'twist':
      return shellRequest(request, effect.command, everywhere('handed'));
    case 'setenv':
      return setVariable(request, effect.name, effect.value);
    case 'umask':
      return { ...request, umask: effect.mask };
    case 'nice':
      return addNice(request, effect.increment);
    case 'credentials':
      return setCredentials(request, effect, host);
    case 'severity':
    case 'spawn':
    case 'banner':
    case 'keepalive':
    case 'linger':
      return request;
  }
};

/** Whether the handler needs another recipe than the one that was made for all. */
export const changesHandler = (effects: readonly WrapperEffect[]): boolean =>
  effects.some(({ kind }) => ['twist', 'setenv', 'umask', 'nice', 'credentials'].includes(kind));

/**
 * All effects of a verdict on an answer, in their order: a command finds what the options before it have changed.
 * `request` is the service's; of one without a program, that of a shell in its surroundings.
 */
export const applyEffects = (
  request: RecipeRequest,
  effects: readonly WrapperEffect[],
  host: Host,
): AffectedAnswer => {
  let changed = request;
  let severity: Severity | undefined;
  const commands: RecipeRequest[] = [];
  const banners: Uint8Array[] = [];
  const socketOptions: { readonly name: 'SO_KEEPALIVE' | 'SO_LINGER'; readonly value: number }[] = [];
  for (const effect of effects) {
    changed = applyEffect(changed, effect, host);
    if (effect.kind === 'spawn') commands.push(commandRequest(changed, effect.command));
    else if (effect.kind === 'banner') banners.push(effect.text);
    else if (effect.kind === 'keepalive') socketOptions.push({ name: 'SO_KEEPALIVE', value: 1 });
    else if (effect.kind === 'linger') socketOptions.push({ name: 'SO_LINGER', value: effect.seconds });
    else if (effect.kind === 'severity') severity = { facility: effect.facility, level: effect.level };
  }
  return { request: changed, commands, banner: Buffer.concat(banners), socketOptions, severity };
};
