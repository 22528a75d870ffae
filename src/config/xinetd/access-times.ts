// access_times: HH:MM-HH:MM, also to 24:00 and over midnight, which xinetd's own daemon refuses.
import type { TimeRange } from '../../model/access.ts';
import type { Notes, Word } from './notes.ts';

const pattern = /^([0-9]{1,2}):([0-9]{1,2})-([0-9]{1,2}):([0-9]{1,2})$/;
const midnight = 24 * 60;

const minutesOf = (hours: string | undefined, minutes: string | undefined): number | undefined => {
  const value = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && value <= midnight ? value : undefined;
};

const readRange = (word: Word, notes: Notes): TimeRange | undefined => {
  const match = pattern.exec(word.text);
  const from = minutesOf(match?.[1], match?.[2]);
  const to = minutesOf(match?.[3], match?.[4]);
  if (from === undefined || to === undefined || from === midnight) {
    return notes.error(word, `invalid time interval '${word.text}'`, 'write HH:MM-HH:MM, from 0:00 to 24:00');
  }
  if (from === to) {
    return notes.error(
      word,
      `the time interval '${word.text}' ends where it begins`,
      'write 0:00-24:00 for all day, or remove access_times',
    );
  }
  return { from, to };
};

export const readAccessTimes = (
  words: readonly Word[] | undefined,
  place: Word | undefined,
  notes: Notes,
): readonly TimeRange[] => {
  if (words?.length === 0 && place !== undefined) {
    notes.error(place, "'access_times' has no value", 'write HH:MM-HH:MM, or remove it');
  }
  return (words ?? []).flatMap((word) => readRange(word, notes) ?? []);
};
