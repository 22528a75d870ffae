// Where the control socket is: the server and the commands that talk to it must come to the same answer.

/** $RUNTIME_DIRECTORY holds several directories where a unit asks for several. */
const firstDirectory = (directories: string): string | undefined => {
  const [first] = directories.split(':');
  return first?.startsWith('/') === true ? first : undefined;
};

/**
 * The path that was chosen on the command line, or that the environment says; undefined: there is no control socket.
 * An empty $ACCEPTD_CONTROL is a wish for none.
 */
export const controlPath = (
  environment: Readonly<Record<string, string | undefined>>,
  chosen: string | undefined,
  user: number | undefined = process.geteuid?.(),
): string | undefined => {
  const named = chosen ?? environment['ACCEPTD_CONTROL'];
  if (named !== undefined) return named === '' ? undefined : named;
  const ofManager = firstDirectory(environment['RUNTIME_DIRECTORY'] ?? '');
  if (ofManager !== undefined) return `${ofManager}/control`;
  if (user === 0) return '/run/acceptd/control';
  const ofUser = environment['XDG_RUNTIME_DIR'];
  return ofUser === undefined || ofUser === '' ? undefined : `${ofUser}/acceptd/control`;
};
