// Connections of a relay to the server behind it: how many there are now.

export const createHolds = () => {
  let held = 0;
  return {
    count: (): number => held,
    /** What it gives is to be called once the connection has ended; `onEnded` is told the first time. */
    add: (onEnded: () => void): (() => void) => {
      let isHeld = true;
      held += 1;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        held -= 1;
        onEnded();
      };
    },
  };
};
