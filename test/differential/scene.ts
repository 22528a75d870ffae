// What a scene is: a kind of service that a trial may have, its attributes, and the clients that show what they do.
import fc from 'fast-check';
import { type Assignment, type Attribute, attributes, type Step } from './trial.ts';

/** Where the handlers are, and where a trial may have files of its own. */
export type Places = { readonly handlers: string; readonly world: string; readonly banner: string };

/** A service but for its id, its port and its log. */
export type Scene = {
  readonly kind: string;
  /** `flags` first: where it comes after server_args, xinetd does not see it. */
  readonly attributes: readonly Attribute[];
  readonly steps: readonly Step[];
};

export const program = (server: string, words: string | undefined, ...rest: readonly Assignment[]) =>
  attributes(
    ['socket_type', 'stream'],
    ['wait', 'no'],
    ...rest,
    ['user', rest.some(([name]) => name === 'user') ? undefined : 'root'],
    ['server', server],
    ['server_args', words],
  );

export const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });
