// Reads hosts.allow, hosts.deny and all that they name: once a change of the files, never for a connection.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Lookups } from '../config/lookups.ts';
import { diagnose } from '../config/source.ts';
import { filesIn, namesOf, needsServerEnd } from '../config/wrappers/names.ts';
import { beginTable, type ParsedTable, parsePatternFile, type TableName } from '../config/wrappers/table.ts';
import { parseBanner } from '../config/wrappers/template.ts';
import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { HostPattern, Template, WrapperRules, WrapperUser } from '../model/wrapper-rules.ts';

export type WrapperPaths = { readonly allow: string; readonly deny: string };

export type LoadedWrappers = {
  readonly rules: WrapperRules;
  readonly diagnostics: readonly Diagnostic[];
  /** Every file and directory that was looked at, whether it was there or not. */
  readonly paths: readonly string[];
};

/** More than anybody writes, and little enough to hold. */
const largestFile = 64 * 1024 * 1024;
const rulesAtOnce = 200;
const largestBanner = 64 * 1024;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));

/** undefined where there is no such file. What is no file is not opened: a pipe would let the reader wait for ever. */
const readRegular = async (path: string, largest: number): Promise<Buffer | undefined> => {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    // /dev/null is the usual way to say that there are no rules
    if (!found.isFile()) return Buffer.alloc(0);
    if (found.size > largest) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

const unreadable = (path: string, error: unknown, advice: string): Diagnostic =>
  diagnose(
    'error',
    { at: { file: path, line: 1, column: 1 }, source: '', width: 1 },
    `cannot read ${path}: ${codeOf(error)}`,
    advice,
  );

const readTable = async (path: string, name: TableName): Promise<ParsedTable> => {
  const endsAt: Origin = { file: path, line: 1, column: 1 };
  try {
    const text = await readRegular(path, largestFile);
    const reading = beginTable(text?.toString('utf8') ?? '', path, name);
    // clients are served between the parts of a long file
    while (reading.readSome(rulesAtOnce)) await setImmediate();
    return reading.end();
  } catch (error) {
    return {
      table: { rules: [], ending: 'unreadable', endsAt },
      diagnostics: [
        unreadable(path, error, 'until it can be read, every client of wrapped services is refused'),
      ],
    };
  }
};

type Files = Map<string, readonly HostPattern[] | 'unreadable'>;

/** Pattern files, and those that they name. */
const readPatternFiles = async (
  first: readonly string[],
  diagnostics: Diagnostic[],
): Promise<{ readonly files: Files; readonly paths: readonly string[] }> => {
  const files: Files = new Map();
  const paths = [...first];
  for (const path of paths) {
    try {
      const text = await readRegular(path, largestFile);
      if (text === undefined) continue;
      const parsed = parsePatternFile(text.toString('utf8'), path);
      diagnostics.push(...parsed.diagnostics);
      files.set(path, parsed.patterns);
      paths.push(...filesIn(parsed.patterns).filter((named) => !paths.includes(named)));
    } catch (error) {
      files.set(path, 'unreadable');
      diagnostics.push(
        unreadable(path, error, 'until it can be read, whoever comes to a rule with it is refused'),
      );
    }
  }
  return { files, paths };
};

const readBanners = async (
  directory: string,
  diagnostics: Diagnostic[],
): Promise<ReadonlyMap<string, Template>> => {
  const texts = new Map<string, Template>();
  try {
    for (const name of await readdir(directory)) {
      const text = await readRegular(join(directory, name), largestBanner).catch((error: unknown) => {
        if (codeOf(error) !== 'EISDIR') {
          diagnostics.push(unreadable(join(directory, name), error, 'until it can be read, it is not said'));
        }
        return undefined;
      });
      if (text !== undefined) texts.set(name, parseBanner(text.toString('latin1')));
    }
  } catch (error) {
    diagnostics.push(unreadable(directory, error, 'until it can be read, its banners are not said'));
  }
  return texts;
};

const isKnown = <Found>(entry: readonly [string, Found | undefined]): entry is readonly [string, Found] =>
  entry[1] !== undefined;

/** A name service that fails knows nobody. */
const lookUp = async <Found>(
  names: readonly string[],
  ask: (name: string) => Promise<Found | undefined>,
): Promise<ReadonlyMap<string, Found>> => {
  const found = await Promise.all(
    names.map(async (name) => [name, await ask(name).catch(() => undefined)] as const),
  );
  return new Map(found.filter(isKnown));
};

const findUser = async (name: string, lookups: Lookups): Promise<WrapperUser | undefined> => {
  const account = await lookups.account(name);
  if (account === undefined) return undefined;
  return { uid: account.uid, gid: account.gid, groups: [...new Set([account.gid, ...account.groups])] };
};

/** At the options that name them: whoever these rules match is refused. */
const complainOfNames = (rules: WrapperRules): readonly Diagnostic[] =>
  [...rules.allow.rules, ...rules.deny.rules].flatMap((rule) =>
    rule.options.flatMap((option) => {
      if (option.kind !== 'user') return [];
      const { user, group } = option;
      const wrong =
        user !== undefined && !rules.users.has(user)
          ? `there is no user '${user}'`
          : group !== undefined && !rules.groups.has(group)
            ? `there is no group '${group}'`
            : undefined;
      if (wrong === undefined) return [];
      const mark = { at: rule.origin, source: '', width: 1 };
      return [
        diagnose(
          'error',
          mark,
          wrong,
          'write one that exists; until then whoever this rule matches is refused',
        ),
      ];
    }),
  );

export const loadWrapperRules = async (paths: WrapperPaths, lookups: Lookups): Promise<LoadedWrappers> => {
  const [allow, deny] = await Promise.all([readTable(paths.allow, 'allow'), readTable(paths.deny, 'deny')]);
  const diagnostics = [...allow.diagnostics, ...deny.diagnostics];
  const tables = [allow.table, deny.table];
  const names = namesOf(tables);
  const { files, paths: patternFiles } = await readPatternFiles(names.files, diagnostics);
  const banners = new Map<string, ReadonlyMap<string, Template>>();
  for (const directory of names.bannerDirectories) {
    banners.set(directory, await readBanners(directory, diagnostics));
  }
  const rules: WrapperRules = {
    allow: allow.table,
    deny: deny.table,
    files,
    users: await lookUp(names.users, (name) => findUser(name, lookups)),
    groups: await lookUp(names.groups, lookups.group),
    banners,
    needsServerEnd: needsServerEnd(tables, banners),
  };
  diagnostics.push(...complainOfNames(rules));
  return {
    rules,
    diagnostics,
    paths: [paths.allow, paths.deny, ...patternFiles, ...names.bannerDirectories],
  };
};
