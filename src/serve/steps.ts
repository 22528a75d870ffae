// Work in several steps, each of which may be over before the call that began it returns: one undo for whatever is under way.

export type Undo = () => void;

export const nothing: Undo = () => undefined;

/** `begin` starts the next step, most often from the end of the one before. */
export type Steps = { readonly begin: (start: () => Undo) => void; readonly undo: Undo };

export const createSteps = (): Steps => {
  let begun = 0;
  let undo = nothing;
  return {
    begin: (start) => {
      begun += 1;
      const own = begun;
      const undoThis = start();
      // unless the next one has begun meanwhile
      if (own === begun) undo = undoThis;
    },
    undo: () => undo(),
  };
};
