// Where a row of the table works: a temporary directory, its ports, and the users its programs run as.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { isRoot, mustRun } from '../support/command.ts';
import { freePort } from '../support/ports.ts';

export type Account = { readonly name: string; readonly password: string; readonly home: string };

export type Place = {
  /** Everybody may read it. */
  readonly directory: string;
  /** Whom a program without privileges runs as: nobody, or the tester who is not root. */
  readonly nobody: string;
  /** The ports taken so far. */
  readonly ports: readonly number[];
  readonly port: () => Promise<number>;
  /** Writes a file below the directory and gives its path. */
  readonly write: (name: string, text: string) => string;
  /** Makes a directory below the directory and gives its path. */
  readonly makeDirectory: (name: string) => string;
  /** Makes `nobody` the owner of a file or a tree. */
  readonly give: (path: string) => Promise<void>;
  /** A system user with a password and a home of its own, removed after the test; only root can. */
  readonly account: () => Promise<Account>;
};

let accounts = 0;

export const createPlace = (t: Test): Place => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-place-'));
  chmodSync(directory, 0o755);
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const nobody = isRoot ? 'nobody' : userInfo().username;
  const ports: number[] = [];

  const makeDirectory = (name: string): string => {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  };

  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };

  const account = async (): Promise<Account> => {
    const name = `acceptd-${process.pid}-${++accounts}`;
    const password = `secret-${accounts}`;
    const home = makeDirectory('home');
    await mustRun('useradd', ['--no-create-home', '--home-dir', home, '--shell', '/bin/sh', name]);
    t.teardown(() => mustRun('userdel', ['--force', name]));
    await mustRun('chpasswd', [], { input: `${name}:${password}\n` });
    await mustRun('chown', [name, home]);
    return { name, password, home };
  };

  return {
    directory,
    nobody,
    ports,
    port: async () => {
      const port = await freePort();
      ports.push(port);
      return port;
    },
    write,
    makeDirectory,
    give: async (path) => {
      if (isRoot) await mustRun('chown', ['-R', `${nobody}:`, path]);
    },
    account,
  };
};
