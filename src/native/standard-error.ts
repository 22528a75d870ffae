// The stderr that acceptd was started with.
import { demand, openAddon } from './addon.ts';

const addon = openAddon<{ silenceStandardError(): number }>();

/** Lets go of it, so that whoever waits for its end need not wait for ours; what is written there is lost from now on. */
export const silenceStandardError = (): void => {
  demand('let go of stderr', addon.silenceStandardError());
};
