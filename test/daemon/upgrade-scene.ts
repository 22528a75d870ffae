// What tests of upgrades do: have the next version take over, talk to whoever is served on, put another version there.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Acceptd, type LogRecord, mainModule } from '../support/acceptd.ts';

const isEnd = ({ event }: LogRecord): boolean => event === 'upgraded' || event === 'upgrade-failed';

/** The record of what came of it. */
export const upgrade = async (acceptd: Acceptd, from = acceptd.records.length): Promise<LogRecord> => {
  acceptd.signal('SIGUSR2');
  // whatever the moment is in which a signal comes, it ends nobody
  const hurry = setInterval(() => acceptd.signal('SIGALRM'), 50);
  return acceptd.waitFor(isEnd, 'the end of the upgrade', from).finally(() => clearInterval(hurry));
};

/** The same where failures must not be tried again before their time, as SIGALRM would have it. */
export const upgradeQuietly = async (acceptd: Acceptd): Promise<LogRecord> => {
  const from = acceptd.records.length;
  acceptd.signal('SIGUSR2');
  return acceptd.waitFor(isEnd, 'the end of the upgrade', from);
};

/** Fails the test unless the next version has taken over. */
export const mustUpgrade = async (t: Test, acceptd: Acceptd, what = 'upgraded'): Promise<void> => {
  const { event, fields } = await upgradeQuietly(acceptd);
  t.equal(event, 'upgraded', `${what} ${JSON.stringify(fields['failure'] ?? '')}`);
};

/** Whether the process is the next version by now, which may not have begun to serve. */
export const isFollowing = ({ pid }: Acceptd): boolean =>
  readFileSync(`/proc/${pid}/environ`, 'utf8').includes('ACCEPTD_STATE=');

/** Says a text and gives what comes back, as much as was said. */
export const talk = (socket: Socket, text: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = '';
    const end = (): void => {
      socket.off('data', take).off('close', end);
      resolve(heard);
    };
    const take = (part: Buffer): void => {
      heard += String(part);
      if (heard.length >= text.length) end();
    };
    socket.on('data', take).on('close', end);
    socket.write(text);
  });

/** A place where the installed program is a link, so that another version can be put there. */
export const install = (t: Test): { readonly program: string; readonly replace: (text: string) => void } => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-installed-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, 'acceptd.js');
  symlinkSync(mainModule, program);
  return {
    program,
    replace: (text) => {
      rmSync(program);
      writeFileSync(program, text);
    },
  };
};
