// The journal of systemd, in its own protocol, which is never waited for.
import { fstatSync } from 'node:fs';
import { sendAsFile } from '../native/log-socket.ts';
import { journalMessage, type Sender } from './journal-entry.ts';
import { createLogChannel, type LogChannelOptions } from './log-channel.ts';
import type { EntryWriter } from './log-entry.ts';

export const journalSocket = '/run/systemd/journal/socket';

export const createJournal = (
  options: Omit<LogChannelOptions, 'name' | 'sendLong'> & Sender,
): EntryWriter & { readonly finish: (patience: number) => Promise<void> } => {
  const channel = createLogChannel({ ...options, name: 'journald', sendLong: sendAsFile });
  return {
    write: (entry) => channel.send(journalMessage(entry, options)),
    flush: channel.flush,
    finish: channel.finish,
    reopen: () => undefined,
    lost: channel.lost,
  };
};

/** Whether this descriptor is the journal's: systemd tells it as `DEVICE:INODE` ($JOURNAL_STREAM, systemd.exec(5)). */
export const isJournalStream = (told: string | undefined, descriptor: number): boolean => {
  if (told === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return told === `${dev}:${ino}`;
  } catch {
    // there is none
    return false;
  }
};
