// What signals mean to a running server.

export type SignalActions = {
  /** HUP. */
  readonly reload: () => void;
  /** ALRM: try the sockets again that could not be opened. */
  readonly retry: () => void;
  /** USR1. */
  readonly writeState: () => void;
  /** The first TERM or INT. */
  readonly stop: () => Promise<void>;
  /** The second one. */
  readonly stopNow: () => void;
};

/** Resolves when the server has stopped. */
export const catchSignals = (actions: SignalActions): Promise<void> =>
  new Promise((resolve, reject) => {
    let isStopping = false;
    const onStop = (): void => {
      if (isStopping) {
        actions.stopNow();
        return;
      }
      isStopping = true;
      actions.stop().then(resolve, reject);
    };
    process.on('SIGTERM', onStop);
    process.on('SIGINT', onStop);
    process.on('SIGHUP', actions.reload);
    process.on('SIGALRM', actions.retry);
    process.on('SIGUSR1', actions.writeState);
  });

/** A HUP that comes before there is anything to reload must not end us; the function it gives says whether one came. */
export const holdHangups = (): (() => boolean) => {
  let hasCome = false;
  const note = (): void => {
    hasCome = true;
  };
  process.on('SIGHUP', note);
  return () => {
    process.off('SIGHUP', note);
    return hasCome;
  };
};
