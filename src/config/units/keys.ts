// Which directives a section has, and what is said about those that are not read.
import { nearestWord } from '../nearest.ts';
import type { Unit } from './unit.ts';

/** `read`: it has a reader; `silent`: it says nothing to acceptd; else why it has no effect, in one clause. */
export type KeyRule =
  | 'read'
  | 'silent'
  | {
      readonly why: string;
      readonly advice: string;
      /** A value with which it says nothing anyway. */
      readonly nothing?: string;
    };
export type KeyTable = ReadonlyMap<string, KeyRule>;

/** Names separated by blanks and line ends, all under one rule. */
export const keysOf = (names: string, rule: KeyRule): readonly (readonly [string, KeyRule])[] =>
  names
    .split(/\s+/)
    .filter((name) => name !== '')
    .map((name) => [name, rule]);

/** Warns of all directives of a section that have no effect. `X-` begins names that are nobody's. */
export const checkKeys = ({ directives, report }: Unit, section: string, table: KeyTable): void => {
  let lowerCase: ReadonlyMap<string, string> | undefined;
  for (const { section: own, key, value } of directives) {
    if (own !== section || key.text.startsWith('X-')) continue;
    const rule = table.get(key.text);
    if (rule === 'read' || rule === 'silent') continue;
    if (rule !== undefined) {
      if (value.text !== '' && value.text !== rule.nothing)
        report.warn(key, `${key.text}= has no effect: ${rule.why}`, rule.advice);
      continue;
    }
    lowerCase ??= new Map([...table.keys()].map((name) => [name.toLowerCase(), name]));
    const near = lowerCase.get(nearestWord(key.text, lowerCase.keys()) ?? '');
    report.warn(
      key,
      `there is no ${key.text}= in [${section}]`,
      near === undefined ? 'remove it' : `did you mean ${near}=?`,
    );
  }
};
