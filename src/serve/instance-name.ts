// What an instance of a connection is called, and the marks in the texts of its service that stand for it.
import { type ConnectionRecord, familyOf, localEndOf, peerOf } from '../model/record.ts';

const unixFamily = 1;

/** IPv6 without brackets: the name may have colons, and its last number is the port. */
const showEnd = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${host}:${port}`;

/**
 * `N-COOKIE-LOCAL-REMOTE`, or of a unix peer `N-COOKIE-PID-UID`, which is `unknown` where the peer is in another pid
 * namespace. `record` must have the local end (native/local-end.ts); `count` is how many the service has had before.
 */
export const instanceName = (count: number, record: ConnectionRecord, cookie: bigint | undefined): string => {
  const begin = `${count}-${cookie ?? 0}`;
  const peer = peerOf(record);
  if (familyOf(record) === unixFamily || peer.kind !== 'internet') {
    const isKnown = peer.kind === 'unix' && peer.pid > 0;
    return isKnown ? `${begin}-${peer.pid}-${peer.uid}` : `${begin}-unknown`;
  }
  const local = localEndOf(record);
  return `${begin}-${local === undefined ? 'unknown' : showEnd(local)}-${showEnd(peer)}`;
};

/** By the letters of the specifiers (systemd.unit(5)). */
export type InstanceTexts = Readonly<Record<'i' | 'I' | 'n' | 'N', string>>;

/** `-` is a slash, `\x2d` a character. */
const unescapeName = (name: string): string =>
  name.replace(/-|\\x([0-9a-f]{2})/g, (whole, byte?: string) =>
    whole === '-' ? '/' : String.fromCharCode(Number.parseInt(byte ?? '', 16)),
  );

/** `prefix` is the unit's name before the `@`. */
export const instanceTexts = (prefix: string, instance: string): InstanceTexts => ({
  i: instance,
  I: unescapeName(instance),
  n: `${prefix}@${instance}.service`,
  N: `${prefix}@${instance}`,
});

/** Replaces U+0000 with a letter after it (model/daemon.ts, StartTexts). */
export const replaceMarks = (text: string, texts: InstanceTexts): string => {
  if (!text.includes('\0')) return text;
  return text.replace(/\0([iInN])/g, (_, letter: keyof InstanceTexts) => texts[letter]);
};
