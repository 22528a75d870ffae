// What must be asked about a client before some rules can be applied to it, and what is known already.

/** The client's name, confirmed by its addresses; the addresses of a name in a list; the client's user (RFC 1413). */
export type Question =
  | { readonly kind: 'name' }
  | { readonly kind: 'addresses'; readonly of: string }
  | { readonly kind: 'user' };

/** null: asked, and there is none; undefined: not asked yet. */
export type Facts = {
  readonly name: string | null | undefined;
  /** There is a name, but not with the client's address: then `name` is null. */
  readonly isParanoid: boolean;
  readonly user: string | null | undefined;
  /** Numeric, by the name in lower case; empty where it has none. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
};

export const noFacts: Facts = { name: undefined, isParanoid: false, user: undefined, addresses: new Map() };
