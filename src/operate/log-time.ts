// The time as logs show it, made once a second and not for each line.
import type { Clock } from '../model/clock.ts';

const twoDigits = (value: number): string => String(value).padStart(2, '0');

const timeOfDay = (date: Date): string =>
  `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}`;

/** `26/11/21@01:26:18`, as xinetd's files have it: month and day without a leading zero, local time. */
export const fileTime = (date: Date): string =>
  `${twoDigits(date.getFullYear() % 100)}/${date.getMonth() + 1}/${date.getDate()}@${timeOfDay(date)}`;

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `Nov  1 01:26:18`, as RFC 3164 has it: local time. */
export const syslogTime = (date: Date): string =>
  `${months[date.getMonth()] ?? ''} ${String(date.getDate()).padStart(2)} ${timeOfDay(date)}`;

/** The text of the present second. */
export const eachSecond = ({ wallClock }: Clock, show: (date: Date) => string): (() => string) => {
  let second = Number.NaN;
  let text = '';
  return () => {
    const date = wallClock();
    const current = Math.floor(date.getTime() / 1000);
    if (current !== second) {
      second = current;
      text = show(date);
    }
    return text;
  };
};
