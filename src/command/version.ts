// The version of this acceptd, from its package.
import { createRequire } from 'node:module';

export const readVersion = (): string => {
  const found: unknown = createRequire(import.meta.url)('#package');
  return typeof found === 'object' && found !== null && 'version' in found
    ? String(found.version)
    : 'unknown';
};
