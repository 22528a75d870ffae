// BSD's accept filters, of which Linux has only the nearest: wait with accept until the client has sent something.
import { partOfToken, type Report, type Token } from '../source.ts';

const deferSeconds = 30;

/** The seconds for TCP_DEFER_ACCEPT; undefined where nothing on Linux comes near. `token` is `NAME` or `NAME,ARGUMENT`. */
export const readAcceptFilter = (token: Token, report: Report): number | undefined => {
  const comma = token.text.indexOf(',');
  const name = comma === -1 ? token : partOfToken(token, 0, comma);
  if (name.text === 'dataready' || name.text === 'httpready') {
    report.warn(
      token,
      `the accept filter ${name.text} becomes defer_accept = ${deferSeconds}, which waits for any byte`,
      'write defer_accept in the native language',
    );
    return deferSeconds;
  }
  return report.warn(token, `the accept filter '${name.text}' is not applied: Linux has none`, 'remove it');
};
