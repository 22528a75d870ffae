// acceptd explain: how a service's handler is started, as the running server does it.
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import type { LaunchPlan } from '../model/control.ts';
import { isLaunchPlan } from './control-answers.ts';
import { placeOf } from './control-client.ts';
import { type AnswerChoice, conduct, printJson } from './control-options.ts';
import { askAboutService } from './named-service.ts';
import { entries, entry } from './service-view.ts';
import { fold, plain, type Screen, screenOf, styled } from './terminal-text.ts';

export type ExplainChoice = AnswerChoice & { readonly service: string };

/** A word as a shell would take it. */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${plain(word).replaceAll("'", "'\\''")}'`;

const showCredentials = (credentials: LaunchPlan['credentials']): string => {
  if (credentials === null) return "acceptd's own";
  const { user, group, groups } = credentials;
  return `${plain(user)}, group ${plain(group)}${groups.length === 0 ? '' : `, also ${plain(groups.join(', '))}`}`;
};

/** Lines of at most the screen's width. */
export const renderLaunchPlan = (plan: LaunchPlan, screen: Screen): string => {
  const single: readonly (readonly [string, string | number | null])[] = [
    ['directory', plan.directory],
    ['root', plan.root],
    ['umask', plan.umask],
    ['nice', plan.nice],
  ];
  const isProcess = plan.file !== null;
  return [
    ...fold(`${plain(plan.service)}: ${plain(plan.mode)}`, screen.width, 2).map((line) =>
      styled(line, 'bold', screen),
    ),
    ...entry('written in', plain(plan.origin), screen),
    ...entry('answer', plain(plan.answer), screen),
    ...(plan.file === null ? [] : entry('program', plain(plan.file), screen)),
    ...(plan.arguments.length === 0 ? [] : entry('arguments', plan.arguments.map(quote).join(' '), screen)),
    ...(isProcess ? entry('runs as', showCredentials(plan.credentials), screen) : []),
    ...single.flatMap(([name, value]) => (value === null ? [] : entry(name, plain(String(value)), screen))),
    ...entries('descriptors', plan.descriptors.map(plain), screen),
    ...entries('environment', plan.environment.map(plain), screen),
    ...entries('resources', plan.resourceLimits.map(plain), screen),
    ...entries('limits', plan.limits.map(plain), screen),
    ...entries('further', plan.further.map(plain), screen),
  ].join('\n');
};

export const explain = ({ control, json, service }: ExplainChoice): Promise<ExitStatus> =>
  conduct(async () => {
    const { text, value } = await askAboutService(
      placeOf(control),
      service,
      { method: 'GET', rest: '/explain' },
      isLaunchPlan,
    );
    if (json) printJson(text);
    else process.stdout.write(`${renderLaunchPlan(value, screenOf(process.stdout, process.env))}\n`);
    return exitStatus.done;
  });
