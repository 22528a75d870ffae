// hosts.allow and hosts.deny for a server: read before the first service that asks for them is applied, watched from then on.
import type { ResolvedService } from '../model/service.ts';
import type { WrapperRules } from '../model/wrapper-rules.ts';
import { machine } from '../operate/machine.ts';
import { usualWrapperPaths, type WrapperFiles, watchWrapperFiles } from '../operate/wrapper-files.ts';
import { systemClock } from '../runtime/clock.ts';
import type { ServerLog } from './server-log.ts';

export type Wrapping = {
  /** To be awaited before services are applied; reads the files again where they are watched already. */
  readonly prepare: (services: readonly ResolvedService[]) => Promise<void>;
  readonly stop: () => void;
};

export const createWrapping = (log: ServerLog, take: (rules: WrapperRules) => void): Wrapping => {
  let files: WrapperFiles | undefined;

  const watch = (): WrapperFiles =>
    watchWrapperFiles(usualWrapperPaths, { lookups: machine, clock: systemClock }, (rules, diagnostics) => {
      log.tell(diagnostics);
      take(rules);
    });

  return {
    prepare: async (services) => {
      if (!services.some(({ access }) => access?.wrapperName !== undefined)) return;
      if (files !== undefined) {
        await files.reload();
        return;
      }
      files = watch();
      await files.ready;
    },
    stop: () => files?.stop(),
  };
};
