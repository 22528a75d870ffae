// The name under which a listener is left with the service manager, and known again when it comes back.
import { createHash } from 'node:crypto';

const prefix = 'acceptd.';
/** sd_notify(3): FDNAME= has at most 255 characters. */
const longest = 255;

/** No control character and no colon, whatever the key. The same for the same key, so that a restart finds it. */
export const storedName = (key: string): string => {
  const name = `${prefix}${encodeURIComponent(key)}`;
  return name.length <= longest ? name : `${prefix}${createHash('sha256').update(key).digest('base64url')}`;
};

export const isStoredName = (name: string): boolean => name.startsWith(prefix);
