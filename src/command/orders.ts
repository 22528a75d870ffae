// Orders to a running server: what is to be held, changed, ended or exchanged. Each answer is one sentence.
import { signalNumber } from '../config/signals.ts';
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import type { Done, Tuning } from '../model/control.ts';
import { parseCount } from '../model/quantity.ts';
import { isDone } from './control-answers.ts';
import { type Answer, askServer, placeOf } from './control-client.ts';
import { type AnswerChoice, conduct, printJson } from './control-options.ts';
import { askAboutService } from './named-service.ts';
import { usageError } from './refusal.ts';
import { plain } from './terminal-text.ts';

export type ServiceOrderChoice = AnswerChoice & { readonly service: string };
export type SetChoice = ServiceOrderChoice & { readonly settings: readonly string[] };
export type KillChoice = AnswerChoice & { readonly target: string; readonly signal: string };
export type StopChoice = AnswerChoice & {
  readonly drain: number | undefined;
  readonly delay: number | undefined;
};

/** For what takes as long as a daemon or new code needs to be ready. */
const longPatience = 300_000;

const carryOut = (choice: AnswerChoice, ask: (path: string) => Promise<Answer<Done>>): Promise<ExitStatus> =>
  conduct(async () => {
    const { text, value } = await ask(placeOf(choice.control));
    if (choice.json) printJson(text);
    else process.stdout.write(`${plain(value.what)}\n`);
    return exitStatus.done;
  });

const serviceOrder =
  (rest: string, patience?: number) =>
  (choice: ServiceOrderChoice): Promise<ExitStatus> =>
    carryOut(choice, (path) =>
      askAboutService(
        path,
        choice.service,
        { method: 'POST', rest, ...(patience !== undefined && { patience }) },
        isDone,
      ),
    );

export const pause = serviceOrder('/pause');
export const resume = serviceOrder('/resume');
export const restart = serviceOrder('/restart', longPatience);

const reloadDaemon = serviceOrder('/reload', longPatience);
export const reloadService = (
  choice: ServiceOrderChoice & { readonly dryRun: boolean },
): Promise<ExitStatus> => {
  if (!choice.dryRun) return reloadDaemon(choice);
  return conduct(() =>
    Promise.reject(usageError('--dry-run tells what acceptd itself would do; a daemon cannot be asked')),
  );
};

const settingNames: ReadonlyMap<string, keyof Tuning> = new Map([
  ['instances', 'instances'],
  ['per_source', 'perSource'],
]);

/** `instances=5`, `per_source=none`. */
export const parseTuning = (settings: readonly string[]): Tuning => {
  const tuning: { -readonly [Name in keyof Tuning]: Tuning[Name] } = {};
  for (const setting of settings) {
    const [, word = '', text = ''] = /^([^=]*)=(.*)$/s.exec(setting) ?? [];
    const name = settingNames.get(word);
    if (name === undefined) {
      throw usageError(
        `'${plain(setting)}' cannot be set; write instances=N or per_source=N, or none in place of N`,
      );
    }
    const value = text === 'none' ? null : parseCount(text);
    if (value === undefined || value === 0)
      throw usageError(`${word} takes a whole number from 1 on, or none: '${plain(text)}' is neither`);
    if (tuning[name] !== undefined) throw usageError(`${word} is set twice`);
    tuning[name] = value;
  }
  return tuning;
};

export const set = (choice: SetChoice): Promise<ExitStatus> =>
  carryOut(choice, (path) =>
    askAboutService(path, choice.service, { method: 'PATCH', body: parseTuning(choice.settings) }, isDone),
  );

/** A target of digits alone is a process. */
export const kill = (choice: KillChoice): Promise<ExitStatus> =>
  carryOut(choice, (path) => {
    const signal = signalNumber(choice.signal);
    if (signal === undefined)
      throw usageError(`'${plain(choice.signal)}' is no signal; write a name as TERM, or a number up to 64`);
    const pid = parseCount(choice.target);
    if (pid === undefined) {
      return askAboutService(
        path,
        choice.target,
        { method: 'POST', rest: '/kill', body: { signal } },
        isDone,
      );
    }
    return askServer(path, { method: 'POST', path: `/v1/processes/${pid}/kill`, body: { signal } }, isDone);
  });

export const stop = (choice: StopChoice): Promise<ExitStatus> =>
  carryOut(choice, (path) => {
    const { drain, delay } = choice;
    return askServer(
      path,
      {
        method: 'POST',
        path: '/v1/stop',
        body: { ...(drain !== undefined && { drain }), ...(delay !== undefined && { delay }) },
      },
      isDone,
    );
  });

export const upgrade = (choice: AnswerChoice): Promise<ExitStatus> =>
  carryOut(choice, (path) =>
    askServer(path, { method: 'POST', path: '/v1/upgrade', patience: longPatience }, isDone),
  );
