// Directories of services on the disk: made before a start with the owner and mode they are to have, removed at an end.
import { constants, type Stats } from 'node:fs';
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { posix } from 'node:path';
import type { Failure } from '../model/event.ts';
import type { ResolvedCredentials, ServiceDirectory } from '../model/service.ts';
import { describeErrno } from '../native/addon.ts';

export type Owner = Pick<ResolvedCredentials, 'uid' | 'gid'>;

/** A link in the place of a directory could lead root anywhere. */
const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const permissionBits = 0o7777;
/** Each level takes a descriptor while it is cleared. */
const deepest = 128;

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const failureOf = (what: string, error: unknown): Failure => {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof Error)) throw error;
  const reason =
    'errno' in error && typeof error.errno === 'number' ? describeErrno(error.errno).reason : error.message;
  return { code, what: `cannot ${what}: ${reason}` };
};

/** What `act` gives, or undefined where it fails with this code. */
const unless = async <Result>(code: string, act: Promise<Result>): Promise<Result | undefined> => {
  try {
    return await act;
  } catch (error) {
    if (codeOf(error) === code) return undefined;
    throw error;
  }
};

/** Everybody may pass, whatever the umask. */
const makeParents = async (path: string): Promise<void> => {
  const parent = posix.dirname(path);
  const first = await mkdir(parent, { recursive: true });
  if (first === undefined) return;
  for (let each = parent; each.startsWith(first); each = posix.dirname(each)) await chmod(each, 0o755);
};

/** Only what is different: an ordinary user may not even set an owner that is the one already. */
const adjust = async (handle: FileHandle, mode: number, { uid, gid }: Owner): Promise<void> => {
  const found = await handle.stat();
  const isOwned = found.uid === uid && found.gid === gid;
  if (!isOwned) await handle.chown(uid, gid);
  if (!isOwned || (found.mode & permissionBits) !== mode) await handle.chmod(mode);
};

const makeLink = async (path: string, link: string): Promise<void> => {
  await makeParents(link);
  try {
    await symlink(path, link);
  } catch (error) {
    const isThere = codeOf(error) === 'EEXIST' && (await unless('EINVAL', readlink(link))) === path;
    if (!isThere) throw error;
  }
};

const kindOf = (found: Stats): string =>
  found.isSymbolicLink() ? 'is a symbolic link, which is not followed' : 'is no directory';

/**
 * Makes it with its links. One that is there gets the owner and the mode, without what is in it; of a configuration,
 * which is root's, nothing is changed.
 */
export const makeDirectory = async (
  { kind, path, mode, links }: ServiceDirectory,
  owner: Owner | undefined,
): Promise<Failure | undefined> => {
  try {
    await makeParents(path);
    const isNew =
      (await unless(
        'EEXIST',
        mkdir(path, { mode: 0o700 }).then(() => true),
      )) ?? false;
    const found = await lstat(path);
    if (!found.isDirectory()) return { code: 'ENOTDIR', what: `cannot make ${path}: it ${kindOf(found)}` };
    if (isNew || kind !== 'configuration') {
      const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
      const handle = await open(path, asDirectory);
      try {
        await adjust(handle, mode, kind === 'configuration' ? own : (owner ?? own));
      } finally {
        await handle.close();
      }
    }
    for (const link of links) await makeLink(path, link);
    return undefined;
  } catch (error) {
    return failureOf(`make ${path} as the service has it`, error);
  }
};

/** Goes by descriptors: whoever puts a link in the way meanwhile leads nowhere. */
const clear = async (path: string | Buffer, depth: number): Promise<void> => {
  const handle = await open(path, asDirectory);
  try {
    if (depth > deepest) throw Object.assign(new Error('too many levels of directories'), { code: 'ELOOP' });
    const inside = `/proc/self/fd/${handle.fd}/`;
    for (const entry of await readdir(inside, { withFileTypes: true, encoding: 'buffer' })) {
      const each = Buffer.concat([Buffer.from(inside), entry.name]);
      await unless('ENOENT', entry.isDirectory() ? removeTree(each, depth + 1) : unlink(each));
    }
  } finally {
    await handle.close();
  }
};

const removeTree = async (path: string | Buffer, depth: number): Promise<void> => {
  await clear(path, depth);
  await rmdir(path);
};

/** Removes it with all that is in it, and the links that lead to it. */
export const removeDirectory = async ({
  path,
  links,
}: Pick<ServiceDirectory, 'path' | 'links'>): Promise<Failure | undefined> => {
  try {
    for (const link of links) {
      const target = await unless('ENOENT', unless('EINVAL', readlink(link)));
      if (target === path) await unlink(link);
    }
    await unless('ENOENT', removeTree(path, 0));
    return undefined;
  } catch (error) {
    return failureOf(`remove ${path}`, error);
  }
};
