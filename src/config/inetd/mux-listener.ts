// The tcpmux service that a dialect adds by itself when there are members and no listener.
import type { LoadOptions } from '../options.ts';
import { createReport, type LocatedService, splitText } from '../source.ts';
import { readWords } from '../words.ts';
import { meanings } from './dialect.ts';
import { readEntryService } from './entry.ts';
import { initialScope } from './parse.ts';

/** Dual: one IPv6 socket that takes IPv4 too. Undefined where the member's dialect wants the line to be written. */
export const makeMuxListener = (member: LocatedService, options: LoadOptions): LocatedService | undefined => {
  const { dialect, origin } = member.service;
  if (dialect === 'xinetd' || dialect === 'systemd' || !meanings[dialect].addsMuxListener) return undefined;
  const line = 'tcpmux stream tcp46 nowait root internal';
  const meaning = { ...meanings[dialect], families: meanings.acceptd.families };
  const [first, ...others] = readWords(line, 1, 0, meaning).tokens;
  if (first === undefined) return undefined;
  const report = createReport(splitText(line, origin.file));
  const scope = { ...initialScope(options), meaning };
  const listener = readEntryService([first, ...others], scope, report);
  return (
    listener && {
      service: { ...listener.service, id: 'tcpmux/tcp', origin },
      marks: { service: member.marks.service },
    }
  );
};
