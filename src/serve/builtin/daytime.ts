// daytime (RFC 867): the local date and time as asctime(3) writes them, 24 characters and CRLF; or as xinetd does.
import type { Answer } from '../../model/service.ts';
import { zoneName } from '../../native/time-zone.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const pad = (value: number): string => String(value).padStart(2, '0');

export type Format = Extract<Answer, { readonly kind: 'builtin' }>['format'];

/** `21 NOV 2026 01:34:04 UTC`. */
const xinetdReply = (now: Date): Uint8Array => {
  const date = `${pad(now.getDate())} ${months[now.getMonth()]?.toUpperCase()} ${now.getFullYear()}`;
  const time = `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}`;
  return Buffer.from(`${date} ${time} ${zoneName(now)}\r\n`, 'latin1');
};

export const daytimeReply = (now: Date, format?: Format): Uint8Array => {
  if (format === 'xinetd') return xinetdReply(now);
  const date = `${days[now.getDay()]} ${months[now.getMonth()]} ${String(now.getDate()).padStart(2)}`;
  const time = `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}`;
  return Buffer.from(`${date} ${time} ${now.getFullYear()}\r\n`, 'latin1');
};
