// What rules of hosts.allow and hosts.deny do beside deciding: commands, a text, options of the connection, another handler.
import type { WrapperQuestion } from '../admission/wrapper-facts.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { type Milliseconds, seconds } from '../model/quantity.ts';
import type { ConnectionRecord } from '../model/record.ts';
import type { WrapperEffect } from '../model/wrapper-effect.ts';
import { SystemError } from '../native/addon.ts';
import type { Kernel, Recipe } from '../native/kernel.ts';
import type { Host } from '../serve/host.ts';
import { applyEffects, changesHandler, commandRequest } from '../serve/wrapper-effects.ts';
import type { RunningService } from './running.ts';
import type { ShellCommands } from './shell-commands.ts';

/** A command that decides whether a client may come. */
const decisionLimit: Milliseconds = seconds(10);

export type Affected = {
  /** Starts something else than the service's own handler; undefined: nothing has changed. */
  readonly recipe: Recipe | undefined;
  readonly banner: Uint8Array;
};

const unaffected: Affected = { recipe: undefined, banner: new Uint8Array(0) };

export const createEffects = (kernel: Kernel, host: Host, commands: ShellCommands) => {
  /** Does what is done at once, and gives what the start has to heed. */
  const apply = (
    service: RunningService,
    effects: readonly WrapperEffect[],
    connection: Descriptor | undefined,
    record: ConnectionRecord | undefined,
  ): Affected => {
    if (effects.length === 0) return unaffected;
    const affected = applyEffects(service.request(), effects, host);
    for (const request of affected.commands)
      void commands.run(request, connection ?? kernel.standardError, record, undefined);
    if (connection !== undefined) setOptions(connection, affected.socketOptions);
    return {
      recipe: changesHandler(effects) ? kernel.compileRecipe(affected.request) : undefined,
      banner: affected.banner,
    };
  };

  const setOptions = (
    connection: Descriptor,
    options: ReturnType<typeof applyEffects>['socketOptions'],
  ): void => {
    try {
      for (const { name, value } of options) kernel.setOption(connection, name, value);
    } catch (error) {
      // the client is served all the same
      if (!(error instanceof SystemError)) throw error;
    }
  };

  /** Whether a command has succeeded that a rule depends on. */
  const decide = (
    service: RunningService,
    question: Extract<WrapperQuestion, { readonly kind: 'command' }>,
    connection: Descriptor | undefined,
    record: ConnectionRecord,
  ): Promise<boolean> => {
    const { request } = applyEffects(service.request(), question.effects, host);
    const command = commandRequest(request, question.command);
    return commands.run(command, connection ?? kernel.standardError, record, decisionLimit);
  };

  return { apply, decide };
};

export type Effects = ReturnType<typeof createEffects>;
