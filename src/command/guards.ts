// What JSON from elsewhere must look like before it is believed: guards of parts make guards of wholes.

/** Says whether a value is what it is taken for. Fields that nobody asks for are overlooked. */
export type Guard<Value> = (value: unknown) => value is Value;

export const isText: Guard<string> = (value) => typeof value === 'string';
export const isNumber: Guard<number> = (value) => typeof value === 'number';

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isOneOf =
  <Word extends string | number>(words: readonly Word[]): Guard<Word> =>
  (value): value is Word =>
    words.some((word) => word === value);

export const orNull =
  <Value>(isValue: Guard<Value>): Guard<Value | null> =>
  (value): value is Value | null =>
    value === null || isValue(value);

export const isListOf =
  <Value>(isValue: Guard<Value>): Guard<readonly Value[]> =>
  (value): value is readonly Value[] =>
    Array.isArray(value) && value.every(isValue);

/** Every field of the type has its guard: one that is forgotten does not compile. */
export const hasFields = <Value>(
  fields: {
    readonly [Name in keyof Value]-?: Guard<Value[Name]>;
  },
): Guard<Value> => {
  const guards = Object.entries<Guard<unknown>>(fields);
  return (value): value is Value =>
    isObject(value) && guards.every(([name, isField]) => isField(value[name]));
};

export const optional =
  <Value>(isValue: Guard<Value>): Guard<Value | undefined> =>
  (value): value is Value | undefined =>
    value === undefined || isValue(value);

/** Counts by name; names that are added later are no mistake. */
export const isCounts = <Name extends string>(
  value: unknown,
): value is Readonly<Partial<Record<Name, number>>> =>
  isObject(value) && Object.values(value).every(isNumber);
