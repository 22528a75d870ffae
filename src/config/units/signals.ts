// Signals by name or number, as directives of a service write them.
import { constants } from 'node:os';
import type { Value } from './syntax.ts';
import type { Unit } from './unit.ts';

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

/** The first one that glibc leaves to programs, and the last one. */
const realtime = { first: 34, last: 64 };

/** `SIGTERM`, `TERM`, `15`, `RTMIN+3`, `RTMAX-1`. */
export const parseSignal = (text: string): number | undefined => {
  if (/^[0-9]{1,2}$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= realtime.last ? number : undefined;
  }
  const name = text.replace(/^SIG/, '');
  const [, from, sign, offset] = /^RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(name) ?? [];
  if (from !== undefined) {
    const distance = Number(offset ?? 0);
    if (offset !== undefined && (from === 'MIN') !== (sign === '+')) return undefined;
    const number = from === 'MIN' ? realtime.first + distance : realtime.last - distance;
    return number >= realtime.first && number <= realtime.last ? number : undefined;
  }
  return numbers.get(`SIG${name}`);
};

export const showSignal = (number: number): string =>
  [...numbers].find(([name, value]) => value === number && name !== 'SIGIOT' && name !== 'SIGPOLL')?.[0] ??
  (number >= realtime.first ? `RTMIN+${number - realtime.first}` : String(number));

export const readSignal = (value: Value | undefined, { report }: Unit): number | undefined => {
  if (value === undefined) return undefined;
  return (
    parseSignal(value.text) ??
    report.error(value, `'${value.text}' is no signal`, 'write one as SIGTERM or RTMIN+3')
  );
};
