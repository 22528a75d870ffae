// The keys about who answers: a program, a built-in, another address, or nobody at a sensor.
import type { Milliseconds } from '../../model/quantity.ts';
import type { Answer } from '../../model/service.ts';
import type { Report, Token } from '../source.ts';
import { baseName, builtinOf, readBuiltin, readProgram } from './answer.ts';
import { readRelay } from './definition-relay.ts';
import { type Keys, readChoice, readDurationValue, readSwitch } from './keys.ts';
import type { Listening } from './listening.ts';
import type { Scope } from './scope.ts';

/** A program behind a redirect is started on demand. */
const answerKeys = ['exec', 'internal', 'redirect', 'sensor'];
const isBackend = (first: string, second: string): boolean => first === 'exec' && second === 'redirect';

/** Keys that say more about an answer, and the answer that they need. */
const companions: readonly (readonly [key: string, needed: string, advice: string])[] = [
  ['args', 'exec', 'write exec = PROGRAM'],
  ['connect_timeout', 'redirect', 'write redirect = HOST PORT'],
  ['retry_for', 'redirect', 'write redirect = HOST PORT'],
  ['proxy_header', 'redirect', 'write redirect = HOST PORT'],
  ['idle_timeout', 'redirect', 'write redirect = HOST PORT'],
  ['deny_time', 'sensor', 'write sensor = yes'],
];

const isAnswered = (keys: Keys, key: string): boolean =>
  keys.place(key) !== undefined && (key !== 'sensor' || keys.one('sensor')?.text !== 'no');

const checkAnswers = (keys: Keys, report: Report): void => {
  const [first = '', second = '', third] = answerKeys.filter((key) => isAnswered(keys, key));
  const place = keys.place(second);
  if (place !== undefined && !(third === undefined && isBackend(first, second))) {
    report.error(place, `'${first}' and '${second}' are two answers`, 'keep one of them');
  }
  for (const [key, needed, advice] of companions) {
    const companion = keys.place(key);
    if (companion !== undefined && !isAnswered(keys, needed)) {
      report.error(companion, `'${key}' has no effect without '${needed}'`, advice);
    }
  }
};

/** xinetd counts minutes here, everything else seconds: a number alone would be taken for the other. */
const readDenyTime = (keys: Keys, report: Report): Milliseconds | 'forever' | undefined => {
  const value = keys.one('deny_time');
  if (value === undefined || value.text === 'never') return undefined;
  if (value.text === 'forever') return 'forever';
  if (/^[0-9.]+$/.test(value.text)) {
    return report.error(value, `'${value.text}' has no unit`, `write ${value.text}min or ${value.text}s`);
  }
  const duration = readDurationValue(value, report);
  if (duration === undefined || duration > 0) return duration;
  return report.error(value, 'this denies nothing', 'write never, or a time above 0');
};

const readOwnBuiltin = (
  service: Token,
  listening: Listening,
  scope: Scope,
  report: Report,
): Answer | undefined => {
  const own = listening.protocol === 'unix' ? baseName(listening.name).replace(/^@/, '') : listening.name;
  if (builtinOf(own) === undefined) {
    return report.error(
      service,
      `'${service.text}' has no program, and there is no built-in of that name`,
      scope.meaning.dialect === 'acceptd'
        ? 'write exec = PROGRAM or internal = NAME'
        : 'write exec = PROGRAM',
    );
  }
  return readBuiltin({ ...service, text: own }, listening.socketType, report);
};

export const readAnswerKeys = (
  service: Token,
  listening: Listening,
  keys: Keys,
  scope: Scope,
  report: Report,
): Answer | undefined => {
  const errors = report.errorCount();
  checkAnswers(keys, report);
  const isSensor = readSwitch(keys.one('sensor'), report) ?? false;
  const format = readChoice(keys.one('format'), ['xinetd'], report);
  if (report.errorCount() !== errors) return undefined;
  const program = keys.one('exec');
  if (keys.place('redirect') !== undefined) return readRelay(keys, listening, scope, report);
  if (program !== undefined) return readProgram(program, keys.all('args'), scope.meaning, report);
  if (isSensor) return { kind: 'sensor', denyTime: readDenyTime(keys, report) };
  // A missing value is reported already.
  if (keys.place('exec') !== undefined) return undefined;
  const named = keys.one('internal');
  const builtin =
    named === undefined
      ? readOwnBuiltin(service, listening, scope, report)
      : readBuiltin(named, listening.socketType, report);
  return builtin?.kind === 'builtin' ? { ...builtin, format } : undefined;
};
