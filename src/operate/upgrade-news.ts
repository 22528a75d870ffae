// What is said of an upgrade: in the log, and to the service manager that waits for us.
import type { ServiceManager } from './service-manager.ts';
import type { UpgradeMeans } from './upgrade.ts';

type Say = (
  severity: 'info' | 'error',
  record: { readonly event: string; readonly [field: string]: unknown },
  text: string,
) => void;

export const createUpgradeNews = (
  say: Say,
  manager: Pick<ServiceManager, 'enterReloading' | 'leaveReloading'>,
  /** It has come to nothing. */
  goOn: () => void,
): UpgradeMeans['tell'] => {
  let hasBegun = false;
  return (what) => {
    if (what.kind === 'begins') {
      hasBegun = true;
      manager.enterReloading();
      say('info', { event: 'upgrading' }, 'the new version is ready: it takes over in this process');
      return;
    }
    if (hasBegun) manager.leaveReloading();
    hasBegun = false;
    const { failure } = what;
    const text = `not upgraded, everything goes on as before: ${failure.what}`;
    say('error', { event: 'upgrade-failed', failure }, text);
    goOn();
  };
};
