// What rules name that has to be looked up before they can be used: files, users, groups, banners.
import type {
  ExpansionLetter,
  HostPattern,
  PatternList,
  Template,
  WrapperOption,
  WrapperRule,
  WrapperRules,
  WrapperServer,
  WrapperTable,
} from '../../model/wrapper-rules.ts';

const patternsOf = <Pattern>(list: PatternList<Pattern>): readonly Pattern[] =>
  list.except === undefined ? list.items : [...list.items, ...patternsOf(list.except)];

const serversOf = (rule: WrapperRule): readonly WrapperServer[] => patternsOf(rule.servers);

const hostsOf = (rule: WrapperRule): readonly HostPattern[] => [
  ...serversOf(rule).flatMap(({ host }) => (host === undefined ? [] : [host])),
  ...patternsOf(rule.clients).map(({ host }) => host),
];

const optionsOf = (tables: readonly WrapperTable[]): readonly WrapperOption[] =>
  tables.flatMap((table) => table.rules.flatMap((rule) => rule.options));

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

/** The pattern files that patterns name. */
export const filesIn = (patterns: readonly HostPattern[]): readonly string[] =>
  unique(patterns.flatMap((pattern) => (pattern.kind === 'file' ? [pattern.path] : [])));

export type WrapperNames = {
  readonly files: readonly string[];
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly bannerDirectories: readonly string[];
};

const isWritten = (name: string | undefined): name is string => name !== undefined;

export const namesOf = (tables: readonly WrapperTable[]): WrapperNames => {
  const options = optionsOf(tables);
  const users = options.flatMap((option) => (option.kind === 'user' ? [option] : []));
  return {
    files: filesIn(tables.flatMap((table) => table.rules.flatMap(hostsOf))),
    users: unique(users.map(({ user }) => user).filter(isWritten)),
    groups: unique(users.map(({ group }) => group).filter(isWritten)),
    bannerDirectories: unique(
      options.flatMap((option) => (option.kind === 'banners' ? [option.directory] : [])),
    ),
  };
};

const serverLetters: readonly ExpansionLetter[] = ['A', 'H', 'N', 'R', 's'];

const speaksOfServer = (template: Template): boolean =>
  template.some((part) => typeof part !== 'string' && serverLetters.includes(part.letter));

const templateOf = (option: WrapperOption): Template => {
  switch (option.kind) {
    case 'aclexec':
    case 'spawn':
    case 'twist':
      return option.command;
    case 'setenv':
      return option.assignment;
    default:
      return [];
  }
};

/** Whether a rule or a text of theirs speaks of our end of the connection. */
export const needsServerEnd = (tables: readonly WrapperTable[], banners: WrapperRules['banners']): boolean =>
  tables.some((table) =>
    table.rules.some((rule) =>
      serversOf(rule).some(({ daemon, host }) => daemon.kind === 'port' || host !== undefined),
    ),
  ) ||
  optionsOf(tables).some((option) => speaksOfServer(templateOf(option))) ||
  [...banners.values()].some((texts) => [...texts.values()].some(speaksOfServer));
