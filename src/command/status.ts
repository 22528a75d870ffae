// acceptd status: what a running server does, or one of its services.
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import { isServerStatus, isServiceDetail } from './control-answers.ts';
import { askServer, placeOf } from './control-client.ts';
import { type AnswerChoice, conduct, printJson } from './control-options.ts';
import { askAboutService } from './named-service.ts';
import { renderService } from './service-view.ts';
import { renderStatus } from './status-table.ts';
import { screenOf } from './terminal-text.ts';

export type StatusChoice = AnswerChoice & { readonly service: string | undefined };

export const status = ({ control, json, service }: StatusChoice): Promise<ExitStatus> =>
  conduct(async () => {
    const path = placeOf(control);
    const screen = screenOf(process.stdout, process.env);
    if (service === undefined) {
      const { text, value } = await askServer(path, { method: 'GET', path: '/v1/status' }, isServerStatus);
      if (json) printJson(text);
      else process.stdout.write(`${renderStatus(value, screen, new Date())}\n`);
      return exitStatus.done;
    }
    const { text, value } = await askAboutService(path, service, { method: 'GET' }, isServiceDetail);
    if (json) printJson(text);
    else process.stdout.write(`${renderService(value, screen, new Date())}\n`);
    return exitStatus.done;
  });
