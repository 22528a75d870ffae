// The choices of acceptd listen as definitions of the native language.
import { quote, quoteName } from '../config/inetd/written-line.ts';
import type { Activation } from '../model/daemon.ts';
import type { InheritedPlace } from './listen-inherited.ts';

export type ProgramChoice = {
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly instances: number | undefined;
  readonly perSource: number | undefined;
  readonly cps: string | undefined;
  readonly onLimit: string | undefined;
  readonly wait: boolean;
  readonly inetd: boolean;
  readonly stderr: string | undefined;
  readonly env: readonly string[] | undefined;
  readonly chdir: string | undefined;
  readonly backlog: number | undefined;
  readonly now: boolean;
  readonly notify: boolean;
  readonly idleStop: string | undefined;
};

type Setting = readonly [key: string, value: string | number | undefined];

/** What systemd-socket-activate lets through to its daemon. */
const passedToDaemons = ['TERM', 'COLORTERM', 'NO_COLOR', 'PATH', 'USER', 'HOME'];

const quoteAll = (words: readonly string[]): string | undefined =>
  words.length === 0 ? undefined : words.map(quote).join(' ');

const programSettings = (
  chosen: ProgramChoice,
  program: readonly string[],
  passed: readonly string[],
): readonly Setting[] => {
  const [file = '', ...rest] = program;
  const isRoot = process.getuid?.() === 0;
  const variables = chosen.env ?? [];
  return [
    ['exec', quote(file)],
    ['args', [file.slice(file.lastIndexOf('/') + 1), ...rest].map(quote).join(' ')],
    ['user', quote(chosen.user ?? (isRoot ? 'root' : '-'))],
    ['group', chosen.group && quote(chosen.group)],
    ['stderr', chosen.stderr],
    ['env', quoteAll(variables.filter((each) => each.includes('=')))],
    ['passenv', quoteAll([...passed, ...variables.filter((each) => !each.includes('='))])],
    ['chdir', chosen.chdir && quote(chosen.chdir)],
    ['backlog', chosen.backlog],
  ];
};

const write = (name: string, settings: readonly Setting[]): string => {
  const written = settings.flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}`]));
  return `${quoteName(name, false)} on ${written.join(', ')} ;\n`;
};

/** A service for each address: a program for each client, or with `wait` for each socket. */
export const eachDefinition = (
  chosen: ProgramChoice,
  places: readonly InheritedPlace[],
  program: readonly string[],
): string =>
  places
    .map(({ place, name }) =>
      write(place.name, [
        ...place.keys,
        ...programSettings(chosen, program, []),
        ['wait', chosen.wait ? 'yes' : 'no'],
        ['instances', chosen.instances],
        ['per_source', chosen.perSource],
        ['cps', chosen.cps],
        ['on_limit', chosen.onLimit],
        ['fd3', chosen.inetd ? 'no' : undefined],
        ['fdname', name && quote(name)],
      ]),
    )
    .join('');

/** One service, with a daemon that gets all sockets, in this order. */
export const daemonDefinition = (
  chosen: ProgramChoice,
  activation: Activation,
  places: readonly InheritedPlace[],
  program: readonly string[],
): string => {
  const [file = ''] = program;
  const isNamed = places.some(({ name }) => name !== undefined);
  return write(file.slice(file.lastIndexOf('/') + 1), [
    ['listen', places.map(({ place }) => quote(place.word)).join(' ')],
    ['activation', activation.replaceAll('-', '_')],
    ['fdname', isNamed ? places.map(({ name }) => quote(name ?? '-')).join(' ') : undefined],
    ...programSettings(chosen, program, passedToDaemons),
    ['on_demand', chosen.now ? 'no' : undefined],
    ['notify', chosen.notify ? 'yes' : undefined],
    ['idle_stop', chosen.idleStop],
  ]);
};
