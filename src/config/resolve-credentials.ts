// Users and groups -> numbers; the rules of initgroups(3), and what an acceptd without root may do.
import { parseCount } from '../model/quantity.ts';
import type { Answer, Credentials, ResolvedCredentials } from '../model/service.ts';
import type { Account, Lookups } from './lookups.ts';
import type { Complain } from './resolve-addresses.ts';
import type { LocatedService, Mark } from './source.ts';

/** The user of a service that runs as acceptd itself does, whoever that is. */
const asAcceptd = '-';

const largestId = 0xfffffffe;

const parseId = (text: string): number | undefined => {
  const id = parseCount(text);
  return id !== undefined && id <= largestId ? id : undefined;
};

/** What an account is, where a number need not have a name. */
type Found = Omit<Account, 'gid' | 'home' | 'shell'> & {
  readonly gid: number | undefined;
  readonly home: string | undefined;
  readonly shell: string | undefined;
};

const findUser = async (
  user: string,
  mark: Mark,
  lookups: Lookups,
  complain: Complain,
): Promise<Found | undefined> => {
  const named = await lookups.account(user);
  if (named !== undefined) return named;
  const uid = parseId(user);
  if (uid === undefined) {
    return complain(mark, `there is no user '${user}'`, 'write one that exists, or a number');
  }
  return (
    (await lookups.accountById(uid)) ?? {
      name: user,
      uid,
      gid: undefined,
      groups: [],
      home: undefined,
      shell: undefined,
    }
  );
};

const findGroup = async (
  group: string,
  mark: Mark,
  lookups: Lookups,
  complain: Complain,
): Promise<number | undefined> =>
  (await lookups.group(group)) ??
  parseId(group) ??
  complain(mark, `there is no group '${group}'`, 'write one that exists, or a number');

type Groups = { readonly gid: number | undefined; readonly supplementary: readonly number[] | undefined };

const findGroups = async (
  credentials: Credentials,
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<Groups> => {
  const { marks } = located;
  const { group, supplementaryGroups } = credentials;
  const gid =
    group === undefined ? undefined : await findGroup(group, marks.group ?? marks.service, lookups, complain);
  if (supplementaryGroups === undefined) return { gid, supplementary: undefined };
  const supplementary: number[] = [];
  for (const name of supplementaryGroups) {
    const found = await findGroup(name, marks.groups ?? marks.service, lookups, complain);
    if (found !== undefined) supplementary.push(found);
  }
  return { gid, supplementary };
};

/** Without root: only what acceptd itself is. */
const checkUnprivileged = (
  credentials: Credentials,
  user: Found | undefined,
  groups: Groups,
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
): undefined => {
  const { marks } = located;
  const current = lookups.currentUser();
  if (user !== undefined && user.uid !== current.uid) {
    return complain(
      marks.user ?? marks.service,
      `running as '${credentials.user}' would need root`,
      `start acceptd as root, or write the user with the number ${current.uid}`,
    );
  }
  if (groups.gid !== undefined && groups.gid !== current.gid) {
    return complain(
      marks.group ?? marks.service,
      `running with the group '${credentials.group}' would need root`,
      'start acceptd as root, or remove the group',
    );
  }
  // nobody wrote that an xinetd.conf's servers have no groups: what cannot be dropped is kept
  if (groups.supplementary !== undefined && located.service.dialect !== 'xinetd') {
    return complain(
      marks.groups ?? marks.service,
      'setting supplementary groups would need root',
      'start acceptd as root, or remove them',
    );
  }
  return undefined;
};

/** A unit that names no user is run as root, without variables that speak of a user. */
const asRoot = (groups: Groups, { group }: Credentials): ResolvedCredentials | undefined => {
  if (
    (groups.gid === undefined && groups.supplementary === undefined) ||
    (group !== undefined && groups.gid === undefined)
  ) {
    return undefined;
  }
  const gid = groups.gid ?? 0;
  return {
    userName: 'root',
    uid: 0,
    gid,
    groups: [...new Set([gid, ...(groups.supplementary ?? [])])],
    home: undefined,
    shell: undefined,
  };
};

/** The list of initgroups(3) begins with `first`; whoever writes that there are no groups gets none. */
const groupsOf = (
  supplementary: readonly number[] | undefined,
  user: Found,
  gid: number,
  first: number,
): readonly number[] => {
  if (supplementary === undefined) return [...new Set([first, ...user.groups])];
  return supplementary.length === 0 ? [] : [...new Set([gid, ...supplementary])];
};

const startsProgram = (answer: Answer): boolean =>
  answer.kind === 'program' || (answer.kind === 'relay' && answer.backend !== undefined);

/** undefined: run as acceptd itself runs, or something was wrong and is said. */
export const resolveCredentials = async (
  located: LocatedService,
  lookups: Lookups,
  complain: Complain,
): Promise<ResolvedCredentials | undefined> => {
  const { service, marks } = located;
  if (!startsProgram(service.answer)) return undefined;
  const { credentials } = service;
  const mark = marks.user ?? marks.service;
  const isRoot = lookups.currentUser().uid === 0;
  const isUnit = service.dialect === 'systemd';
  if (credentials.user === undefined && isRoot && !isUnit) {
    return complain(
      mark,
      `the user of '${service.name}' is missing`,
      'write user = NAME; root must be written too, and - is whom acceptd runs as',
    );
  }
  if (credentials.user === asAcceptd) {
    if (credentials.group === undefined && credentials.supplementaryGroups === undefined) return undefined;
    return complain(mark, "groups cannot be set for the user '-'", 'write the name of the user');
  }
  const user =
    credentials.user === undefined ? undefined : await findUser(credentials.user, mark, lookups, complain);
  const groups = await findGroups(credentials, located, lookups, complain);
  if (isUnit && isRoot && user === undefined && credentials.user === undefined) {
    return asRoot(groups, credentials);
  }
  if (!isRoot) return checkUnprivileged(credentials, user, groups, located, lookups, complain);
  if (user === undefined || (credentials.group !== undefined && groups.gid === undefined)) return undefined;
  const isXinetd = service.dialect === 'xinetd';
  // to xinetd a number that no account has is also the number of a group
  const primary = user.gid ?? (isXinetd ? user.uid : undefined);
  const gid = groups.gid ?? primary;
  if (gid === undefined) {
    return complain(mark, `no account has the number ${user.uid}, so it has no group`, 'write the group too');
  }
  return {
    userName: user.name,
    uid: user.uid,
    gid,
    groups: isUnit
      ? // those that a unit names come on top of the user's own
        [...new Set([gid, ...user.groups, ...(groups.supplementary ?? [])])]
      : groupsOf(groups.supplementary, user, gid, isXinetd ? (primary ?? gid) : gid),
    home: user.home,
    shell: user.shell,
  };
};
