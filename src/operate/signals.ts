// What signals mean to a running server.

export type SignalActions = {
  /** HUP, and USR2 where it means the same. */
  readonly reload: () => void;
  /** ALRM: try the sockets again that could not be opened. */
  readonly retry: () => void;
  /** USR1. */
  readonly writeState: () => void;
  /** ABRT: look whether all tables agree. A real abort(3) still ends the process: it does not return. */
  readonly check: () => void;
  /** USR2, where it does not mean to reload; undefined: it is not caught. */
  readonly upgrade?: (() => void) | undefined;
  /** Each TERM or INT. */
  readonly stop: () => void;
  /** QUIT: go at once and end nobody. */
  readonly leave: () => void;
};

/** `reloadSignals` are those that mean to reload. */
export const catchSignals = (
  actions: SignalActions,
  reloadSignals: readonly NodeJS.Signals[] = ['SIGHUP'],
): void => {
  process.on('SIGTERM', actions.stop);
  process.on('SIGINT', actions.stop);
  process.on('SIGQUIT', actions.leave);
  for (const signal of reloadSignals) process.on(signal, actions.reload);
  if (actions.upgrade !== undefined) process.on('SIGUSR2', actions.upgrade);
  process.on('SIGALRM', actions.retry);
  process.on('SIGUSR1', actions.writeState);
  process.on('SIGABRT', actions.check);
};

/** Signals that end a process that does not catch them, though they ask a server for something else. */
export const passedOver: readonly NodeJS.Signals[] = ['SIGUSR2', 'SIGALRM'];

/**
 * A signal that comes before there is anything to reload must not end us; the function it gives lets go of them and
 * says whether a reload was asked for. `others` are caught too, and nothing comes of them.
 */
export const holdEarlySignals = (
  reloadSignals: readonly NodeJS.Signals[],
  others: readonly NodeJS.Signals[],
): (() => boolean) => {
  let hasCome = false;
  const note = (): void => {
    hasCome = true;
  };
  const ignore = (): void => undefined;
  for (const signal of reloadSignals) process.on(signal, note);
  for (const signal of others) process.on(signal, ignore);
  return () => {
    for (const signal of reloadSignals) process.off(signal, note);
    for (const signal of others) process.off(signal, ignore);
    return hasCome;
  };
};
