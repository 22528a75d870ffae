// The next version in the place of this server: what it gets besides what runs, and what is said of it.
import { descriptorOf } from '../model/descriptor.ts';
import type { ServiceManager } from '../operate/service-manager.ts';
import type { Tally } from '../operate/tally.ts';
import { inheritedNumber } from '../operate/trace.ts';
import { createKeeping, createUpgrade, type UpgradeMeans } from '../operate/upgrade.ts';
import { createUpgradeNews } from '../operate/upgrade-news.ts';
import { type ServerPart, serverPart, tallyPart } from './following.ts';
import type { ServerConfiguration } from './server-configuration.ts';
import type { ServerLog } from './server-log.ts';
import { readVersion } from './version.ts';

export type ServerUpgradeParts = Pick<
  UpgradeMeans,
  'supervisor' | 'clock' | 'deadline' | 'flush' | 'isStopping'
> & {
  readonly log: Pick<ServerLog, 'say'>;
  /** Where each connection's moments are written. */
  readonly trace: string | undefined;
  readonly tally: Pick<Tally, 'save'>;
  readonly manager: Pick<ServiceManager, 'enterReloading' | 'leaveReloading'>;
  readonly configuration: Pick<ServerConfiguration, 'owesReload' | 'reload' | 'settled'>;
  readonly save: () => ServerPart;
};

/** Said by the version that has taken over. */
export const upgradedText = (): string => `acceptd ${readVersion()} has taken over`;

export const createServerUpgrade = (parts: ServerUpgradeParts) => {
  const { log, trace, tally, manager, configuration, save } = parts;
  const keeping = createKeeping();
  keeping.parts.set(serverPart, save);
  keeping.parts.set(tallyPart, tally.save);
  const traced = trace === undefined ? undefined : inheritedNumber(trace);
  if (traced !== undefined) keeping.descriptors.set('trace', () => descriptorOf(traced));
  const upgradeNow = createUpgrade({
    ...parts,
    keeping,
    tell: createUpgradeNews(log.say, manager, () => {
      if (configuration.owesReload()) void configuration.reload();
    }),
  });
  const upgrade: typeof upgradeNow = async () => {
    // half of a configuration is nothing to go on with
    await configuration.settled();
    return upgradeNow();
  };
  return { keeping, upgrade };
};
