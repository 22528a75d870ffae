// Puts together what daemons use of the rest of the runtime.
import type { Host } from '../../serve/host.ts';
import type { Answers } from '../answers.ts';
import type { Instances } from '../instances.ts';
import type { Listeners } from '../listener.ts';
import type { Runtime } from '../running.ts';
import type { ShellCommands } from '../shell-commands.ts';
import type { States } from '../watch.ts';
import { createAdoption } from './adoption.ts';
import type { DaemonParts } from './parts.ts';
import { createRequests } from './requests.ts';

export const assembleDaemonParts = (
  runtime: Runtime,
  states: States,
  host: Host,
  others: {
    readonly instances: Instances;
    readonly answers: Answers;
    readonly listeners: Listeners;
    readonly commands: ShellCommands;
  },
): DaemonParts => {
  const { instances, answers, listeners, commands } = others;
  const adoption = createAdoption(runtime);
  return {
    runtime,
    states,
    requests: createRequests(host),
    files: listeners.files,
    registerProcess: instances.registerProcess,
    onStartError: answers.onDaemonError,
    isOthers: (pid) => commands.has(pid) || runtime.instances.has(pid),
    hasExecuted: runtime.kernel.hasExecuted,
    adopt: adoption.begin,
    adoptAgain: adoption.goOn,
  };
};
