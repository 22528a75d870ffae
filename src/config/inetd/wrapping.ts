// Which entries hosts.allow and hosts.deny are consulted for, and under which name: what -l, -w and -W of the inetds ask.
import type { Access } from '../../model/access.ts';
import type { Answer, Mode } from '../../model/service.ts';
import type { LoadOptions } from '../options.ts';
import { baseName } from './answer.ts';
import type { Listening } from './listening.ts';

/** tcpd consults the files itself, under the name of the program that it starts. */
const isWrapper = (file: string): boolean => baseName(file) === 'tcpd';

const programName = (
  answer: Answer & { readonly kind: 'program' },
  listening: Listening,
  mode: Mode,
  wraps: LoadOptions['wraps'],
): string | undefined => {
  if (isWrapper(answer.file)) return undefined;
  const isStream = listening.socketType === 'stream' && mode === 'per-connection';
  switch (wraps.programs) {
    case 'none':
      return undefined;
    case 'streams':
      return isStream ? (answer.arguments[0] ?? listening.name) : undefined;
    case 'all':
      return isStream || listening.socketType === 'dgram' ? baseName(answer.file) : undefined;
  }
};

const nameOf = (
  answer: Answer,
  listening: Listening,
  mode: Mode,
  wraps: LoadOptions['wraps'],
): string | undefined => {
  if (answer.kind === 'program') return programName(answer, listening, mode, wraps);
  return answer.kind === 'builtin' && wraps.builtins ? listening.name : undefined;
};

/** undefined: everybody may come. */
export const wrappedAccess = (
  answer: Answer,
  listening: Listening,
  mode: Mode,
  { wraps }: LoadOptions,
): Access | undefined => {
  const wrapperName = nameOf(answer, listening, mode, wraps);
  return wrapperName === undefined
    ? undefined
    : { onlyFrom: undefined, noAccess: [], times: [], maxLoad: undefined, wrapperName };
};
