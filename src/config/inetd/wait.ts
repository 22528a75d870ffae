// The wait field: `wait`, `nowait.40`, `nowait:40`, `nowait/10/60/2`.
import { parseCount } from '../../model/quantity.ts';
import type { Mode } from '../../model/service.ts';
import { nearestWord } from '../nearest.ts';
import { partOfToken, type Report, type Token } from '../source.ts';
import type { Meaning } from './dialect.ts';
import type { WrittenLimits } from './limits.ts';

export type WaitWord = { readonly mode: Mode; readonly limits: WrittenLimits };

const readNumber = (token: Token, meaning: Meaning, report: Report): number | undefined => {
  const { text } = token;
  if (meaning.hasCNumbers && /^(?:0x[0-9a-f]+|0[0-7]+)$/i.test(text)) {
    const value = Number.parseInt(text, /^0x/i.test(text) ? 16 : 8);
    report.warn(token, `${text} means ${value} here, as in C`, `write ${value}`);
    return value;
  }
  const value = parseCount(text);
  return (
    value ?? report.error(token, `'${text}' is no number`, 'write a decimal number, or wait or nowait alone')
  );
};

/** FreeBSD's max-child, connections per minute and source, and max-child per source; 0 is no limit. */
const readSlashNumbers = (token: Token, start: number, meaning: Meaning, report: Report): WrittenLimits => {
  const names = ['instances', 'perSourceRate', 'perSource'] as const;
  let limits: WrittenLimits = {};
  let index = start;
  const pieces = token.text.slice(start).split('/');
  for (const [position, piece] of pieces.entries()) {
    const name = names[position];
    const part = partOfToken(token, index, index + piece.length);
    index += piece.length + 1;
    if (name === undefined) {
      report.error(
        part,
        'a fourth number has no meaning',
        'write nowait/INSTANCES/RATE-PER-SOURCE/INSTANCES-PER-SOURCE',
      );
      break;
    }
    const value = readNumber(part, meaning, report);
    if (value === undefined) continue;
    limits = { ...limits, [name]: value };
  }
  return limits;
};

export const readWaitWord = (token: Token, meaning: Meaning, report: Report): WaitWord | undefined => {
  const match = /^(wait|nowait)(?![A-Za-z0-9_])/.exec(token.text);
  const word = match?.[1];
  if (word === undefined) {
    const head = /^[A-Za-z]*/.exec(token.text)?.[0] ?? '';
    const nearest = nearestWord(head, ['wait', 'nowait']);
    return report.error(
      token,
      `'${token.text}' is neither wait nor nowait`,
      nearest === undefined ? 'write one of them' : `did you mean ${nearest}?`,
    );
  }
  const mode: Mode = word === 'wait' ? 'whole-socket' : 'per-connection';
  if (token.text.length === word.length) return { mode, limits: {} };
  const separator = token.text.charAt(word.length);
  if (!meaning.waitSeparators.includes(separator)) {
    const forms = [...meaning.waitSeparators].map((known) => `${word}${known}NUMBER`).join(' or ');
    const suffix = partOfToken(token, word.length);
    return report.error(
      suffix,
      `${meaning.dialect} has nothing like '${suffix.text}' here`,
      `write ${word} or ${forms}`,
    );
  }
  const start = word.length + 1;
  if (separator === '/') return { mode, limits: readSlashNumbers(token, start, meaning, report) };
  const number = partOfToken(token, start);
  const rate = readNumber(number, meaning, report);
  if (rate === undefined) return undefined;
  if (rate === 0 && meaning.dialect === 'netbsd') {
    return report.error(number, 'a rate of 0 would never start anything', 'write at least 1');
  }
  return { mode, limits: { startsPerMinute: rate } };
};
