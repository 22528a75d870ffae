// The variables by which a version of acceptd is told that it takes the place of another.

/** Only to say whether it could. */
export const checkName = 'ACCEPTD_UPGRADE_CHECK';
/** In earnest, in the same process. */
export const stateName = 'ACCEPTD_STATE';
/** Nobody is followed, because that has failed: the numbers of the sockets that were ours, and the reason. */
export const anewName = 'ACCEPTD_ANEW';
export const anewReasonName = 'ACCEPTD_ANEW_REASON';
