// Names of hosts as resolvers say them: text of others, which has to be a name before anybody sees it.

const label = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;
/** inet_aton(3) takes `127.1` and `0x7f.1` for addresses: a name never ends in such a part. */
const number = /^(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * The name in lower case and without the dot at its end; undefined for what no host can be called (RFC 1123; with the
 * underscore that the C library lets pass), so for addresses too.
 */
export const parseHostName = (text: string): string | undefined => {
  const name = text.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  const isName =
    name.length <= 253 &&
    labels.every((each) => each.length <= 63 && label.test(each)) &&
    !number.test(labels.at(-1) ?? '');
  return isName ? name : undefined;
};
