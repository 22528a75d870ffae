// acceptd reload: the configuration is read again; what becomes of it, or would, is told as `acceptd check` tells it.
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import type { ReloadChanges, ReloadReport } from '../model/control.ts';
import { showDiagnostic } from '../model/diagnostic.ts';
import { isReloadReport } from './control-answers.ts';
import { askServer, placeOf } from './control-client.ts';
import { type AnswerChoice, conduct, printJson } from './control-options.ts';
import { plain } from './terminal-text.ts';

export type ReloadChoice = AnswerChoice & { readonly dryRun: boolean };

/** Names are looked up and programs examined before anything changes. */
const patience = 300_000;

const words = {
  applied: { opens: 'opened', closes: 'closed', added: 'added', removed: 'removed', changed: 'changed' },
  planned: {
    opens: 'would open',
    closes: 'would close',
    added: 'would add',
    removed: 'would remove',
    changed: 'would change',
  },
} as const;

/** A line for each address and service that is not as it was, and one for all that are. */
export const showChanges = (
  { opens, closes, kept, added, changed, removed }: ReloadChanges,
  outcome: keyof typeof words,
): readonly string[] => {
  const say = words[outcome];
  return [
    ...removed.map((service) => `${say.removed} ${plain(service)}`),
    ...closes.map(({ service, address }) => `${say.closes} ${plain(address)} (${plain(service)})`),
    ...added.map((service) => `${say.added} ${plain(service)}`),
    ...changed.map((service) => `${say.changed} ${plain(service)}`),
    ...opens.map(({ service, address }) => `${say.opens} ${plain(address)} (${plain(service)})`),
    `${outcome === 'applied' ? 'kept' : 'would keep'} ${kept} ${kept === 1 ? 'listener' : 'listeners'}`,
  ];
};

const show = ({ outcome, why, changes, diagnostics }: ReloadReport): void => {
  for (const diagnostic of diagnostics) process.stderr.write(`${showDiagnostic(diagnostic)}\n`);
  if (outcome === 'refused') {
    process.stderr.write(
      `acceptd: the reload is refused, nothing has changed: ${plain(why ?? 'no reason given')}\n`,
    );
  } else if (changes !== null) process.stdout.write(`${showChanges(changes, outcome).join('\n')}\n`);
};

export const reload = ({ control, json, dryRun }: ReloadChoice): Promise<ExitStatus> =>
  conduct(async () => {
    const { text, value } = await askServer(
      placeOf(control),
      { method: 'POST', path: `/v1/reload${dryRun ? '?dry-run=true' : ''}`, patience },
      isReloadReport,
    );
    if (json) printJson(text);
    else show(value);
    return value.outcome === 'refused' ? exitStatus.configuration : exitStatus.done;
  });
