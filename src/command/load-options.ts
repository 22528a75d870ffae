// What run and check are told about reading a configuration.
import { defaultLoadOptions, type LoadOptions } from '../config/options.ts';
import type { Dialect } from '../model/service.ts';

export type ReadingChoice = {
  readonly dialect: Dialect;
  readonly language: LoadOptions['language'];
  readonly quotes: boolean;
  readonly mapped: boolean;
  readonly withoutIpsec: boolean;
  readonly allowUnprotected: boolean;
};

/** Node has no way to ask without setting it. */
export const currentUmask = (): number => {
  const umask = process.umask(0o077);
  process.umask(umask);
  return umask;
};

export const loadOptions = ({
  dialect,
  language,
  quotes,
  mapped,
  withoutIpsec,
  allowUnprotected,
}: ReadingChoice): LoadOptions => ({
  ...defaultLoadOptions,
  dialect,
  language,
  hasQuotes: quotes,
  showsMapped: mapped,
  servesWithoutIpsec: withoutIpsec,
  allowsUnprotected: allowUnprotected,
  umask: currentUmask(),
  variables: new Set(Object.keys(process.env)),
});
