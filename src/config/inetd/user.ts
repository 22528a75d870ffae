// The user field: `nobody`, `nobody:www-data`, `nobody.tty`, `root:wheel/daemon`.
import { partOfToken, type Report, type Token } from '../source.ts';
import type { Meaning } from './dialect.ts';

export type UserWord = { readonly user: Token; readonly group: Token | undefined };

/**
 * A colon counts before a dot in every dialect: no group name has a colon, so the other order could only name
 * accounts that do not exist.
 */
export const readUserWord = (token: Token, meaning: Meaning, report: Report): UserWord | undefined => {
  const slash = meaning.hasLoginClass ? token.text.lastIndexOf('/') : -1;
  const end = slash === -1 ? token.text.length : slash;
  if (slash !== -1) {
    report.warn(
      partOfToken(token, slash),
      `the login class '${token.text.slice(slash + 1)}' is not applied: Linux has none`,
      'use rlimit_, nice and umask keys of the native language',
    );
  }
  const accounts = token.text.slice(0, end);
  const colon = accounts.indexOf(':');
  const separator = colon !== -1 || !meaning.hasDotGroup ? colon : accounts.indexOf('.');
  const user = partOfToken(token, 0, separator === -1 ? end : separator);
  if (user.text === '') {
    return report.error(token, `'${token.text}' names no user`, 'write USER or USER:GROUP');
  }
  if (separator === -1) return { user, group: undefined };
  const group = partOfToken(token, separator + 1, end);
  if (group.text === '') {
    return report.error(
      token,
      `the group after '${user.text}${accounts.charAt(separator)}' is missing`,
      'write USER:GROUP',
    );
  }
  return { user, group };
};
