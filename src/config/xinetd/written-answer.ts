// Who answers, in the attributes of xinetd.conf.
import type { Service } from '../../model/service.ts';
import type { LossReport } from '../conversion.ts';
import { baseName } from '../inetd/answer.ts';
import { hasForms } from '../normal-form.ts';
import { connectTimeout } from './answer.ts';
import { isWord, type Line } from './written-line.ts';

export type WrittenAnswer = {
  /** Where the entry must be called so, because the name says what is built in. */
  readonly name: string | undefined;
  readonly types: readonly string[];
  readonly flags: readonly string[];
  readonly lines: readonly Line[];
};

type Answer<Kind extends Service['answer']['kind']> = Service['answer'] & { readonly kind: Kind };

const program = (answer: Answer<'program'>, report: LossReport): WrittenAnswer | undefined => {
  const { file } = answer;
  const [name, ...others] = answer.arguments;
  if (!file.startsWith('/')) {
    report.lose('', `xinetd starts no program without an absolute path, as '${file}'`, 'write its path');
    return undefined;
  }
  const unwritable = [file, ...answer.arguments].find((word) => !isWord(word));
  if (unwritable !== undefined) {
    const shown = JSON.stringify(unwritable);
    report.lose('', `xinetd has no word with blanks, as ${shown}`, 'start a script that has it');
    return undefined;
  }
  if (name === undefined) {
    report.lose('answer.arguments', 'the program gets its own name as argument 0');
  }
  const isUsual = name === undefined || name === baseName(file);
  const words = isUsual ? others : answer.arguments;
  return {
    name: undefined,
    types: [],
    flags: isUsual ? [] : ['NAMEINARGS'],
    lines: [['server', file], ...(words.length === 0 ? [] : [['server_args', ...words] as const])],
  };
};

const builtin = (answer: Answer<'builtin'>, report: LossReport): WrittenAnswer | undefined => {
  if (answer.builtin === 'ident') {
    report.lose('', 'xinetd has no built-in ident', 'start a program, as nullidentd');
    return undefined;
  }
  if (answer.format !== 'xinetd' && hasForms(answer.builtin)) {
    report.lose('answer.format', `${answer.builtin} answers in xinetd's form`);
  }
  return { name: answer.builtin, types: ['INTERNAL'], flags: [], lines: [] };
};

const relay = (answer: Answer<'relay'>, report: LossReport): WrittenAnswer | undefined => {
  if (answer.port === '') {
    report.lose(
      '',
      `xinetd redirects to no unix socket, as ${answer.host}`,
      'let its server listen at a port',
    );
    return undefined;
  }
  if (answer.connectTimeout !== connectTimeout) {
    report.lose('answer.connectTimeout', 'a redirect has no connect timeout of its own');
  }
  if (answer.proxyHeader !== undefined)
    report.lose('answer.proxyHeader', 'no header tells who the client is');
  if (answer.idleTimeout !== undefined) report.lose('answer.idleTimeout', 'quiet connections stay');
  if (answer.retryFor !== undefined) report.lose('answer.retryFor', 'it connects once');
  if (answer.fallbacks.length > 0) report.lose('answer.fallbacks', 'a redirect has one address');
  return { name: undefined, types: [], flags: [], lines: [['redirect', answer.host, answer.port]] };
};

/** xinetd counts minutes. */
const denyMinutes = (answer: Answer<'sensor'>, report: LossReport): string => {
  const { denyTime } = answer;
  if (denyTime === undefined) return 'NEVER';
  if (denyTime === 'forever') return 'FOREVER';
  const minutes = Math.ceil(denyTime / 60_000);
  if (minutes * 60_000 !== denyTime) {
    report.lose('answer.denyTime', `deny_time has whole minutes: it is ${minutes}`);
  }
  return String(minutes);
};

/** undefined: it cannot be said at all, which is reported. */
export const writeAnswer = (service: Service, report: LossReport): WrittenAnswer | undefined => {
  const { answer } = service;
  switch (answer.kind) {
    case 'program':
      return program(answer, report);
    case 'builtin':
      return builtin(answer, report);
    case 'relay':
      return relay(answer, report);
    case 'sensor':
      return {
        name: undefined,
        types: ['INTERNAL'],
        flags: ['SENSOR'],
        lines: [['deny_time', denyMinutes(answer, report)]],
      };
  }
};
