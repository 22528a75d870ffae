// acceptd why: would this client be let in by that service, and what decides.
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import type { Admission } from '../model/control.ts';
import { isAdmission } from './control-answers.ts';
import { placeOf } from './control-client.ts';
import { type AnswerChoice, conduct, printJson } from './control-options.ts';
import { askAboutService } from './named-service.ts';
import { fold, plain, type Screen, screenOf, styled } from './terminal-text.ts';

export type WhyChoice = AnswerChoice & { readonly address: string; readonly service: string };

const verdicts: Readonly<Record<Admission['verdict'], string>> = {
  admit: 'would be admitted',
  refuse: 'would be refused',
  ask: 'would have to be asked about first',
  hold: 'would wait',
};

const styles = { passes: 'green', refuses: 'red', unknown: 'yellow' } as const;
const resultWidth = 9;

/** Lines of at most the screen's width. */
export const renderAdmission = (
  { service, address, verdict, reason, steps }: Admission,
  screen: Screen,
): string => {
  const title = `${plain(address)} ${verdicts[verdict]} by ${plain(service)}${reason === null ? '' : ` (${plain(reason)})`}`;
  return [
    ...fold(title, screen.width, 2).map((line) => styled(line, 'bold', screen)),
    ...steps.flatMap(({ test, result, why }) => {
      const text = `${plain(test)}${why === '' ? '' : `: ${plain(why)}`}`;
      const [first = '', ...others] = fold(text, screen.width - resultWidth - 2, 2);
      const margin = ' '.repeat(resultWidth + 2);
      return [
        `  ${styled(result.padEnd(resultWidth), styles[result], screen)}${first}`,
        ...others.map((line) => margin + line),
      ];
    }),
  ].join('\n');
};

export const why = ({ control, json, address, service }: WhyChoice): Promise<ExitStatus> =>
  conduct(async () => {
    const { text, value } = await askAboutService(
      placeOf(control),
      service,
      { method: 'GET', rest: `/why?address=${encodeURIComponent(address)}` },
      isAdmission,
    );
    if (json) printJson(text);
    else process.stdout.write(`${renderAdmission(value, screenOf(process.stdout, process.env))}\n`);
    return exitStatus.done;
  });
