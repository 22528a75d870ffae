// What acceptd knows of itself that a handler's surroundings depend on.
import { userInfo } from 'node:os';

export type Host = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whom acceptd runs as; a handler that runs as the same needs no change. */
  readonly userName: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** RLIMIT_NOFILE before acceptd raised it. */
  readonly descriptorLimit: { readonly soft: number; readonly hard: number };
};

/** A number that has no account is its own name. */
const ownName = (uid: number): string => {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
};

/** To be asked once: what the kernel and the user database say now. */
export const findHost = (known: Pick<Host, 'environment' | 'descriptorLimit'>): Host => {
  const uid = process.getuid?.() ?? 0;
  return {
    ...known,
    userName: ownName(uid),
    uid,
    gid: process.getgid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
  };
};
