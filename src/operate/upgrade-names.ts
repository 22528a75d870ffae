// The variables by which a version of acceptd is told that it takes the place of another.

/** Only to say whether it could. */
export const checkName = 'ACCEPTD_UPGRADE_CHECK';
/** In earnest, in the same process. */
export const stateName = 'ACCEPTD_STATE';
