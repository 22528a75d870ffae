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
  /** In their usual form (model/network.ts), by the name in lower case; empty where it has none. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
};

export const noFacts: Facts = { name: undefined, isParanoid: false, user: undefined, addresses: new Map() };

/** What came of a question. Unanswered: nobody said anything in time, or could be asked. */
export type Answer =
  | { readonly kind: 'name'; readonly name: string | null; readonly isParanoid: boolean }
  | { readonly kind: 'addresses'; readonly of: string; readonly addresses: readonly string[] }
  | { readonly kind: 'user'; readonly user: string | null }
  | { readonly kind: 'unanswered' };

/** What is known with an answer too; an unanswered question leaves it as it is. */
export const learn = (facts: Facts, answer: Answer): Facts => {
  switch (answer.kind) {
    case 'name':
      return { ...facts, name: answer.name, isParanoid: answer.isParanoid };
    case 'addresses':
      return { ...facts, addresses: new Map(facts.addresses).set(answer.of, answer.addresses) };
    case 'user':
      return { ...facts, user: answer.user };
    case 'unanswered':
      return facts;
  }
};
