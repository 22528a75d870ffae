// Whether a service is open at this time of day.
import type { TimeRange } from '../model/access.ts';

/** By local time; the first and the last minute of a range are in it, from 22:00 to 06:00 goes over midnight. */
export const isWithin = (times: readonly TimeRange[], date: Date): boolean => {
  if (times.length === 0) return true;
  const minute = date.getHours() * 60 + date.getMinutes();
  return times.some(({ from, to }) =>
    from <= to ? from <= minute && minute <= to : from <= minute || minute <= to,
  );
};
