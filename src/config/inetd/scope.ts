// What holds at a place of a text: the dialect, the default address, the policy; inherited by included files, by value.
import type { LoadOptions } from '../options.ts';
import type { Report, Token } from '../source.ts';
import type { Meaning } from './dialect.ts';

export type Scope = {
  readonly meaning: Meaning;
  /** Where entries without an address listen; `*` is everywhere. */
  readonly hosts: readonly string[];
  /** The IPsec policy that is in force, as written. */
  readonly policy: string | undefined;
  readonly options: LoadOptions;
};

/** An entry below an IPsec policy is off, because serving it in the clear is what the policy forbids. */
export const checkPolicy = (
  policy: string | undefined,
  service: Token,
  scope: Scope,
  report: Report,
): void => {
  if (policy === undefined || scope.options.servesWithoutIpsec) return;
  report.error(
    service,
    `'${service.text}' stands below the IPsec policy '${policy}', which acceptd cannot apply`,
    'reset the policy with a line #@, or tell acceptd to serve without IPsec',
  );
};
