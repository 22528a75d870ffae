// The environment of a handler: a clean PATH, what is passed and what is configured, and the variables that each start fills in.
import type { AddressField, RecipeRequest } from '../model/recipe.ts';
import type { ResolvedService } from '../model/service.ts';
import type { Host } from './host.ts';

const cleanPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Never passed on, whatever `passenv` says: they speak of acceptd itself, not of the handler. */
const isOwn = (name: string): boolean => /^(?:NOTIFY_SOCKET|WATCHDOG_|LISTEN_|NODE_|MAINPID$)/.test(name);

/** The variables of a request. */
export type Variables = Pick<
  RecipeRequest,
  'environment' | 'addressVariables' | 'pidVariables' | 'hasPidfdVariable' | 'hasInvocationId'
>;

export type Variable = readonly [name: string, value: string];

export const splitVariable = (text: string): Variable => {
  const equals = text.indexOf('=');
  return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
};

export const own = {
  path: 'PATH',
  listenPid: 'LISTEN_PID',
  pidfd: 'LISTEN_PIDFDID',
  invocation: 'INVOCATION_ID',
  executing: 'SYSTEMD_EXEC_PID',
} as const;

/** Whom a unit's program runs as; what nobody has named is acceptd's own. */
const loginVariables = ({ credentials }: ResolvedService, host: Host): readonly Variable[] => {
  if (credentials === undefined) return [['USER', host.userName]];
  const { userName, home, shell } = credentials;
  const variables: Variable[] = [['USER', userName]];
  if (home !== undefined) variables.push(['HOME', home]);
  if (home !== undefined || shell !== undefined) variables.push(['LOGNAME', userName]);
  if (shell !== undefined) variables.push(['SHELL', shell]);
  return variables;
};

const unitVariables = (service: ResolvedService, host: Host): readonly Variable[] => {
  const language = host.environment['LANG'];
  return [
    ...(language === undefined || language === '' ? [] : [['LANG', language] as const]),
    ...loginVariables(service, host),
  ];
};

/** What each start fills in. */
export type Dynamic = {
  readonly addressVariables: readonly { readonly name: string; readonly field: AddressField }[];
  readonly pidVariables: readonly string[];
  readonly hasPidfdVariable: boolean;
};

/**
 * All variables: what is configured is stronger than what is acceptd's own word, also where that is filled in at the
 * start. `told` is what speaks of sockets and the like.
 */
export const variablesOf = (
  service: ResolvedService,
  host: Host,
  told: readonly Variable[],
  dynamic: Dynamic,
): Variables => {
  const { passedVariables, environment, hasUnitVariables } = service.surroundings;
  const variables = new Map<string, string>([[own.path, cleanPath]]);
  const set = (name: string, value: string): void => void variables.set(name, value);
  if (hasUnitVariables) for (const [name, value] of unitVariables(service, host)) set(name, value);
  const passesAll = passedVariables.includes('*');
  for (const [name, value] of Object.entries(host.environment)) {
    const isPassed = passesAll || passedVariables.includes(name);
    if (isPassed && value !== undefined && !isOwn(name)) set(name, value);
  }
  for (const [name, value] of told) set(name, value);
  for (const { name, value } of environment) set(name, value);
  const isFree = (name: string): boolean => !environment.some((each) => each.name === name);
  const pids = hasUnitVariables ? [...dynamic.pidVariables, own.executing] : dynamic.pidVariables;
  return {
    environment: [...variables].map(([name, value]) => `${name}=${value}`),
    addressVariables: dynamic.addressVariables.filter(({ name }) => isFree(name)),
    pidVariables: pids.filter(isFree),
    hasPidfdVariable: dynamic.hasPidfdVariable && isFree(own.pidfd),
    hasInvocationId: hasUnitVariables && isFree(own.invocation) && !variables.has(own.invocation),
  };
};
